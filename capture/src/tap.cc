#include "capture/tap.h"

#include <pthread.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "call_path.h"
#include "published.h"
#include "receive_thread.h"

namespace koegura::capture {
namespace {

constexpr auto kIdle = std::chrono::milliseconds(5);  // between two looks at empty rings
constexpr std::size_t kMostNews = 1024;               // of one lane, before the next one's turn

// What the signalling thread knows.
struct CallFigures {
  std::vector<Accounting> by_source;  // of the frames handed over
  CaptureStats stats;
  Hearing hearing;
  std::vector<LiveCall> calls;
  std::string spool_error;
};

void name_thread(const std::string& name) {
  static_cast<void>(::pthread_setname_np(::pthread_self(), name.c_str()));  // 15 characters fit
}

class LiveTap final : public Tap {
 public:
  LiveTap(const TapOptions& options, std::unique_ptr<Spool> call_spool)
      : options_(options), call_spool_(std::move(call_spool)) {}
  ~LiveTap() override { stop(); }

  Result<void> add(Lane lane, const std::string& spool_directory);
  void run(CallSink& sink);

  void stop() override;
  [[nodiscard]] TapSnapshot snapshot() const override;
  [[nodiscard]] bool is_dead() const override;
  [[nodiscard]] std::string spool_error() const override;

 private:
  void signal();
  [[nodiscard]] bool take_news();
  [[nodiscard]] CallFigures count() const;

  const TapOptions options_;
  TapPhase phase_;
  std::unique_ptr<Spool> call_spool_;
  std::vector<std::unique_ptr<ReceiveThread>> lanes_;
  std::uint32_t sources_ = 0;
  std::vector<Accounting> by_source_;  // signalling thread
  std::unique_ptr<CallPath> calls_;    // signalling thread
  Published<CallFigures> figures_;
  Timestamp started_;
  std::vector<std::thread> threads_;
};

Result<void> LiveTap::add(Lane lane, const std::string& spool_directory) {
  const auto number = static_cast<std::uint32_t>(lanes_.size());
  auto spool = Spool::open(spool_directory, options_.spool, "rx" + std::to_string(number) + "-");
  if (!spool) return tl::make_unexpected(std::move(spool.error()));
  const ReceivePath::Place place{
      .lane = number, .first_source = sources_, .sources = static_cast<std::uint32_t>(lane.size())};
  sources_ += place.sources;
  lanes_.push_back(
      std::make_unique<ReceiveThread>(options_, place, std::move(lane), std::move(*spool), phase_));
  return {};
}

void LiveTap::run(CallSink& sink) {
  std::vector<StreamKeeper*> keepers;
  for (const auto& lane : lanes_) keepers.push_back(&lane->hand_off());
  calls_ = std::make_unique<CallPath>(options_.capture, *call_spool_, std::move(keepers), sink);
  by_source_.resize(sources_);
  figures_.publish_last(count());
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

void LiveTap::signal() {
  bool finished = false;
  auto next_figures = std::chrono::steady_clock::now();
  while (!finished || !calls_->is_done()) {
    const bool any = take_news();
    const bool ended = std::all_of(lanes_.begin(), lanes_.end(),
                                   [](const auto& lane) { return lane->hand_off().has_ended(); });
    if (ended && !finished) {
      calls_->finish();
      finished = true;
    }
    if (const auto now = std::chrono::steady_clock::now(); now >= next_figures) {
      figures_.publish(count());
      next_figures = now + options_.figures_every;
    }
    if (!any) std::this_thread::sleep_for(kIdle);
  }
  figures_.publish_last(count());
  phase_.done.store(true, std::memory_order_release);
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
          .spool_error = call_spool_->last_error()};
}

void LiveTap::stop() {
  phase_.stopping = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

TapSnapshot LiveTap::snapshot() const {
  TapSnapshot snapshot;
  snapshot.started = started_;
  snapshot.at = std::chrono::system_clock::now();
  CallFigures calls = figures_.read();
  snapshot.capture = calls.stats;
  snapshot.hearing = calls.hearing;
  snapshot.calls = std::move(calls.calls);
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
    stats.spool.packets += figures.spool.packets;
    stats.spool.bytes_written += figures.spool.bytes_written;
    stats.spool.segments += figures.spool.segments;
    stats.spool.write_errors += figures.spool.write_errors;
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

std::string LiveTap::spool_error() const {
  std::string error = figures_.read().spool_error;
  for (const auto& lane : lanes_) {
    if (error.empty()) error = lane->figures().spool_error;
  }
  return error;
}

}  // namespace

Result<std::unique_ptr<Tap>> Tap::start(const TapOptions& options,
                                        const std::string& spool_directory, std::vector<Lane> lanes,
                                        CallSink& sink) {
  auto spool = Spool::open(spool_directory, options.spool, "sip-");
  if (!spool) return tl::make_unexpected(std::move(spool.error()));
  auto tap = std::make_unique<LiveTap>(options, std::move(*spool));
  for (Lane& lane : lanes) {
    if (auto added = tap->add(std::move(lane), spool_directory); !added) {
      return tl::make_unexpected(std::move(added.error()));
    }
  }
  tap->run(sink);
  return tap;
}

}  // namespace koegura::capture
