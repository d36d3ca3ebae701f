#include "replay.h"

#include <array>
#include <filesystem>
#include <span>

#include "accounting_report.h"
#include "capture/capture.h"
#include "capture/folder_entries.h"
#include "json.h"
#include "ledger_events.h"
#include "progress.h"
#include "quantity_text.h"
#include "store/finisher.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kReplayBurst = 256;

// Segments of an earlier replay that did not reach its end: their capture files are still there.
// REQUIRES: the archive is open for writing, so that nobody else is using them.
void remove_segments(const std::string& spool) {
  capture::for_each_entry(spool, [](const fs::directory_entry& entry) {
    const bool ours = entry.path().filename().string().find(kReplaySpool) != std::string::npos;
    std::error_code ignored;
    if (ours && entry.path().extension() == ".pcapng") fs::remove(entry.path(), ignored);
  });
}

// What a live recorder keeps for its next start is not a replay's to read, nor to remove.
std::string remark_on_kept(const std::string& spool) {
  std::uint64_t segments = 0;
  capture::for_each_entry(spool, [&](const fs::directory_entry& entry) {
    if (entry.path().extension() == ".pcapng") ++segments;
  });
  if (segments == 0) return "";
  return spool + ": " + plural(segments, "segment") +
         " of a live recorder that was stopped or killed: its next start goes on with the calls";
}

// Reading segments out of the spool that is about to be emptied would lose them.
Result<void> check_outside(const std::vector<std::string>& files, const std::string& spool) {
  std::error_code ignored;
  const fs::path folder = fs::weakly_canonical(spool, ignored);
  for (const std::string& file : files) {
    if (fs::weakly_canonical(file, ignored).parent_path() != folder) continue;
    return failure(file + ": is a segment of this archive's own spool: copy it elsewhere first",
                   ErrorKind::kUsage);
  }
  return {};
}

// For the ledger: where they lay is nothing that it must keep.
std::vector<std::string> file_names(const std::vector<std::string>& files) {
  constexpr std::size_t kMostNames = 100;
  std::vector<std::string> names;
  for (const std::string& file : files) {
    if (names.size() == kMostNames) break;
    names.push_back(fs::path(file).filename());
  }
  return names;
}

// Lets no call pass once the spool has refused a packet: archived with the hole, it would be found
// there when the file is read again.
class WholeCalls final : public capture::CallSink {
 public:
  WholeCalls(const capture::Spool& spool, capture::CallSink& next) : spool_(spool), next_(next) {}
  void take(capture::FinishedCall call) override {
    if (spool_.last_error().empty()) return next_.take(std::move(call));
    ++withheld_;
  }
  [[nodiscard]] std::uint64_t withheld() const { return withheld_; }

 private:
  const capture::Spool& spool_;
  capture::CallSink& next_;
  std::uint64_t withheld_ = 0;
};

// The stages, connected. Members are destroyed from the last to the first.
struct Pipeline {
  std::unique_ptr<store::Archive> archive;
  std::unique_ptr<store::Finisher> finisher;
  std::unique_ptr<capture::Spool> spool;
  std::unique_ptr<WholeCalls> whole_calls;
  std::unique_ptr<capture::Capture> capture;
};

Result<Pipeline> connect(const Session& session, const std::string& spool_directory) {
  const Config& config = session.config;
  store::ArchiveOptions options = config.archive;
  options.reserve_bytes = 0;  // it is for calls in progress, and of those there are none
  auto archive = store::Archive::open(session.archive, store::OpenMode::kWrite, options);
  if (!archive) return tl::make_unexpected(std::move(archive.error()));
  remove_segments(spool_directory);
  auto spool = capture::Spool::open(spool_directory, config.spool, kReplaySpool);
  if (!spool) return tl::make_unexpected(std::move(spool.error()));
  auto finisher = store::Finisher::create(config.finisher, **archive);
  auto whole_calls = std::make_unique<WholeCalls>(**spool, *finisher);
  auto capture = capture::Capture::create(config.capture, **spool, *whole_calls);
  return Pipeline{.archive = std::move(*archive),
                  .finisher = std::move(finisher),
                  .spool = std::move(*spool),
                  .whole_calls = std::move(whole_calls),
                  .capture = std::move(capture)};
}

// Until the input's end, damage in it, a spool that refuses, or `stop`.
Result<void> read_all(ReplayInput& input, Pipeline& pipeline, const std::atomic<bool>& stop) {
  Progress progress(input.label(), "B");
  std::array<capture::Frame, kReplayBurst> burst;
  while (!stop && pipeline.spool->last_error().empty()) {
    const auto size = input.read(burst);
    if (!size && stop) break;  // the signal broke the read off
    if (!size) return tl::make_unexpected(size.error());
    if (*size == 0) break;
    pipeline.capture->on_frames(std::span(burst).first(*size));
    const auto done = input.progress();
    progress.set_label(input.label());
    progress.update(done.done, done.total);
  }
  return {};
}

void account(const Pipeline& pipeline, Accounting& accounting) {
  const capture::CaptureStats stats = pipeline.capture->stats();
  set_frames(*accounting.mutable_frames(), pipeline.capture->accounting());
  store::FinisherStats calls = pipeline.finisher->stats();
  const std::uint64_t withheld = pipeline.whole_calls->withheld();
  calls.seen += withheld;
  calls.failed += withheld;
  if (withheld > 0 && calls.first_error.empty())
    calls.first_error = "the spool may have refused packets of it";
  set_calls(*accounting.mutable_calls(), calls);
  if (accounting.frames().received() > 0) {
    set_time(*accounting.mutable_first_frame(), stats.first_frame);
    set_time(*accounting.mutable_last_frame(), stats.last_frame);
  }
  set_time(*accounting.mutable_finished(), std::chrono::system_clock::now());
}

}  // namespace

Result<ReplayInput> ReplayInput::open(const std::vector<std::string>& files) {
  ReplayInput input;
  input.files_ = files;
  for (const std::string& file : files) {
    auto source = capture::open_capture_file(file);
    if (!source) return tl::make_unexpected(std::move(source.error()));
    const std::uint64_t size = (*source)->progress().total;
    input.sizes_.push_back(size);
    input.endless_ = input.endless_ || size == 0;
    // A day's capture can be more files than a process may have open; a pipe opens only once.
    std::error_code ignored;
    const bool reopens = fs::is_regular_file(file, ignored) && files.size() > 1;
    input.sources_.push_back(reopens ? nullptr : std::move(*source));
  }
  return input;
}

Result<std::size_t> ReplayInput::read(std::span<capture::Frame> burst) {
  while (current_ < files_.size()) {
    auto& source = sources_[current_];
    if (!source) {
      auto opened = capture::open_capture_file(files_[current_]);
      if (!opened) return tl::make_unexpected(std::move(opened.error()));
      source = std::move(*opened);
    }
    auto size = source->read(burst);
    if (!size || *size > 0) return size;
    if (current_ + 1 == files_.size()) break;
    source.reset();
    done_before_ += sizes_[current_++];
  }
  return 0;
}

std::string ReplayInput::label() const {
  const std::string name = fs::path(files_[current_]).filename();
  if (files_.size() == 1) return name;
  return std::to_string(current_ + 1) + '/' + std::to_string(files_.size()) + ' ' + name;
}

capture::SourceProgress ReplayInput::progress() const {
  capture::SourceProgress all{.done = done_before_, .total = 0};
  if (sources_[current_]) all.done += sources_[current_]->progress().done;
  for (const std::uint64_t size : sizes_) all.total += size;
  if (endless_) all.total = 0;
  return all;
}

Result<RecordResult> replay(ReplayInput input, const Session& session,
                            const std::atomic<bool>& stop) {
  const std::string spool_directory = session.archive + "/spool";
  if (auto outside = check_outside(input.files(), spool_directory); !outside) {
    return tl::make_unexpected(std::move(outside.error()));
  }
  auto pipeline = connect(session, spool_directory);
  if (!pipeline) return tl::make_unexpected(std::move(pipeline.error()));
  pipeline->archive->note(start_entry(file_names(input.files())));

  const auto begun = std::chrono::steady_clock::now();
  RecordResult result;
  if (auto read = read_all(input, *pipeline, stop); !read) {
    result.problems.push_back(std::move(read.error()));
  }
  pipeline->capture->finish();
  pipeline->finisher->drain();

  Accounting& accounting = result.accounting;
  account(*pipeline, accounting);
  for (const std::string& file : input.files()) accounting.add_input(printable(file));
  accounting.set_interrupted(stop);
  accounting.set_elapsed_s(
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
  if (const std::string& refused = pipeline->spool->last_error(); !refused.empty()) {
    result.problems.push_back(
        {refused + ": reading ended there: free space, and record again what was read"});
  }
  add_losses(result, {});
  pipeline->capture.reset();
  pipeline->spool.reset();
  remove_segments(spool_directory);
  result.remark = remark_on_kept(spool_directory);
  if (const auto summary = pipeline->archive->summary();
      summary && !summary->directory_problem.empty()) {
    result.remark += (result.remark.empty() ? "" : "; ") + printable(summary->directory_problem) +
                     ": the calls have no names of it; `koegura directory list` says more";
  }
  pipeline->archive->note(accounting_entry("stop", accounting));
  if (auto saved = save_accounting(session.archive, accounting); !saved) {
    result.problems.push_back(std::move(saved.error()));
  }
  return result;
}

}  // namespace koegura::tools
