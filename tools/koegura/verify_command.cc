// koegura verify: the ledger and every call of the archive read again, as fast as it goes; or a
// bundle that was exported from one.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <future>
#include <thread>
#include <vector>

#include "command.h"
#include "evidence.pb.h"
#include "file_output.h"
#include "json.h"
#include "progress.h"
#include "quantity_text.h"
#include "scrub_report.h"
#include "store/index_audit.h"
#include "store/ledger_audit.h"
#include "store/scrub.h"
#include "text_width.h"
#include "verify_bundle.h"

namespace koegura::tools {

namespace {

constexpr unsigned kMostThreads = 4;  // beyond, it is the disk that they wait for

class VerifyCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("BUNDLE", "", bundle_, "a bundle that was exported; none: the archive");
    options.text("--since", "HEAD", since_,
                 "a head of the ledger kept from earlier: nothing before it may have changed");
    options.flag("--decode", decode_,
                 "decode the audio of calls, too, whose file is byte for byte the one archived");
  }

  Result<void> run(const Session& session) override {
    if (auto read = read_kept(); !read) return read;
    if (!bundle_.empty()) {
      if (decode_) return failure("--decode goes with an archive", ErrorKind::kUsage);
      return verify_bundle(bundle_, kept_, session.json);
    }
    // Beside a recorder, too: it is the files that are asked, and not the recorder.
    const auto archive =
        store::Archive::open(session.archive, store::OpenMode::kRead, session.config.archive);
    if (!archive) return tl::make_unexpected(archive.error());
    json_ = session.json;
    if (auto read = read_ledger(session.archive); !read) return read;
    // Beside the files, for which the disk is waited for.
    auto index = std::async(std::launch::async, [&] { return read_index(session.archive); });
    auto result = read_calls(**archive);
    if (!result) return tl::make_unexpected(std::move(result.error()));
    if (audit_ && result->complete()) {
      if (auto done = audit_->finish(); !done) return done;
    }
    if (auto told = tell_index(index.get(), *result); !told) return told;
    tell_ledger(*result);
    print_result(*result, json_);
    return verdict(*result);
  }

 private:
  void tell(const store::LedgerFault& fault) {
    ++faults_;
    tell("ledger", fault.where, fault.what);
  }
  void tell(const char* of, const std::string& where, const std::string& what) {
    FoundFault found;
    found.set_of(of);
    found.set_where(printable(where));
    found.set_what(printable(what));
    progress_.clear();
    const std::string line = found.of() + ": " + found.where() + ": " + found.what();
    std::puts((json_ ? json_of(found) : line).c_str());
    std::fflush(stdout);
  }

  Result<void> read_kept() {
    if (since_.empty()) return {};
    auto text = read_file(since_);
    if (!text) return tl::make_unexpected(std::move(text.error()));
    kept_ = text->empty() ? "\n" : std::move(*text);
    return {};
  }

  Result<void> read_ledger(const std::string& directory) {
    auto audit = store::LedgerAudit::read(directory, kept_,
                                          [this](const store::LedgerFault& fault) { tell(fault); });
    if (audit) {
      audit_ = std::move(*audit);
      return {};
    }
    Error& error = audit.error();
    if (error.kind == ErrorKind::kNotFound && since_.empty()) {
      std::fprintf(stderr, "koegura: %s: only the calls are read\n", error.message.c_str());
      return {};
    }
    const bool is_fault =
        error.kind == ErrorKind::kVerification || error.kind == ErrorKind::kNotFound;
    if (!is_fault) return tl::make_unexpected(std::move(error));
    tell({.where = "files", .what = error.message});
    return {};
  }

  Result<ScrubResult> read_calls(const store::Archive& archive) {
    const auto summary = archive.summary();
    if (!summary) return tl::make_unexpected(summary.error());
    store::ScrubOptions options;
    // Half of them wait for the disk.
    options.threads = std::clamp(2 * std::thread::hardware_concurrency(), 1U, kMostThreads);
    if (audit_) {
      options.is_as_archived = [this](const CallRecord& record, const std::string& file) {
        auto known = audit_->check(record, file);
        if (known && decode_) return Result<bool>(false);
        return known;
      };
    }
    const auto report = store::scrub(
        archive, options, stop_on_signal(),
        [&](const store::Damage& damage) {
          progress_.clear();
          print_damaged(damaged_call(damage, std::chrono::system_clock::now()), json_);
        },
        [&](const store::ScrubReport& now) { progress_.update(now.bytes, summary->file_bytes); });
    progress_.clear();
    if (!report) return tl::make_unexpected(report.error());
    ScrubResult result;
    result.set_calls(static_cast<double>(report->calls));
    result.set_bytes(static_cast<double>(report->bytes));
    result.set_damaged(static_cast<double>(report->damaged));
    result.set_complete(report->at_end);
    return result;
  }

  using IndexFaults = std::vector<store::IndexFault>;  // a thousand of calls at most, and of days

  // Whether every call is found by what it is to be found by. In a thread of its own.
  static Result<IndexFaults> read_index(const std::string& directory) {
    IndexFaults faults;
    return store::audit_index(directory, stop_on_signal(),
                              [&](const store::IndexFault& fault) { faults.push_back(fault); })
        .map([&] { return std::move(faults); });
  }

  Result<void> tell_index(const Result<IndexFaults>& faults, ScrubResult& result) {
    if (!faults) return tl::make_unexpected(faults.error());
    for (const store::IndexFault& fault : *faults) tell("index", fault.where, fault.what);
    index_faults_ = faults->size();
    result.set_index_faults(static_cast<double>(index_faults_));
    return {};
  }

  void tell_ledger(ScrubResult& result) const {
    result.set_ledger_faults(static_cast<double>(faults_));
    if (!audit_) return;
    result.set_ledger_entries(static_cast<double>(audit_->entries()));
    result.set_ledger_signed(static_cast<double>(audit_->signed_entries()));
    result.set_ledger_kept(static_cast<double>(audit_->kept_entries()));
    result.set_ledger_erased(static_cast<double>(audit_->erased()));
    if (json_ || faults_ > 0) return;
    const auto entries = [](std::uint64_t count) {
      return count_text(count) + (count == 1 ? " entry" : " entries");
    };
    std::printf("ledger: %s, %s of them signed: as they were written\n",
                entries(audit_->entries()).c_str(), count_text(audit_->signed_entries()).c_str());
    if (audit_->erased() > 0) {
      std::printf("erased on schedule: %s, each with its tombstone\n",
                  plural(audit_->erased(), "call").c_str());
    }
    if (since_.empty()) return;
    std::printf("since the head kept: its %s are as they were, %s added\n",
                entries(audit_->kept_entries()).c_str(),
                entries(audit_->entries() - audit_->kept_entries()).c_str());
  }

  [[nodiscard]] Result<void> verdict(const ScrubResult& result) const {
    auto calls = verdict_of(result, "not every call was read");
    if (calls && faults_ == 0 && index_faults_ > 0) {
      return failure("calls are not found by what they are to be found by (" +
                         plural(index_faults_, "fault") +
                         " of the index): `koegura reindex` makes it anew from the call files",
                     ErrorKind::kVerification);
    }
    if (faults_ == 0 || (!calls && calls.error().kind == ErrorKind::kVerification)) return calls;
    return failure("the ledger and the archive are not as they were written (" +
                       plural(faults_, "fault") +
                       "): keep both as they are, and compare them with a copy",
                   ErrorKind::kVerification);
  }

  std::string bundle_;
  std::string since_;
  std::string kept_;  // the head in it
  bool decode_ = false;
  bool json_ = false;
  std::uint64_t faults_ = 0;  // of the ledger
  std::uint64_t index_faults_ = 0;
  std::unique_ptr<store::LedgerAudit> audit_;
  Progress progress_{"verifying", "B"};
};

}  // namespace

std::unique_ptr<Command> make_verify_command() {
  return std::make_unique<VerifyCommand>();
}

}  // namespace koegura::tools
