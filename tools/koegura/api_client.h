// ApiClient: asks the running recorder over its socket. Errors that the recorder answers come out
// as the errors they were, so that a command ends as it would on the archive itself.
//
// Threads: one at a time.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "capture/error.h"

namespace koegura::tools {

class ApiClient {
 public:
  // kNotFound if nobody listens there, kNotPermitted if this user may not connect.
  [[nodiscard]] static Result<std::unique_ptr<ApiClient>> connect(const std::string& socket_path);
  virtual ~ApiClient() = default;

  // A connection that the recorder has closed meanwhile is made anew.
  [[nodiscard]] virtual Result<std::string> get(const std::string& target) = 0;

  // Once: what was asked for may have been done though the answer did not come.
  [[nodiscard]] virtual Result<std::string> post(const std::string& target,
                                                 std::string_view body) = 0;

  // The answer as it comes, in pieces of any size. Gone on with until its end or an error; an
  // error may come after any number of pieces.
  using Take = std::function<Result<void>(std::string_view piece)>;
  [[nodiscard]] virtual Result<void> get(const std::string& target, const Take& take) = 0;

  // How long the recorder may be silent; five minutes unless told.
  virtual void set_patience(std::chrono::milliseconds patience) = 0;
};

}  // namespace koegura::tools
