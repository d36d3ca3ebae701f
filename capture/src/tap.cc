#include "capture/tap.h"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include "call_path.h"
#include "direct_join.h"
#include "published.h"
#include "receive_thread.h"
#include "recovered_spool.h"

namespace koegura::capture {
namespace {

constexpr auto kTapIdle = std::chrono::milliseconds(5);  // between two looks at empty rings
constexpr std::size_t kTapBurst = 256;
constexpr std::size_t kMostNews = 1024;  // of one lane, before the next one's turn

// What the signalling thread knows.
struct CallFigures {
  std::vector<Accounting> by_source;  // of the frames handed over
  CaptureStats stats;
  Hearing hearing;
  std::vector<LiveCall> calls;
  RecoverySnapshot recovery;
  std::vector<ClockStep> clock_steps;
};

void name_thread(const std::string& name) {
  static_cast<void>(::pthread_setname_np(::pthread_self(), name.c_str()));  // 15 characters fit
}

TapOptions with_clocks(TapOptions options) {
  if (options.clocks == nullptr) options.clocks = sample_clocks;
  return options;
}

class LiveTap final : public Tap {
 public:
  LiveTap(const TapOptions& options, SpoolFolder& folder)
      : options_(with_clocks(options)), folder_(folder), call_spool_(folder.make_spool("sip")) {}
  LiveTap(const LiveTap&) = delete;
  LiveTap& operator=(const LiveTap&) = delete;
  ~LiveTap() override { stop(TapEnd::kArchive); }

  void add(Lane lane);
  void run(CallSink& sink);

  void stop(TapEnd end) override;
  [[nodiscard]] TapSnapshot snapshot() const override;
  [[nodiscard]] bool is_dead() const override;

 private:
  void signal();
  void recover();
  void look_at_clock();
  void read_again(RecoveredSpool& recovered);
  void note_recovered(const RecoveredStats& stats);
  [[nodiscard]] bool take_news();
  void tell(bool last);
  [[nodiscard]] CallFigures count() const;

  const TapOptions options_;
  const ClockSample start_ = options_.clocks();
  SteadyStamps stamps_{start_};  // signalling thread
  TapPhase phase_;
  SpoolFolder& folder_;
  std::unique_ptr<Spool> call_spool_;
  std::vector<std::unique_ptr<ReceiveThread>> lanes_;
  std::uint32_t sources_ = 0;
  // Of the signalling thread: the last lane is what an earlier process left.
  std::unique_ptr<RecoveredSpool> recovered_;
  std::unique_ptr<Spool> recovery_spool_;
  DirectJoin recovery_join_;
  std::unique_ptr<ReceivePath> recovery_path_;
  RecoverySnapshot recovery_;
  std::atomic<Duration> wall_offset_{Duration::zero()};
  std::vector<Accounting> by_source_;
  std::unique_ptr<CallPath> calls_;
  Published<CallFigures> figures_;
  Pulse pulse_;
  Timestamp started_;
  std::vector<std::thread> threads_;
};

void LiveTap::add(Lane lane) {
  const auto number = static_cast<std::uint32_t>(lanes_.size());
  const ReceivePath::Place place{
      .lane = number, .first_source = sources_, .sources = static_cast<std::uint32_t>(lane.size())};
  sources_ += place.sources;
  lanes_.push_back(std::make_unique<ReceiveThread>(
      options_, place, std::move(lane), folder_.make_spool("rx" + std::to_string(number)),
      ReceiveThread::Beginning{.phase = phase_, .start = start_}));
}

void LiveTap::run(CallSink& sink) {
  std::vector<StreamKeeper*> keepers;
  for (const auto& lane : lanes_) keepers.push_back(&lane->hand_off());
  recovered_ = folder_.recover();
  if (recovered_) {
    recovery_spool_ = folder_.make_spool("again");
    recovery_path_ = std::make_unique<ReceivePath>(
        options_.capture, ReceivePath::Place{.lane = static_cast<std::uint32_t>(lanes_.size())},
        *recovery_spool_, recovery_join_, recovery_join_);
    keepers.push_back(&recovery_path_->keeper());
    recovery_.is_done = false;
  }
  calls_ = std::make_unique<CallPath>(options_.capture, *call_spool_, std::move(keepers), sink);
  recovery_join_.join(*calls_);
  by_source_.resize(sources_);
  tell(/*last=*/true);
  started_ = std::chrono::system_clock::now();
  threads_.emplace_back([this] {
    name_thread("koegura-sip");
    signal();
  });
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    threads_.emplace_back([this, i] {
      name_thread("koegura-rx" + std::to_string(i));
      lanes_[i]->run();
    });
  }
}

// Before anything that is heard now is taken up: calls that went on go on.
void LiveTap::recover() {
  if (!recovered_) return;
  const auto begun = std::chrono::steady_clock::now();
  call_spool_->read_again(recovered_.get());
  recovery_spool_->read_again(recovered_.get());
  while (recovered_->next_life()) read_again(*recovered_);
  recovery_path_->finish();
  note_recovered(recovered_->stats());
  call_spool_->read_again(nullptr);
  recovery_spool_->read_again(nullptr);
  calls_->flush();  // what was copied is on its way before its old place is let go of
  recovered_->finish();
  for (const WallOffset& offset : recovered_->wall_offsets()) calls_->history().add(offset);
  look_at_clock();
  if (recovery_.packets != 0) {
    calls_->resume({.from = recovery_.from, .to = std::max(recovery_.from, stamps_.now())});
  }
  recovery_.legs = calls_->hearing().legs;
  recovery_.seconds = to_seconds(std::chrono::steady_clock::now() - begun);
  recovery_.is_done = true;
  tell(/*last=*/true);
  recovered_.reset();
}

void LiveTap::read_again(RecoveredSpool& recovered) {
  std::array<Frame, kTapBurst> burst;
  auto next_figures = std::chrono::steady_clock::now();
  bool is_first = true;
  while (const std::size_t size = recovered.read(burst)) {
    const Timestamp before = recovery_.from;
    if (std::exchange(is_first, false) && before != Timestamp{}) {
      calls_->resume({.from = before, .to = std::max(before, recovered.life_began())});
    }
    recovery_path_->on_frames(0, std::span(burst).first(size));
    note_recovered(recovered.stats());
    pulse_.beat();
    if (const auto now = std::chrono::steady_clock::now(); now >= next_figures) {
      tell(/*last=*/false);
      next_figures = now + options_.figures_every;
    }
  }
}

void LiveTap::note_recovered(const RecoveredStats& stats) {
  recovery_.from = stats.last_packet;
  recovery_.segments = stats.segments;
  recovery_.bytes = stats.bytes;
  recovery_.packets = stats.packets;
  recovery_.damaged_bytes = stats.damaged_bytes;
  recovery_.problems = stats.problems;
}

void LiveTap::signal() {
  recover();
  bool finished = false;
  auto next_figures = std::chrono::steady_clock::now();
  while (!finished || !calls_->is_done()) {
    const bool any = take_news();
    look_at_clock();
    pulse_.beat();
    const bool ended = std::all_of(lanes_.begin(), lanes_.end(),
                                   [](const auto& lane) { return lane->hand_off().has_ended(); });
    if (ended && !finished) {
      if (!phase_.keeping) calls_->finish();
      finished = true;
    }
    if (const auto now = std::chrono::steady_clock::now(); now >= next_figures) {
      tell(/*last=*/false);
      next_figures = now + options_.figures_every;
      if (recovery_path_) recovery_path_->advance(stamps_.now());
    }
    if (!any) std::this_thread::sleep_for(kTapIdle);
  }
  tell(/*last=*/true);
  if (phase_.keeping) {
    calls_->keep();
    if (recovery_path_) recovery_path_->keep_packets();
  }
  call_spool_->finish();
  phase_.done.store(true, std::memory_order_release);
}

void LiveTap::look_at_clock() {
  stamps_.look(options_.clocks());
  const Duration offset = stamps_.wall_offset();
  if (offset == wall_offset_.load()) return;
  wall_offset_ = offset;
  calls_->history().add(WallOffset{.from = stamps_.now(), .offset = offset});
  call_spool_->set_wall_offset(offset);
}

void LiveTap::tell(bool last) {
  last ? figures_.publish_last(count()) : figures_.publish(count());
}

bool LiveTap::take_news() {
  bool any = false;
  for (const auto& lane : lanes_) {
    lane->hand_off().flush_orders();
    any |= lane->hand_off().take_news(*calls_, by_source_, kMostNews);
  }
  return any;
}

CallFigures LiveTap::count() const {
  return {.by_source = by_source_,
          .stats = calls_->stats(),
          .hearing = calls_->hearing(),
          .calls = calls_->calls_in_progress(),
          .recovery = recovery_,
          .clock_steps = calls_->history().clock_steps()};
}

void LiveTap::stop(TapEnd end) {
  if (threads_.empty()) return;
  phase_.keeping = end == TapEnd::kKeep;
  phase_.stopping = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

TapSnapshot LiveTap::snapshot() const {
  TapSnapshot snapshot;
  snapshot.started = started_;
  snapshot.wall_offset = wall_offset_;
  snapshot.at = std::chrono::system_clock::now() - snapshot.wall_offset;
  CallFigures calls = figures_.read();
  snapshot.capture = calls.stats;
  snapshot.hearing = calls.hearing;
  snapshot.calls = std::move(calls.calls);
  snapshot.recovery = std::move(calls.recovery);
  snapshot.clock_steps = std::move(calls.clock_steps);
  snapshot.spool = folder_.stats();
  snapshot.heartbeats.push_back({.thread = "sip", .age = pulse_.age()});
  CaptureStats& stats = snapshot.capture;
  for (const auto& lane : lanes_) {
    LaneFigures figures = lane->figures();
    for (SourceSnapshot& source : figures.sources) {
      source.accounting += calls.by_source[snapshot.sources.size()];
      stats.last_frame = std::max(stats.last_frame, source.last_frame);
      snapshot.sources.push_back(std::move(source));
    }
    stats.streams += figures.streams;
    stats.messages_lost += figures.messages_lost;
    stats.limits += figures.limits;
    stats.spool.packets += figures.spool.packets;
    stats.spool.bytes_written += figures.spool.bytes_written;
    stats.spool.segments += figures.spool.segments;
    stats.spool.write_errors += figures.spool.write_errors;
    stats.spool.waiting_bytes += figures.spool.waiting_bytes;
    snapshot.heartbeats.push_back({.thread = "rx" + std::to_string(snapshot.heartbeats.size() - 1),
                                   .age = lane->pulse().age()});
    const bool earlier =
        stats.first_frame == Timestamp{} || figures.first_frame < stats.first_frame;
    if (figures.first_frame != Timestamp{} && earlier) stats.first_frame = figures.first_frame;
    if (!figures.imbalance.empty()) snapshot.imbalance = std::move(figures.imbalance);
  }
  return snapshot;
}

bool LiveTap::is_dead() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const auto& lane) { return lane->figures().dead; });
}

}  // namespace

std::unique_ptr<Tap> Tap::start(const TapOptions& options, SpoolFolder& spool,
                                std::vector<Lane> lanes, CallSink& sink) {
  auto tap = std::make_unique<LiveTap>(options, spool);
  for (Lane& lane : lanes) tap->add(std::move(lane));
  tap->run(sink);
  return tap;
}

}  // namespace koegura::capture
