// koegura retention: which calls go when, and the erasure of those whose time is over.
#include <cstdio>
#include <string>

#include "archive_access.h"
#include "command.h"
#include "erase_due.h"
#include "json.h"
#include "progress.h"
#include "quantity_text.h"
#include "retention_text.h"
#include "scrub_report.h"
#include "terminal.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

class RetentionCommand : public Command {
 public:
  void declare(Options& options) override {
    options.choice("ACTION", action_, {"show", "run", "confirm"}, "what to do");
    options.required();
    options.flag("--dry-run", dry_run_, "run: only say what would go");
    options.text("--reason", "R", reason_,
                 "confirm: how it is known that the clock is right; stands in the ledger for good");
  }

  Result<void> run(const Session& session) override {
    if (dry_run_ && action_ != "run") return wrong("--dry-run is for `retention run`");
    if (action_ == "confirm") return confirm(session);
    if (!reason_.empty()) return wrong("--reason is for `retention confirm`");
    if (action_ == "show") return show(session);
    return dry_run_ ? tell_due(session) : erase(session);
  }

 private:
  static tl::unexpected<Error> wrong(const char* what) { return failure(what, ErrorKind::kUsage); }

  [[nodiscard]] static Result<RetentionOutlook> ask(const Session& session, store::Outlook what) {
    const auto archive = open_for_reading(session);
    if (!archive) return tl::make_unexpected(archive.error());
    return (*archive)->retention(what);
  }

  [[nodiscard]] static Result<void> show(const Session& session) {
    const auto outlook = ask(session, store::Outlook::kRules);
    if (!outlook) return tl::make_unexpected(outlook.error());
    if (session.json) {
      std::puts(json_of(*outlook).c_str());
      return {};
    }
    for (const std::string& line : outlook_lines(*outlook)) std::puts(line.c_str());
    return {};
  }

  [[nodiscard]] static Result<void> tell_due(const Session& session) {
    const auto outlook = ask(session, store::Outlook::kDue);
    if (!outlook) return tl::make_unexpected(outlook.error());
    if (!outlook->refusal().empty()) return failure("nothing may be erased: " + outlook->refusal());
    const Pager pager;
    for (const DueCall& call : outlook->due_calls()) {
      std::puts(session.json ? json_of(call).c_str() : due_line(call).c_str());
    }
    const auto shown = static_cast<double>(outlook->due_calls_size());
    if (outlook->due() > shown) {
      std::fprintf(stderr, "koegura: and %.0f more\n", outlook->due() - shown);
    }
    return outlook->due() > 0 ? Result<void>() : nothing_due();
  }

  [[nodiscard]] static Result<void> nothing_due() {
    return failure("no call is due", ErrorKind::kNotFound);
  }

  [[nodiscard]] static Result<void> erase(const Session& session) {
    const auto archive = open_for_changing(session);
    if (!archive) return tl::make_unexpected(archive.error());
    Progress progress("erasing", "calls");
    const auto erased = erase_due(**archive, [&](std::uint64_t done) {
      progress.update(done, 0);
      return !stop_on_signal();
    });
    progress.clear();
    if (!erased) return tl::make_unexpected(erased.error());
    if (!erased->refusal().empty()) return failure("nothing may be erased: " + erased->refusal());
    for (const std::string& problem : erased->problems()) {
      std::fprintf(stderr, "koegura: %s\n", printable(problem).c_str());
    }
    if (session.json) {
      std::puts(json_of(*erased).c_str());
    } else if (erased->calls() > 0) {
      std::printf("erased %s, %s; each has its tombstone in the ledger\n",
                  plural(static_cast<std::uint64_t>(erased->calls()), "call").c_str(),
                  bytes_text(static_cast<std::uint64_t>(erased->bytes())).c_str());
    }
    if (!erased->not_trimmed().empty() && !session.json) {
      std::printf("the disk was not told of the free blocks (%s): fstrim.timer does\n",
                  printable(erased->not_trimmed()).c_str());
    }
    if (erased->problems_size() > 0) {
      return failure("not all that is due could be removed: `koegura retention run` tries again");
    }
    return erased->calls() > 0 ? Result<void>() : nothing_due();
  }

  [[nodiscard]] Result<void> confirm(const Session& session) const {
    if (reason_.empty()) return wrong("--reason is missing: how is it known?");
    ArchiveChange change;
    change.mutable_confirm_clock()->set_reason(reason_);
    return change_archive(session, change).map([&](const auto&) {
      if (!session.json) std::puts("the clock is taken for right; the ledger says who said so");
    });
  }

  std::string action_;
  bool dry_run_ = false;
  std::string reason_;
};

}  // namespace

std::unique_ptr<Command> make_retention_command() {
  return std::make_unique<RetentionCommand>();
}

}  // namespace koegura::tools
