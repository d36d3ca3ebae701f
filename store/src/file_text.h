// file_text: the bytes of a text file that people have saved as UTF-8: with a byte order mark or
// without, or in Shift_JIS (CP932), as a Japanese Excel saves "CSV". Free-threaded.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace koegura::store {

struct EncodingFault {
  std::size_t line = 0;  // 0: all of it
  std::string what;      // and what to do
};

[[nodiscard]] tl::expected<std::string, EncodingFault> file_text(std::string_view bytes);

}  // namespace koegura::store
