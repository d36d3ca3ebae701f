// koegura ledger: its signed head, its entries, and the proofs that a call is in it and that it
// goes on from a head that was kept.
#include "store/ledger.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "archive_access.h"
#include "command.h"
#include "evidence.pb.h"
#include "file_output.h"
#include "json.h"
#include "ledger_text.h"
#include "terminal.h"

namespace koegura::tools {

namespace {

constexpr std::size_t kIdSize = 26;

class LedgerCommand : public Command {
 public:
  void declare(Options& options) override {
    options.choice("ACTION", action_, {"head", "show", "prove"}, "what to do");
    options.required();
    options.text("CALL", "", call_, "prove: a call's id, or enough of its beginning");
    options.text("--since", "HEAD", since_,
                 "prove: that the ledger goes on from this head, kept from earlier; no CALL");
    options.text("--kind", "K", kind_, "show: only entries of this kind: archived, outage, ...");
  }

  Result<void> run(const Session& session) override {
    if (auto fit = check_words(); !fit) return fit;
    const auto ledger = store::Ledger::open(session.archive);
    if (!ledger) return tl::make_unexpected(ledger.error());
    if (action_ == "head") return head(**ledger, session.json);
    if (action_ == "show") return show(**ledger, session.json);
    return since_.empty() ? prove(**ledger, session) : prove_since(**ledger, session.json);
  }

 private:
  [[nodiscard]] Result<void> check_words() const {
    const bool proves = action_ == "prove";
    std::string wrong;
    if (proves && call_.empty() == since_.empty()) {
      wrong = "prove: which CALL, or since which HEAD? One of the two";
    }
    if (!proves && !call_.empty()) wrong = "CALL goes with prove, not with " + action_;
    if (!proves && !since_.empty()) wrong = "--since goes with prove, not with " + action_;
    if (action_ != "show" && !kind_.empty()) wrong = "--kind goes with show, not with " + action_;
    if (wrong.empty()) return {};
    return failure("ledger: " + wrong + ": see 'koegura ledger --help'", ErrorKind::kUsage);
  }

  [[nodiscard]] static Result<void> head(const store::Ledger& ledger, bool json) {
    const auto head = ledger.head();
    if (!head) return tl::make_unexpected(head.error());
    if (!json) {
      std::fputs(head->note.c_str(), stdout);
      return {};
    }
    LedgerHeadInfo info;
    info.set_origin(head->origin);
    info.set_entries(static_cast<double>(head->entries));
    info.set_root(head->root);
    info.set_checkpoint(head->note);
    info.set_waiting(static_cast<double>(ledger.size()) - info.entries());
    std::puts(json_of(info).c_str());
    return {};
  }

  [[nodiscard]] Result<void> show(const store::Ledger& ledger, bool json) const {
    bool found = false;
    const Pager pager;
    const auto read = ledger.for_each(0, [&](const LedgerEntry& entry, std::string_view line) {
      if (!kind_.empty() && entry.kind() != kind_) return true;
      found = true;
      std::puts(json ? std::string(line).c_str() : ledger_line(entry).c_str());
      return std::ferror(stdout) == 0;
    });
    if (!read || found) return read;
    return failure("the ledger has no entry" + (kind_.empty() ? "" : " of kind '" + kind_ + "'"),
                   ErrorKind::kNotFound);
  }

  // A whole id may be of a call that is not there any more.
  [[nodiscard]] Result<std::string> whole_id(const Session& session) const {
    if (call_.size() != kIdSize) {
      return open_call(session, call_).map([](const OpenCall& call) { return call.record.id(); });
    }
    std::string id = call_;
    std::transform(id.begin(), id.end(), id.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return id;
  }

  [[nodiscard]] Result<void> prove(const store::Ledger& ledger, const Session& session) const {
    const auto id = whole_id(session);
    if (!id) return tl::make_unexpected(id.error());
    const auto proof = ledger.prove(*id);
    if (!proof) return tl::make_unexpected(proof.error());
    if (!session.json) {
      std::fputs(store::tlog_proof(*proof).c_str(), stdout);
      return {};
    }
    LedgerProofInfo info;
    info.set_index(static_cast<double>(proof->index));
    info.set_entry(proof->line);
    for (const std::string& hash : proof->path) info.add_path(hash);
    info.set_checkpoint(proof->head);
    std::puts(json_of(info).c_str());
    return {};
  }

  [[nodiscard]] Result<void> prove_since(const store::Ledger& ledger, bool json) const {
    const auto kept = read_file(since_);
    if (!kept) return tl::make_unexpected(kept.error());
    const auto consistency = ledger.prove_since(*kept);
    if (!consistency) return tl::make_unexpected(consistency.error());
    if (!json) {
      std::fputs(store::consistency_text(*consistency).c_str(), stdout);
      return {};
    }
    LedgerConsistencyInfo info;
    info.set_older_entries(static_cast<double>(consistency->older_entries));
    info.set_newer_entries(static_cast<double>(consistency->newer_entries));
    for (const std::string& hash : consistency->path) info.add_path(hash);
    info.set_older(consistency->older);
    info.set_newer(consistency->newer);
    std::puts(json_of(info).c_str());
    return {};
  }

  std::string action_;
  std::string call_;
  std::string since_;
  std::string kind_;
};

}  // namespace

std::unique_ptr<Command> make_ledger_command() {
  return std::make_unique<LedgerCommand>();
}

}  // namespace koegura::tools
