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
#include "capture/dpdk.h"
#include "capture/live.h"
#include "event_log.h"
#include "json.h"
#include "recorder_file.h"
#include "recorder_report.h"
#include "sandbox.h"
#include "text_width.h"
#include "watch.h"

namespace koegura::tools {

namespace {

constexpr timespec kLookEvery{.tv_sec = 1, .tv_nsec = 0};
constexpr int kLooksAJudgement = 5;

// Sources as lanes, and what must outlive them.
struct OpenSources {
  std::unique_ptr<capture::DpdkPorts> ports;
  std::vector<capture::Lane> lanes;
};

Result<OpenSources> open_sources(const LiveInput& input, const Config& config) {
  OpenSources open;
  if (!input.dpdk_ports.empty()) {
    auto ports =
        capture::open_dpdk(input.dpdk_ports, input.eal_arguments, input.filter, config.dpdk);
    if (!ports) return tl::make_unexpected(std::move(ports.error()));
    open.ports = std::move(*ports);
    open.lanes = open.ports->lanes();
    return open;
  }
  capture::Lane lane;
  for (const std::string& name : input.interfaces) {
    auto source = capture::open_interface(name, input.filter, config.live);
    if (!source) return tl::make_unexpected(std::move(source.error()));
    lane.push_back(std::move(*source));
  }
  open.lanes.push_back(std::move(lane));
  return open;
}

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

class LiveRecorder final : public Recorder, RecorderState {
 public:
  explicit LiveRecorder(const Session& session)
      : directory_(absolute(session.archive)),
        socket_(socket_of(session)),
        watch_(session.config.hearing) {}
  ~LiveRecorder() override { remove_recorder_file(directory_); }

  Result<void> open(const Session& session, const LiveInput& input);
  void run(const std::atomic<bool>& stop) override;
  [[nodiscard]] RecordResult finish() override;

  [[nodiscard]] RecorderView view() const override;
  [[nodiscard]] const store::Archive& archive() const override { return *archive_; }
  [[nodiscard]] const std::string& directory() const override { return directory_; }

 private:
  Result<void> serve(const Session& session);
  void judge();
  [[nodiscard]] std::vector<Finding> findings() const;

  const std::string directory_;
  const std::string socket_;
  std::unique_ptr<store::Archive> archive_;
  std::unique_ptr<store::Finisher> finisher_;
  std::unique_ptr<capture::DpdkPorts> ports_;
  std::unique_ptr<capture::Tap> tap_;
  Watch watch_;
  mutable std::mutex findings_mutex_;
  std::vector<Finding> findings_;   // guarded by findings_mutex_
  std::unique_ptr<ApiServer> api_;  // last: it asks all the others
};

Result<void> LiveRecorder::open(const Session& session, const LiveInput& input) {
  const Config& config = session.config;
  auto archive = store::Archive::open(directory_, store::OpenMode::kWrite, config.archive);
  if (!archive) return tl::make_unexpected(std::move(archive.error()));
  archive_ = std::move(*archive);
  store::FinisherOptions finishing = config.finisher;
  // Capture waits for nobody: what is not yet archived stands in the spool, and here its outline.
  finishing.queue_limit = std::numeric_limits<std::size_t>::max();
  finisher_ = store::Finisher::create(finishing, *archive_);
  auto sources = open_sources(input, config);
  if (!sources) return tl::make_unexpected(std::move(sources.error()));
  ports_ = std::move(sources->ports);
  if (auto safe = enter_sandbox({.writable = written_folders(directory_, socket_)}); !safe)
    return safe;
  auto tap = capture::Tap::start({.capture = config.capture, .spool = config.spool},
                                 directory_ + "/spool", std::move(sources->lanes), *finisher_);
  if (!tap) return tl::make_unexpected(std::move(tap.error()));
  tap_ = std::move(*tap);
  return serve(session);
}

Result<void> LiveRecorder::serve(const Session& session) {
  auto api = ApiServer::start(socket_, *this, {.region = session.config.archive.region});
  if (!api) return tl::make_unexpected(std::move(api.error()));
  api_ = std::move(*api);
  if (auto written = write_recorder_file(directory_, socket_); !written) return written;
  for (const capture::SourceSnapshot& source : tap_->snapshot().sources) {
    log_event(Level::kInfo, "recording",
              {{"source", source.name}, {"archive", directory_}, {"socket", socket_}});
  }
  judge();  // what comes from now on is compared with this
  return {};
}

void LiveRecorder::run(const std::atomic<bool>& stop) {
  // Only here a signal may come: nothing else of the process is interrupted by one.
  sigset_t none;
  sigemptyset(&none);
  for (int look = 0; !stop && !tap_->is_dead(); ++look) {
    ::ppoll(nullptr, 0, &kLookEvery, &none);
    if (look % kLooksAJudgement == 0) judge();
  }
}

void LiveRecorder::judge() {
  for (const Change& change : watch_.on_snapshot(tap_->snapshot())) {
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
  const std::lock_guard lock(findings_mutex_);
  findings_ = watch_.findings();
}

std::vector<Finding> LiveRecorder::findings() const {
  const std::lock_guard lock(findings_mutex_);
  return findings_;
}

RecorderView LiveRecorder::view() const {
  return {.tap = tap_->snapshot(),
          .finisher = finisher_->stats(),
          .findings = findings(),
          .spool_error = tap_->spool_error()};
}

RecordResult LiveRecorder::finish() {
  log_event(Level::kInfo, "stopping");
  tap_->stop();
  finisher_->drain();
  const RecorderView last = view();
  RecordResult result;
  Accounting& accounting = result.accounting;
  const RecorderStatus status = recorder_status(last);
  *accounting.mutable_frames() = status.frames();
  set_calls(*accounting.mutable_calls(), last.finisher);
  *accounting.mutable_sources() = status.sources();
  for (const SourceStatus& source : status.sources()) {
    accounting.add_input(source.name());
    if (!source.error().empty()) result.problems.push_back({source.error()});
  }
  if (accounting.frames().received() > 0) {
    set_time(*accounting.mutable_first_frame(), last.tap.capture.first_frame);
    set_time(*accounting.mutable_last_frame(), last.tap.capture.last_frame);
  }
  set_time(*accounting.mutable_finished(), last.tap.at);
  accounting.set_elapsed_s(to_seconds(last.tap.at - last.tap.started));
  add_losses(result, last.spool_error);
  if (!last.tap.imbalance.empty()) result.problems.push_back({last.tap.imbalance});
  if (auto saved = save_accounting(directory_, accounting); !saved) {
    result.problems.push_back(std::move(saved.error()));
  }
  return result;
}

}  // namespace

Result<std::unique_ptr<Recorder>> Recorder::start(const Session& session, const LiveInput& input) {
  auto recorder = std::make_unique<LiveRecorder>(session);
  if (auto opened = recorder->open(session, input); !opened) {
    return tl::make_unexpected(std::move(opened.error()));
  }
  return recorder;
}

}  // namespace koegura::tools
