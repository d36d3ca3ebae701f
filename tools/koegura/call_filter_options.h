// CallFilterOptions: the options that choose calls, as `koegura calls` has them.
//
//   declare declare_hold? parse resolve filter
#pragma once

#include <string>

#include "capture/error.h"
#include "command_line.h"
#include "store/archive.h"

namespace koegura::tools {

class CallFilterOptions {
 public:
  // Lives as long as the command line is parsed. `until`: the name of --to, where that is taken.
  void declare(Options& options, const char* until = "--to");
  // --hold: what is held for a case. Not of what a case is to hold itself.
  void declare_hold(Options& options);
  // Times and durations. kUsage if one is none.
  [[nodiscard]] Result<void> parse();
  // The conversation, by one of its calls.
  [[nodiscard]] Result<void> resolve(const store::Archive& archive);

  // Was any given?
  [[nodiscard]] bool is_used() const;
  [[nodiscard]] store::CallFilter& filter() { return filter_; }
  [[nodiscard]] const store::CallFilter& filter() const { return filter_; }

 private:
  store::CallFilter filter_;
  const char* until_ = "--to";
  std::string from_;
  std::string to_;
  std::string longer_than_;
  std::string shorter_than_;
  std::string conversation_;
};

}  // namespace koegura::tools
