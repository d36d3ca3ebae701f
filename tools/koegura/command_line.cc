#include "command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <span>

#include "command.h"
#include "nearest.h"

namespace koegura::tools {

namespace {

constexpr int kExitUsage = 2;

int exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kFailed:
    case ErrorKind::kDamaged:
      return 1;
    case ErrorKind::kUsage:
      return kExitUsage;
    case ErrorKind::kVerification:
      return 3;
    case ErrorKind::kNotFound:
      return 4;
    case ErrorKind::kNotPermitted:
      return 5;
  }
  return 1;
}

int show(const Error& error) {
  std::fprintf(stderr, "koegura: %s\n", error.message.c_str());
  return exit_code_of(error.kind);
}

// Options that every command takes, before or after its name.
struct GlobalOptions {
  std::string archive;
  std::string config_file;
  bool json = false;

  void declare(CLI::App& app) {
    Options options(app);
    options.text("--archive", "DIR", archive,
                 "the archive's folder [/var/lib/koegura, or $KOEGURA_ARCHIVE]");
    options.text("--config", "FILE", config_file,
                 std::string("the settings [") + kDefaultConfigFile + "]");
    options.flag("--json", json, "one JSON object a line, for programs");
  }

  [[nodiscard]] Result<Session> session(const Command& command) const {
    auto config = load_config(config_file);
    if (!config && !command.runs_without_settings()) {
      return tl::make_unexpected(std::move(config.error()));
    }
    const std::string wrong = config ? "" : config.error().message;
    if (!config) config = Config{};
    const char* environment = std::getenv("KOEGURA_ARCHIVE");
    Session session{.archive = config->directory,
                    .config = std::move(*config),
                    .json = json,
                    .config_file = config_file,
                    .settings_error = wrong};
    if (environment != nullptr && *environment != '\0') session.archive = environment;
    if (!archive.empty()) session.archive = archive;
    return session;
  }
};

// CLI11's help without its program-name guessing and with our wording.
class Help : public CLI::Formatter {
 public:
  std::string make_usage(const CLI::App* app, std::string /*name*/) const override {
    if (app->get_parent() == nullptr) return "Usage: koegura COMMAND [OPTIONS]\n";
    std::string usage = "Usage: koegura " + app->get_name();
    for (const CLI::Option* option : app->get_options()) {
      if (option->get_positional() && option->get_name(false, false).front() != '-') {
        usage += ' ' + option->get_name() + (option->get_expected_max() > 1 ? "..." : "");
      }
    }
    return usage + " [OPTIONS]\n";
  }
  std::string make_option_opts(const CLI::Option* option) const override {
    const std::string placeholder = option->get_type_size() == 0 ? "" : option->get_type_name();
    if (placeholder.empty() || option->get_positional()) return "";
    return ' ' + placeholder + (option->get_expected_max() > 1 ? "..." : "");
  }
};

std::string name_of(const CLI::App* command) {
  return command == nullptr ? "koegura" : "koegura " + command->get_name();
}

int usage_error(const CLI::App* command, const std::string& what) {
  const std::string where = command == nullptr ? "" : command->get_name() + ": ";
  return show({where + what + ": see '" + name_of(command) + " --help'", ErrorKind::kUsage});
}

std::string advice(const std::string& word, const std::vector<std::string>& known,
                   const CLI::App* command) {
  const std::vector<std::string_view> views(known.begin(), known.end());
  const std::string_view near = nearest(word, views);
  if (!near.empty()) return "did you mean '" + std::string(near) + "'?";
  return "see '" + name_of(command) + " --help'";
}

int unknown_command(const std::string& word) {
  std::vector<std::string> known;
  for (const CommandRow& row : commands()) known.emplace_back(row.name);
  return show(
      {"unknown command '" + word + "': " + advice(word, known, nullptr), ErrorKind::kUsage});
}

int unknown_word(const CLI::App& app, const CLI::App* command, const std::string& word) {
  const std::string where = command == nullptr ? "" : command->get_name() + ": ";
  if (!word.starts_with('-')) {
    return show({where + "one word too many: '" + word + "'", ErrorKind::kUsage});
  }
  std::vector<std::string> known;
  for (const CLI::App* level : {&app, command}) {
    if (level == nullptr) continue;
    for (const CLI::Option* option : level->get_options()) {
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
    }
  }
  return show({where + "unknown option '" + word + "': " + advice(word, known, command),
               ErrorKind::kUsage});
}

// The command line is read: runs what it asks for.
int dispatch(const CLI::App& app, const GlobalOptions& globals,
             std::span<const std::unique_ptr<Command>> instances) {
  const auto chosen = app.get_subcommands();
  const CLI::App* command = chosen.empty() ? nullptr : chosen.front();
  const std::vector<std::string> rest = app.remaining(true);
  if (command == nullptr) {
    const auto word = std::find_if(rest.begin(), rest.end(),
                                   [](const std::string& text) { return text[0] != '-'; });
    if (word != rest.end()) return unknown_command(*word);
  }
  if (!rest.empty()) return unknown_word(app, command, rest.front());
  if (command == nullptr) {
    std::fputs(app.help().c_str(), stderr);
    return kExitUsage;
  }
  for (std::size_t i = 0; i < instances.size(); ++i) {
    if (command->get_name() != commands()[i].name) continue;
    auto session = globals.session(*instances[i]);
    if (!session) return show(session.error());
    const auto done = instances[i]->run(*session);
    return done ? 0 : show(done.error());
  }
  return kExitUsage;  // not reached: CLI11 knows only the commands of the table
}

}  // namespace

void Options::flag(const std::string& names, bool& into, const std::string& help) {
  app_->add_flag(names, into, help);
}

namespace {

// CLI11 gives an option whatever word follows it.
std::string flaw_of_value(const std::string& value) {
  return value.starts_with("--") ? "its value is missing: '" + value + "' follows" : std::string();
}

}  // namespace

void Options::text(const std::string& names, const char* placeholder, std::string& into,
                   const std::string& help) {
  app_->add_option(names, into, help)->type_name(placeholder)->check(flaw_of_value);
}

void Options::texts(const std::string& names, const char* placeholder,
                    std::vector<std::string>& into, const std::string& help) {
  app_->add_option(names, into, help)->type_name(placeholder);
}

void Options::choice(const std::string& names, std::string& into,
                     const std::vector<std::string>& choices, const std::string& help) {
  std::string all;
  for (const std::string& choice : choices) all += (all.empty() ? "" : " | ") + choice;
  const auto check = [choices, all](const std::string& value) {
    const bool known = std::find(choices.begin(), choices.end(), value) != choices.end();
    return known ? std::string() : "'" + value + "' is not one of " + all;
  };
  app_->add_option(names, into, help + ": " + all)->type_name("X")->check(check);
}

void Options::number(const std::string& names, std::size_t& into, const std::string& help) {
  app_->add_option(names, into, help)->type_name("N");
}

void Options::decimal(const std::string& names, double& into, const std::string& help) {
  app_->add_option(names, into, help)->type_name("X");
}

void Options::rest(std::vector<std::string>& into) {
  rest_ = &into;
}

void Options::required() {
  app_->get_options().back()->required();
}

namespace {

// Gives what stands behind "--" to the command that takes it, and says how many words are left for
// CLI11, whose lists of values would swallow the mark.
int take_rest(int argc, char** argv,
              const std::map<std::string, std::vector<std::string>*>& takers) {
  const std::span<char*> words(argv, static_cast<std::size_t>(argc));
  const auto mark = std::find_if(words.begin(), words.end(),
                                 [](const char* word) { return std::string_view(word) == "--"; });
  const auto taker =
      std::find_if(words.begin(), mark, [&](const char* word) { return takers.contains(word); });
  if (mark == words.end() || taker == mark) return argc;
  takers.at(*taker)->assign(mark + 1, words.end());
  return static_cast<int>(mark - words.begin());
}

}  // namespace

int run_command_line(int argc, char** argv) {
  CLI::App app("Koegura records the calls of a telephone system from its mirror port.", "koegura");
  auto help = std::make_shared<Help>();
  help->label("POSITIONALS", "Arguments");
  app.formatter(help);
  app.set_help_flag("-h,--help", "show this help");
  app.fallthrough();
  app.set_version_flag("--version", std::string("koegura ") + KOEGURA_VERSION, "show the version");
  app.footer("Each command has a manual page: man koegura-calls");
  GlobalOptions globals;
  globals.declare(app);

  std::vector<std::unique_ptr<Command>> instances;
  std::map<std::string, std::vector<std::string>*> takers_of_rest;
  for (const CommandRow& row : commands()) {
    CLI::App* sub = app.add_subcommand(row.name, row.summary);
    sub->group("Commands");
    sub->footer(std::string("As every command: --archive DIR, --config FILE, --json. "
                            "The manual: man koegura-") +
                row.name);
    Options options(*sub);
    instances.push_back(row.create());
    instances.back()->declare(options);
    if (options.taker_of_rest() != nullptr) takers_of_rest[row.name] = options.taker_of_rest();
  }
  app.allow_extras();  // so that an unknown word can be told from a wrong option
  try {
    app.parse(take_rest(argc, argv, takers_of_rest), argv);
  } catch (const CLI::Success& asked) {  // --help, --version
    return app.exit(asked);
  } catch (const CLI::ParseError& error) {
    const auto chosen = app.get_subcommands();
    return usage_error(chosen.empty() ? nullptr : chosen.front(), error.what());
  }
  return dispatch(app, globals, instances);
}

}  // namespace koegura::tools
