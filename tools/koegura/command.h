// Command: one word after `koegura`. To add one: a file with its class, a row in commands.cc and
// its page in tools/man.
//
//   create declare run
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "capture/error.h"
#include "command_line.h"
#include "config.h"

namespace koegura::tools {

// What every command is given.
struct Session {
  std::string archive;  // the folder: --archive, else $KOEGURA_ARCHIVE, else the config
  Config config;
  bool json = false;             // one JSON object a line instead of text
  std::string config_file{};     // --config; empty: the default one
  std::string settings_error{};  // why config has the defaults only; see runs_without_settings
};

class Command {
 public:
  virtual ~Command() = default;
  virtual void declare(Options& options) = 0;
  // True if wrong settings are for the command to tell, and not the end of it.
  [[nodiscard]] virtual bool runs_without_settings() const { return false; }
  // Results go to stdout, messages to stderr. An error is shown by the caller; its kind is the
  // exit code.
  [[nodiscard]] virtual Result<void> run(const Session& session) = 0;
};

struct CommandRow {
  const char* name;
  const char* summary;
  std::unique_ptr<Command> (*create)();
};

[[nodiscard]] std::span<const CommandRow> commands();  // in the order of the help

}  // namespace koegura::tools
