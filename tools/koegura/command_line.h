// command_line: the words after `koegura`, by CLI11, which command_line.cc alone includes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace koegura::tools {

// What a command takes. Names are CLI11's: "--output,-o", or a bare "CALL" for a positional. Each
// writes into its variable while the command line is parsed: the variable must live that long.
class Options {
 public:
  explicit Options(CLI::App& app) : app_(&app) {}

  void flag(const std::string& names, bool& into, const std::string& help);
  void text(const std::string& names, const char* placeholder, std::string& into,
            const std::string& help);
  void texts(const std::string& names, const char* placeholder, std::vector<std::string>& into,
             const std::string& help);
  // A value out of a fixed list; the help names them all.
  void choice(const std::string& names, std::string& into, const std::vector<std::string>& choices,
              const std::string& help);
  void number(const std::string& names, std::size_t& into, const std::string& help);
  void decimal(const std::string& names, double& into, const std::string& help);
  // Everything behind "--", as it stands.
  void rest(std::vector<std::string>& into);
  [[nodiscard]] std::vector<std::string>* taker_of_rest() const { return rest_; }
  // The option or positional declared last must be given.
  void required();

 private:
  CLI::App* app_;
  std::vector<std::string>* rest_ = nullptr;
};

// Parses, runs the command, shows its error, and gives the exit code of 2-CLI.
int run_command_line(int argc, char** argv);

}  // namespace koegura::tools
