// koegura hold: what is held for a case, and must not be erased.
#include <cstdio>
#include <string>
#include <vector>

#include "archive_access.h"
#include "call_filter_options.h"
#include "command.h"
#include "json.h"
#include "output.pb.h"
#include "quantity_text.h"
#include "retention_text.h"
#include "terminal.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

class HoldCommand : public Command {
 public:
  void declare(Options& options) override {
    options.choice("ACTION", action_, {"place", "lift", "list"}, "what to do");
    options.required();
    options.text("CASE", "", case_, "place, lift: the case, as its people call it");
    options.texts("CALL", "", calls_, "place: calls to hold, with their conversations");
    chosen_.declare(options);
    options.text("--reason", "R", reason_, "place: why; stands in the ledger for good");
  }

  Result<void> run(const Session& session) override {
    if (auto fit = check_words(); !fit) return fit;
    if (auto parsed = chosen_.parse(); !parsed) return parsed;
    if (action_ == "list") return list(session);
    return action_ == "place" ? place(session) : lift(session);
  }

 private:
  [[nodiscard]] Result<void> check_words() const {
    const bool wants_calls = action_ == "place";
    const auto wrong = [](const char* what) { return failure(what, ErrorKind::kUsage); };
    if (action_ == "list" && !case_.empty()) return wrong("hold list takes no case");
    if (action_ != "list" && case_.empty()) return wrong("CASE is missing: which case?");
    if (!wants_calls && (!calls_.empty() || chosen_.is_used())) {
      return wrong("only `hold place` takes calls and filters: a case is lifted as a whole");
    }
    if (wants_calls && calls_.empty() && !chosen_.is_used()) {
      return wrong("name calls, or filter them: `koegura hold place CASE --number 03-1234-5678`");
    }
    if (wants_calls && reason_.empty()) return wrong("--reason is missing: why is it held?");
    return {};
  }

  [[nodiscard]] Result<void> place(const Session& session) {
    auto archive = open_for_changing(session);
    if (!archive) return tl::make_unexpected(std::move(archive.error()));
    if (auto resolved = chosen_.resolve(**archive); !resolved) return resolved;
    ArchiveChange change;
    PlaceHold& hold = *change.mutable_place_hold();
    hold.set_case_(case_);
    hold.set_reason(reason_);
    for (const std::string& call : calls_) {
      const auto record = (*archive)->find(call);
      if (!record) return tl::make_unexpected(record.error());
      hold.add_calls(record->id());
    }
    if (chosen_.is_used()) *hold.mutable_filter() = store::to_hold_filter(chosen_.filter());
    return (*archive)->change(change, "").and_then([&](const auto&) {
      return tell_held(**archive, session);
    });
  }

  // How many calls that is now.
  [[nodiscard]] Result<void> tell_held(const store::Archive& archive,
                                       const Session& session) const {
    store::CallFilter filter;
    filter.hold = case_;
    std::size_t count = 0;
    const auto found = archive.query(filter, [&](const CallRecord&) {
      ++count;
      return true;
    });
    if (!found) return found;
    if (session.json) {
      HeldNow now;
      now.set_case_(printable(case_));
      now.set_calls(static_cast<double>(count));
      std::puts(json_of(now).c_str());
    } else {
      std::printf("held for %s: %s now\n", printable(case_).c_str(), plural(count, "call").c_str());
    }
    return {};
  }

  [[nodiscard]] Result<void> lift(const Session& session) const {
    ArchiveChange change;
    change.mutable_lift_hold()->set_case_(case_);
    change.mutable_lift_hold()->set_reason(reason_);
    return change_archive(session, change).map([&](const auto&) {
      if (!session.json) std::printf("nothing is held for %s any more\n", printable(case_).c_str());
    });
  }

  [[nodiscard]] static Result<void> list(const Session& session) {
    const auto archive = open_for_reading(session);
    if (!archive) return tl::make_unexpected(archive.error());
    const auto holds = (*archive)->holds();
    if (!holds) return tl::make_unexpected(holds.error());
    if (holds->holds_size() == 0) return failure("nothing is held", ErrorKind::kNotFound);
    const Pager pager;
    for (const Hold& hold : holds->holds()) {
      if (session.json) {
        std::puts(json_of(hold).c_str());
        continue;
      }
      for (const std::string& line : hold_lines(hold)) std::puts(line.c_str());
    }
    return {};
  }

  std::string action_;
  std::string case_;
  std::vector<std::string> calls_;
  CallFilterOptions chosen_;
  std::string reason_;
};

}  // namespace

std::unique_ptr<Command> make_hold_command() {
  return std::make_unique<HoldCommand>();
}

}  // namespace koegura::tools
