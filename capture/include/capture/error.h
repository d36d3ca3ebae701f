// Error: why an operation failed, in words for the person who has to act on it.
#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace koegura {

// What a failure means to the caller. Tools map it to the exit code (2-CLI).
enum class ErrorKind : unsigned char {
  kFailed,        // exit 1
  kUsage,         // exit 2: the request itself was wrong
  kVerification,  // exit 3
  kNotFound,      // exit 4
  kNotPermitted,  // exit 5
  kDamaged,       // exit 1: something that can be made anew from what is whole, as the index
};

// A message says what failed, where, and what to do. It is shown once, in tools.
struct [[nodiscard]] Error {
  std::string message;
  ErrorKind kind = ErrorKind::kFailed;

  // Puts where it happened before what happened: "reading day.pcap: offset 24: …".
  [[nodiscard]] Error in(std::string_view where) && {
    message.insert(0, std::string(where) + ": ");
    return std::move(*this);
  }
};

template <typename T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> failure(std::string message, ErrorKind kind = ErrorKind::kFailed) {
  return tl::make_unexpected(Error{std::move(message), kind});
}

}  // namespace koegura
