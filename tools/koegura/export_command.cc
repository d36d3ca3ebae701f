// koegura export: calls as a bundle that proves itself.
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "archive_access.h"
#include "call_filter_options.h"
#include "command.h"
#include "evidence.pb.h"
#include "export_report.h"
#include "json.h"
#include "output.pb.h"
#include "progress.h"
#include "quantity_text.h"
#include "scrub_report.h"
#include "store/bundle.h"
#include "store/user_name.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

// What one bundle holds: its manifest is signed as a whole, and read by people's own tools.
constexpr std::size_t kMostCalls = 10'000;

// "20261129T101502+0900": no character that a stick's filesystem refuses.
std::string stamp_of(const std::string& local) {
  std::string stamp;
  for (const char c : local) {
    if (c == ' ') stamp += 'T';
    if (c != '-' && c != ':' && c != ' ') stamp += c;
  }
  return stamp;
}

class ExportCommand : public Command {
 public:
  void declare(Options& options) override {
    options.texts("CALL", "", calls_, "calls by their ids, or the beginnings of them");
    options.text("--to", "DIR", to_, "the folder that the bundle is made in: a stick's");
    options.required();
    options.text("--reason", "R", reason_, "why: it stands in the ledger, and in the bundle");
    options.required();
    options.text("--recipient", "WHO", recipient_, "the authority that it is for");
    options.text("--ground", "G", ground_,
                 "on what ground: the request's law, date and document number");
    options.flag("--wav", files_.wav, "audio.wav, too, beside audio.flac");
    options.flag("--original", files_.original, "each call's whole file, too, as archived");
    chosen_.declare(options, "--until");
    chosen_.declare_hold(options);
  }

  Result<void> run(const Session& session) override {
    if (auto fit = check_words(); !fit) return fit;
    const auto& stop = stop_on_signal();
    auto archive = open_for_reading(session);
    if (!archive) return tl::make_unexpected(std::move(archive.error()));
    if (auto found = find_calls(**archive); !found) return found;
    const Timestamp now = std::chrono::system_clock::now();
    time_ = local_time(now);
    auto bundle = store::BundleWriter::create(to_, "koegura-" + stamp_of(time_));
    if (!bundle) return tl::make_unexpected(std::move(bundle.error()));
    name_ = (*bundle)->name();
    const auto entries = enter_accesses(session);
    if (!entries) return tl::make_unexpected(entries.error());
    auto written = write_calls(session, *entries, **bundle, stop);
    if (!written) return written;
    auto path = seal(session, **bundle);
    if (!path) return tl::make_unexpected(std::move(path.error()));
    return tell(session, *path, (*bundle)->bytes());
  }

 private:
  [[nodiscard]] Result<void> check_words() {
    if (auto parsed = chosen_.parse(); !parsed) return parsed;
    const auto blank = [](const std::string& text) {
      return text.find_first_not_of(" \t") == std::string::npos;
    };
    if (blank(reason_)) return failure("--reason is empty: say why", ErrorKind::kUsage);
    if (calls_.empty() == !chosen_.is_used()) {
      return failure(
          "which calls? Name them, or choose them by the options of `koegura calls`: one of the "
          "two",
          ErrorKind::kUsage);
    }
    return {};
  }

  [[nodiscard]] Result<void> find_calls(const store::Archive& archive) {
    std::set<std::string> ids;
    for (const std::string& call : calls_) {
      const auto record = archive.find(call);
      if (!record) return tl::make_unexpected(record.error());
      ids.insert(record->id());
    }
    if (calls_.empty()) {
      if (auto resolved = chosen_.resolve(archive); !resolved) return resolved;
      auto done = archive.query(chosen_.filter(), [&](const CallRecord& record) {
        ids.insert(record.id());
        return ids.size() <= kMostCalls;
      });
      if (!done) return done;
    }
    if (ids.empty()) return failure("no call matches", ErrorKind::kNotFound);
    if (ids.size() > kMostCalls) {
      return failure("these are more than " + count_text(kMostCalls) +
                         " calls, which is what a bundle holds: export them by parts, with --from "
                         "and --until",
                     ErrorKind::kUsage);
    }
    ids_.assign(ids.begin(), ids.end());
    return {};
  }

  // Before anything of a call is given.
  [[nodiscard]] Result<std::vector<ArchivedCallEntry>> enter_accesses(
      const Session& session) const {
    ArchiveChange change;
    Access& access = *change.mutable_access();
    *access.mutable_calls() = {ids_.begin(), ids_.end()};
    access.set_action("export");
    access.set_reason(reason_);
    access.set_bundle(name_);
    auto changed = change_archive(session, change);
    if (!changed) return tl::make_unexpected(std::move(changed.error()));
    if (static_cast<std::size_t>(changed->archived_size()) != ids_.size()) {
      return failure("the recorder did not say which entries the calls have: is it older?");
    }
    return std::vector<ArchivedCallEntry>(changed->archived().begin(), changed->archived().end());
  }

  [[nodiscard]] Result<void> write_calls(const Session& session,
                                         const std::vector<ArchivedCallEntry>& entries,
                                         store::BundleWriter& bundle,
                                         const std::atomic<bool>& stop) {
    Progress progress("exporting", "calls");
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (stop) {
        return failure("interrupted: no bundle was made, and what was written of it is removed");
      }
      if (auto done = write_call(session, ids_[i], entries[i], bundle); !done) return done;
      progress.update(i + 1, ids_.size());
    }
    const std::size_t good = ids_.size() - static_cast<std::size_t>(result_.damaged_size());
    result_.set_calls(static_cast<double>(good));
    if (good > 0) return {};
    return failure("every call asked for is damaged: no bundle was made", ErrorKind::kVerification);
  }

  // A recorder is asked anew for each call, as its copies of files are kept as long as the
  // connection; a folder is opened once.
  [[nodiscard]] Result<void> turn_to(const Session& session, const std::string& id) {
    if (call_ && call_->remote == nullptr) {
      return call_->archive->find(id).map(
          [&](CallRecord record) { call_->record = std::move(record); });
    }
    auto opened = open_call(session, id, "export");
    if (!opened) return tl::make_unexpected(std::move(opened.error()));
    call_.emplace(std::move(*opened));
    return {};
  }

  // One that is damaged is left out, and said.
  [[nodiscard]] Result<void> write_call(const Session& session, const std::string& id,
                                        const ArchivedCallEntry& entry,
                                        store::BundleWriter& bundle) {
    if (auto turned = turn_to(session, id); !turned) return turned;
    const CallRecord& record = call_->record;
    const auto file = call_->exported_file();
    if (!file) return tl::make_unexpected(file.error());
    const auto added = bundle.add_call(record, *file, entry, files_);
    std::string damage;
    if (!added) {
      if (added.error().kind != ErrorKind::kVerification) return added;
      damage = printable(added.error().message);
      DamagedCall& damaged = *result_.add_damaged();
      damaged.set_id(id);
      damaged.set_path(record.audio().path());
      damaged.set_why(damage);
      std::fprintf(stderr, "koegura: %s: it is not exported\n", damage.c_str());
    }
    rows_.push_back(report_row(record, entry, damage, session.config.archive.region));
    return {};
  }

  // Written, read back, entered and signed by the archive, proved.
  [[nodiscard]] Result<std::string> seal(const Session& session, store::BundleWriter& bundle) {
    const ExportFacts facts{.bundle = name_,
                            .time = time_,
                            .who = store::user_name(::geteuid()),
                            .reason = reason_,
                            .ground = ground_,
                            .recipient = recipient_};
    if (auto added = bundle.add_report(export_report(facts, rows_)); !added) {
      return tl::make_unexpected(std::move(added.error()));
    }
    constexpr std::size_t kDay = 10;  // "2026-11-29"
    auto payload = bundle.close_payload(
        {.date = time_.substr(0, kDay), .software = std::string("koegura ") + KOEGURA_VERSION});
    if (!payload) return tl::make_unexpected(std::move(payload.error()));
    ArchiveChange change;
    ExportBundle& exported = *change.mutable_export_bundle();
    exported = std::move(*payload);
    exported.set_reason(reason_);
    exported.set_ground(ground_);
    exported.set_recipient(recipient_);
    const auto proven = change_archive(session, change);
    if (!proven) return tl::make_unexpected(proven.error());
    result_.set_manifest_sha256(proven->manifest_sha256());
    return bundle.finish(*proven);
  }

  [[nodiscard]] Result<void> tell(const Session& session, const std::string& path,
                                  std::uint64_t bytes) {
    result_.set_bundle(name_);
    result_.set_path(path);
    result_.set_bytes(static_cast<double>(bytes));
    if (session.json) {
      std::puts(json_of(result_).c_str());
    } else {
      std::printf("%s: %s, %s\nmanifest SHA-256 %s\n", path.c_str(),
                  plural(static_cast<std::uint64_t>(result_.calls()), "call").c_str(),
                  bytes_text(bytes).c_str(), result_.manifest_sha256().c_str());
    }
    if (result_.damaged().empty()) return {};
    return failure("damaged calls are not in the bundle: " +
                       count_text(static_cast<std::uint64_t>(result_.damaged_size())) + " of " +
                       count_text(ids_.size()) + ", its report.csv names them",
                   ErrorKind::kVerification);
  }

  std::vector<std::string> calls_;
  std::string to_;
  std::string reason_;
  std::string recipient_;
  std::string ground_;
  store::BundledFiles files_;
  CallFilterOptions chosen_;

  std::vector<std::string> ids_;  // in order
  std::optional<OpenCall> call_;  // that is being written
  std::string name_;
  std::string time_;
  std::vector<ReportRow> rows_;
  ExportResult result_;
};

}  // namespace

std::unique_ptr<Command> make_export_command() {
  return std::make_unique<ExportCommand>();
}

}  // namespace koegura::tools
