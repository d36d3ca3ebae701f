// koegura directory: whose each number is, and was: imported from CSV, exported, listed.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <optional>

#include "command.h"
#include "directory_text.h"
#include "file_output.h"
#include "json.h"
#include "output.pb.h"
#include "store/directory_file.h"
#include "terminal.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

// Excel takes a file without it for Shift_JIS.
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

store::Day today() {
  return store::local_day(std::chrono::system_clock::now());
}

class DirectoryCommand : public Command {
 public:
  void declare(Options& options) override {
    options.choice("ACTION", action_, {"import", "export", "list"}, "what to do");
    options.required();
    options.text("FILE", "", file_,
                 "import: the CSV to read, UTF-8 or Shift_JIS; '-' is standard input");
    options.flag("--replace", replace_, "import: numbers that FILE does not name end");
    options.flag("--dry-run", dry_run_, "import: only say what would change");
    options.text("--output,-o", "FILE", output_, "export: the file to write [standard output]");
    options.flag("--force", force_, "export: overwrite the file if it exists");
    options.text("--at", "DATE", at_, "list: what is valid that day: 2026-04-01, today");
  }

  Result<void> run(const Session& session) override {
    if (auto fit = check_words(); !fit) return fit;
    if (action_ == "import") return import(session);
    return action_ == "export" ? write_csv(session) : list(session);
  }

 private:
  [[nodiscard]] Result<void> check_words() const {
    struct Word {
      const char* action;
      const char* name;
      bool given;
    };
    const Word words[] = {{"import", "FILE", !file_.empty()}, {"import", "--replace", replace_},
                          {"import", "--dry-run", dry_run_},  {"export", "-o", !output_.empty()},
                          {"export", "--force", force_},      {"list", "--at", !at_.empty()}};
    for (const Word& word : words) {
      if (!word.given || action_ == word.action) continue;
      return failure(std::string("directory: ") + word.name + " goes with " + word.action +
                         ", not with " + action_ + ": see 'koegura directory --help'",
                     ErrorKind::kUsage);
    }
    if (action_ == "import" && file_.empty()) {
      return failure("directory: import: which FILE? see 'koegura directory --help'",
                     ErrorKind::kUsage);
    }
    return {};
  }

  [[nodiscard]] Result<void> import(const Session& session) const {
    auto file = store::read_directory_text(file_ == "-" ? "/dev/stdin" : file_);
    if (!file) return tl::make_unexpected(std::move(file.error()));
    if (file_ == "-") file->name = "standard input";
    store::DirectoryImportOptions options;
    options.region = session.config.archive.region;
    options.today = today();
    options.replace = replace_;
    options.dry_run = dry_run_;
    const auto told = [&](const store::DirectoryFault& fault) {
      const std::string line = fault.line == 0 ? " " : ':' + std::to_string(fault.line) + ": ";
      std::fprintf(stderr, "koegura: %s%s%s\n", file->name.c_str(), line.c_str(),
                   fault.what.c_str());
    };
    const auto done = store::import_directory(session.archive, *file, options, told);
    if (!done) return tl::make_unexpected(done.error());
    print(*done, session.json);
    return {};
  }

  void print(const store::DirectoryImport& import, bool json) const {
    if (json) {
      if (dry_run_) {
        for (const auto& change : import.changes) std::puts(json_of(step_of(change)).c_str());
      }
      DirectoryImportResult result;
      result.set_dry_run(dry_run_);
      result.set_added(static_cast<double>(import.added));
      result.set_changed(static_cast<double>(import.changed));
      result.set_ended(static_cast<double>(import.ended));
      result.set_unchanged(static_cast<double>(import.unchanged));
      std::puts(json_of(result).c_str());
      return;
    }
    if (dry_run_) {
      for (const std::string& line : change_lines(import.changes)) std::puts(line.c_str());
    }
    std::printf("%s%s\n", summary_text(import).c_str(), dry_run_ ? " (nothing is written)" : "");
  }

  [[nodiscard]] Result<void> write_csv(const Session& session) const {
    const auto rows = store::read_directory(session.archive, session.config.archive.region);
    if (!rows) return tl::make_unexpected(rows.error());
    const std::string csv = store::directory_csv(*rows);
    if (output_.empty() || output_ == "-") {
      std::fputs(csv.c_str(), stdout);
      return {};
    }
    auto output = FileOutput::create(output_, force_);
    if (!output) return tl::make_unexpected(std::move(output.error()));
    return output->write(std::string(kUtf8Mark) + csv).and_then([&] { return output->commit(); });
  }

  [[nodiscard]] Result<void> list(const Session& session) const {
    std::optional<store::Day> day;
    if (!at_.empty()) {
      day = at_ == "today" ? today() : store::parse_day(at_);
      if (!day) {
        return failure("directory: --at: '" + printable(at_) +
                           "' is no date: as in 2026-04-01, 令和8年4月1日 or today",
                       ErrorKind::kUsage);
      }
    }
    auto rows = store::read_directory(session.archive, session.config.archive.region);
    if (!rows) return tl::make_unexpected(std::move(rows.error()));
    if (day) std::erase_if(*rows, [&](const auto& row) { return !row.is_valid(*day); });
    if (rows->empty()) {
      return failure(day ? "the directory has nobody on " + store::day_text(*day)
                         : "the directory is empty: `koegura directory import FILE.csv` fills it",
                     ErrorKind::kNotFound);
    }
    if (session.json) {
      for (const auto& row : *rows) std::puts(json_of(entry_of(row)).c_str());
      return {};
    }
    const Pager pager;
    for (const std::string& line : directory_lines(*rows)) std::puts(line.c_str());
    return {};
  }

  std::string action_;
  std::string file_;
  std::string output_;
  std::string at_;
  bool replace_ = false;
  bool dry_run_ = false;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_directory_command() {
  return std::make_unique<DirectoryCommand>();
}

}  // namespace koegura::tools
