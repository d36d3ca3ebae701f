#include "recorder.h"

#include <poll.h>
#include <sys/un.h>

#include <csignal>
#include <filesystem>
#include <limits>
#include <mutex>
#include <utility>

#include "accounting_report.h"
#include "api_server.h"
#include "archive_gauge.h"
#include "event_log.h"
#include "keeping.h"
#include "last_word.h"
#include "ledger_events.h"
#include "live_sources.h"
#include "quantity_text.h"
#include "recorder_file.h"
#include "recording_archive.h"
#include "reload.h"
#include "retention_keeper.h"
#include "sandbox.h"
#include "scrubber.h"
#include "service_notice.h"
#include "watch.h"

namespace koegura::tools {

namespace {

using Clock = std::chrono::steady_clock;

constexpr timespec kLookEvery{.tv_sec = 1, .tv_nsec = 0};
constexpr timespec kSoon{.tv_sec = 0, .tv_nsec = 50'000'000};
constexpr int kLooksAJudgement = 5;
// What the spool's disk is given at the end to take what waits in memory: within the service
// manager's patience (TimeoutStopSec).
constexpr Duration kLastWrites = std::chrono::seconds(20);

// Others look from other folders.
std::string absolute(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal();
}

// The one recorder of this box is found in /run; another archive's has its socket beside it, if the
// path is one that a socket can have.
std::string socket_of(const Session& session) {
  const std::string beside = absolute(session.archive) + "/koegura.sock";
  const bool own = session.archive == session.config.directory;
  return own || beside.size() >= sizeof(sockaddr_un::sun_path) ? session.config.socket : beside;
}

// Folders that must be writable without privileges. One that is not there yet is made later, by the
// owner of the folder above.
std::vector<std::string> written_folders(const std::string& archive, const std::string& socket) {
  std::vector<std::string> folders = {archive};
  const auto folder = std::filesystem::path(socket).parent_path();
  std::error_code ignored;
  if (std::filesystem::exists(folder, ignored)) folders.push_back(folder);
  return folders;
}

void let_signals_in_for(const timespec& time) {
  sigset_t none;
  sigemptyset(&none);
  ::ppoll(nullptr, 0, &time, &none);
}

class LiveRecorder final : public Recorder, RecorderState {
 public:
  explicit LiveRecorder(const Session& session)
      : directory_(absolute(session.archive)),
        socket_(socket_of(session)),
        config_file_(session.config_file),
        config_(session.config),
        watch_(session.config.hearing) {}
  LiveRecorder(const LiveRecorder&) = delete;
  LiveRecorder& operator=(const LiveRecorder&) = delete;
  ~LiveRecorder() override;

  Result<void> open(const LiveInput& input);
  void run(Asked& asked) override;
  [[nodiscard]] RecordResult finish(const Asked& asked) override;

  [[nodiscard]] RecorderView view() const override;
  [[nodiscard]] store::Archive& archive() override { return *archive_; }
  [[nodiscard]] const std::string& directory() const override { return directory_; }

 private:
  // What view shares with the main thread.
  struct Shared {
    std::vector<Finding> findings;
    std::uint64_t reserve_bytes = 0;
    double spool_bytes_per_s = 0;
    Duration finish_limit{};
  };

  Result<void> serve();
  void judge();
  void measure_spool(const capture::TapSnapshot& tap);
  void guard();
  void reload();
  [[nodiscard]] RecorderView end(const Asked& asked);
  void archive_what_waits(const Asked& asked);
  [[nodiscard]] std::string summary(const RecorderView& view) const;
  [[nodiscard]] Shared shared() const;

  const std::string directory_;
  const std::string socket_;
  const std::string config_file_;
  Config config_;
  std::uint64_t spool_buffer_bytes_ = 0;  // of all lanes
  std::unique_ptr<store::Archive> archive_;
  std::unique_ptr<capture::SpoolFolder> spool_;  // outlives all who hold packets of it
  std::unique_ptr<store::Finisher> finisher_;
  std::unique_ptr<capture::DpdkPorts> ports_;
  std::unique_ptr<capture::Tap> tap_;
  std::unique_ptr<ArchiveGauge> gauge_;
  std::unique_ptr<Scrubber> scrubber_;
  std::unique_ptr<RetentionKeeper> retention_;
  Watch watch_;
  std::unique_ptr<LedgerEvents> ledger_;
  Watchdog watchdog_;
  bool recovery_told_ = false;
  bool written_ = true;        // all that waited for the disk at the end
  std::uint64_t spooled_ = 0;  // bytes taken when it was last looked at
  Clock::time_point spooled_at_ = Clock::now();
  mutable std::mutex mutex_;
  Shared shared_;  // guarded by mutex_
  // It may be asked before it is here. Last: it asks all the others.
  std::atomic<const ApiServer*> serving_ = nullptr;
  std::unique_ptr<ApiServer> api_;
};

// One that could not start leaves in the spool what it has read of it.
LiveRecorder::~LiveRecorder() {
  if (tap_) static_cast<void>(end(Asked{}));
  remove_recorder_file(directory_);
}

Result<void> LiveRecorder::open(const LiveInput& input) {
  auto archive = open_to_record(directory_, config_.archive);
  if (!archive) return tl::make_unexpected(std::move(archive.error()));
  archive_ = std::move(*archive);
  ledger_ = std::make_unique<LedgerEvents>(*archive_);
  auto spool = capture::SpoolFolder::open(directory_ + "/spool", config_.spool);
  if (!spool) return tl::make_unexpected(std::move(spool.error()));
  spool_ = std::move(*spool);
  store::FinisherOptions finishing = config_.finisher;
  // Capture waits for nobody: what is not yet archived stands in the spool, and here its outline.
  finishing.queue_limit = std::numeric_limits<std::size_t>::max();
  finishing.patient = true;
  finisher_ = store::Finisher::create(finishing, *archive_);
  auto sources = open_sources(input, config_);
  if (!sources) return tl::make_unexpected(std::move(sources.error()));
  ports_ = std::move(sources->ports);
  spool_buffer_bytes_ = std::uint64_t{config_.spool.buffer_bytes} * sources->lanes.size();
  if (auto safe = enter_sandbox({.writable = written_folders(directory_, socket_)}); !safe) {
    return safe;
  }
  tap_ = capture::Tap::start({.capture = config_.capture}, *spool_, std::move(sources->lanes),
                             *finisher_);
  gauge_ = std::make_unique<ArchiveGauge>(*archive_);
  scrubber_ = Scrubber::start(*archive_, directory_);
  retention_ = RetentionKeeper::start(*archive_, {.automatic = config_.erase_automatically});
  return serve();
}

Result<void> LiveRecorder::serve() {
  shared_ = {.findings = {},
             .reserve_bytes = config_.archive.reserve_bytes,
             .finish_limit = config_.finish_limit};
  auto api = ApiServer::start(
      socket_, *this, {.region = config_.archive.region, .needs_reason = config_.access_reason});
  if (!api) return tl::make_unexpected(std::move(api.error()));
  api_ = std::move(*api);
  serving_ = api_.get();
  if (auto written = write_recorder_file(directory_, socket_); !written) return written;
  std::vector<std::string> sources;
  for (const capture::SourceSnapshot& source : tap_->snapshot().sources) {
    sources.push_back(source.name);
    log_event(Level::kInfo, "recording",
              {{"source", source.name}, {"archive", directory_}, {"socket", socket_}});
  }
  archive_->note(start_entry(sources));
  judge();  // what comes from now on is compared with this
  notify_ready(summary(view()));
  return {};
}

void LiveRecorder::run(Asked& asked) {
  for (int look = 0; !asked.stop && !tap_->is_dead(); ++look) {
    // Only here a signal may come: nothing else of the process is interrupted by one.
    let_signals_in_for(kLookEvery);
    if (asked.reload.exchange(false)) reload();
    guard();
    if (look % kLooksAJudgement == 0) judge();
  }
}

// ---- what is wrong --------------------------------------------------------------------------

void LiveRecorder::judge() {
  const RecorderView now = view();
  measure_spool(now.tap);
  const std::vector<Change> changes = watch_.on_snapshot(now.tap, judge_keeping(now));
  ledger_->on_judgement(now, changes);
  for (const Change& change : changes) {
    const Finding& finding = change.finding;
    if (!change.begun) {
      log_event(Level::kInfo, "ended", {{"finding", finding.id}, {"source", finding.source}});
      continue;
    }
    log_event(finding.severity == Severity::kAlarm ? Level::kError : Level::kWarning, "found",
              {{"finding", finding.id},
               {"source", finding.source},
               {"what", finding.what},
               {"blame", finding.blame}});
  }
  const capture::RecoverySnapshot& recovery = now.tap.recovery;
  if (recovery.is_done && !recovery_told_) {
    recovery_told_ = true;
    if (recovery.segments > 0) {
      log_event(Level::kInfo, "recovered",
                {{"segments", std::to_string(recovery.segments)},
                 {"packets", std::to_string(recovery.packets)},
                 {"going_on", std::to_string(recovery.legs)},
                 {"damaged_bytes", std::to_string(recovery.damaged_bytes)},
                 {"seconds", decimal_text(recovery.seconds, 1)}});
    }
  }
  {
    const std::lock_guard lock(mutex_);
    shared_.findings = watch_.findings();
  }
  notify_status(summary(view()));
}

void LiveRecorder::measure_spool(const capture::TapSnapshot& tap) {
  const std::uint64_t taken = tap.capture.spool.bytes_written + tap.capture.spool.waiting_bytes;
  const auto now = Clock::now();
  const double seconds = std::chrono::duration<double>(now - spooled_at_).count();
  const double grown = taken > spooled_ ? static_cast<double>(taken - spooled_) : 0;
  spooled_ = taken;
  spooled_at_ = now;
  const std::lock_guard lock(mutex_);
  shared_.spool_bytes_per_s = seconds > 0 ? grown / seconds : 0;
}

// For `systemctl status`: no names, no numbers of callers.
std::string LiveRecorder::summary(const RecorderView& view) const {
  std::size_t alarms = 0;
  for (const Finding& finding : view.findings) {
    if (finding.severity == Severity::kAlarm) ++alarms;
  }
  std::string text = plural(view.tap.hearing.streams, "stream") + ", " +
                     plural(view.tap.hearing.legs, "call") + " in progress, " +
                     count_text(view.finisher.archived) + " archived";
  if (view.finisher.waiting > 0) text += ", " + count_text(view.finisher.waiting) + " waiting";
  if (!view.tap.recovery.is_done) text += ", reading the spool";
  return text + ", " + (alarms == 0 ? "no alarm" : plural(alarms, "ALARM"));
}

// The service manager is told that the recorder is alive as long as all of it is.
void LiveRecorder::guard() {
  for (const Watchdog::Change& change : watchdog_.look(view().pulses)) {
    log_event(change.stuck ? Level::kError : Level::kInfo, change.stuck ? "stuck" : "goes_on",
              {{"thread", change.pulse.thread},
               {"silent_s", decimal_text(to_seconds(change.pulse.age), 1)}});
  }
  if (watchdog_.is_all_well()) notify_alive();
}

LiveRecorder::Shared LiveRecorder::shared() const {
  const std::lock_guard lock(mutex_);
  return shared_;
}

RecorderView LiveRecorder::view() const {
  Shared known = shared();
  RecorderView view;
  view.tap = tap_->snapshot();
  view.finisher = finisher_->stats();
  view.spool_buffer_bytes = spool_buffer_bytes_;
  view.spool_bytes_per_s = known.spool_bytes_per_s;
  view.reserve_bytes = known.reserve_bytes;
  view.archive = gauge_->latest();
  view.rebuild = archive_->rebuild();
  view.scrub = scrubber_->figures();
  view.retention = retention_->figures();
  const ApiServer* api = serving_;
  view.pulses = pulses_of(view.tap.heartbeats, view.finisher, known.finish_limit,
                          api == nullptr ? Duration{} : api->silence());
  view.findings = std::move(known.findings);
  return view;
}

// ---- settings -------------------------------------------------------------------------------

void LiveRecorder::reload() {
  notify_reloading();
  const auto wanted = load_config(config_file_);
  if (!wanted) {
    log_event(Level::kError, "reload_refused",
              {{"why", wanted.error().message}, {"settings", "as before"}});
  } else {
    for (const ChangedKey& change : changed_keys(config_, *wanted)) {
      log_event(Level::kInfo, "reload",
                {{"key", change.key},
                 {"from", change.from},
                 {"to", change.to},
                 {"takes_effect", change.at_once ? "now" : "at the next start"}});
    }
    config_ = reloaded(config_, *wanted);
    archive_->set_options(config_.archive);
    retention_->set_automatic(config_.erase_automatically);
    watch_.set_options(config_.hearing);
    const std::lock_guard lock(mutex_);
    shared_.reserve_bytes = config_.archive.reserve_bytes;
    shared_.finish_limit = config_.finish_limit;
  }
  log_event(Level::kInfo, "reloaded");
  notify_ready(summary(view()));
}

// ---- the end --------------------------------------------------------------------------------

// As long as anything is being archived: what the disk refuses, what waits for the index, and what
// is to be tried again later, is the next start's.
void LiveRecorder::archive_what_waits(const Asked& asked) {
  constexpr auto kIdleFor = std::chrono::seconds(1);
  auto busy = Clock::now();
  for (store::FinisherStats stats = finisher_->stats();
       stats.waiting > 0 && stats.disk_refusal.empty() && stats.index_refusal.empty() &&
       !asked.hurry;
       stats = finisher_->stats()) {
    const auto now = Clock::now();
    if (stats.busiest > Duration{}) busy = now;
    if (now - busy > kIdleFor || stats.busiest > config_.finish_limit) break;
    ::nanosleep(&kSoon, nullptr);
  }
}

// What is known at the end, of which the spool's figures are the last. Nobody can ask any more.
RecorderView LiveRecorder::end(const Asked& asked) {
  tap_->stop(asked.archive ? capture::TapEnd::kArchive : capture::TapEnd::kKeep);
  if (asked.archive) archive_what_waits(asked);
  finisher_->stop();
  RecorderView last = view();
  serving_ = nullptr;
  api_.reset();
  tap_.reset();  // its segments go with it, those that nobody needs
  written_ = spool_->close(kLastWrites);
  last.tap.spool = spool_->stats();
  return last;
}

RecordResult LiveRecorder::finish(const Asked& asked) {
  const capture::Hearing hearing = tap_->snapshot().hearing;
  log_event(Level::kInfo, "stopping",
            {{"in_progress", std::to_string(hearing.legs)},
             {"they_are", asked.archive ? "archived" : "kept for the next start"}});
  notify_stopping("stopping");
  const RecorderView last = end(asked);
  RecordResult result = last_word(last, written_);
  archive_->note(accounting_entry("stop", result.accounting));
  if (auto saved = save_accounting(directory_, result.accounting); !saved) {
    result.problems.push_back(std::move(saved.error()));
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::start(const Session& session, const LiveInput& input) {
  auto recorder = std::make_unique<LiveRecorder>(session);
  if (auto opened = recorder->open(input); !opened) {
    return tl::make_unexpected(std::move(opened.error()));
  }
  return recorder;
}

}  // namespace koegura::tools
