#include "receive_thread.h"

#include <poll.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "clock_step.h"

namespace koegura::capture {
namespace {

constexpr std::size_t kReceiveBurst = 256;
constexpr Duration kBalance = std::chrono::minutes(1);  // the hour is promised
constexpr int kIdleMs = 5;                              // orders must not wait long
// A source without a descriptor is looked at so often: 4,096 descriptors at 10 million packets a
// second last 400 us.
constexpr auto kPollEvery = std::chrono::microseconds(50);
constexpr std::size_t kMostPolled = 16;

}  // namespace

ReceiveThread::ReceiveThread(const TapOptions& options, const ReceivePath::Place& place,
                             Lane sources, std::unique_ptr<Spool> spool, const Beginning& beginning)
    : place_(place),
      figures_every_(options.figures_every),
      clocks_(options.clocks),
      phase_(beginning.phase),
      stamps_(beginning.start),
      spool_(std::move(spool)),
      hand_off_(options.hand_off_bytes),
      path_(options.capture, place, *spool_, hand_off_, hand_off_),
      burst_(kReceiveBurst) {
  for (auto& packets : sources) {
    std::string name = packets->name();
    sources_.push_back(
        {.packets = std::move(packets), .name = std::move(name), .losses = {}, .error = {}});
  }
  figures_.publish_last(count());
}

void ReceiveThread::run() {
  while (!phase_.stopping.load(std::memory_order_relaxed)) {
    hand_off_.take_orders(path_.keeper());
    const std::size_t frames = read_all();
    tell_time();
    pulse_.beat();
    if (frames == 0) wait();
  }
  for (Source& source : sources_) close(source);
  path_.finish();
  check_balance();
  hand_off_.on_end();
  while (!phase_.done.load(std::memory_order_acquire)) {
    hand_off_.take_orders(path_.keeper());
    pulse_.beat();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  if (phase_.keeping) path_.keep_packets();
  spool_->finish();
  figures_.publish_last(count());
}

std::size_t ReceiveThread::read_all() {
  std::size_t frames = 0;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    Source& source = sources_[i];
    if (!source.packets) continue;
    const auto size = source.packets->read(burst_);
    stamps_.look(clocks_());  // after it: a step that its frames have seen is known
    if (!size) {
      source.error = size.error().message;
      close(source);
      figures_.publish_last(count());  // the last source's clock stands still from now on
      continue;
    }
    const auto number = static_cast<std::uint32_t>(place_.first_source + i);
    const auto burst = std::span(burst_).first(*size);
    stamps_.steady(burst);
    path_.on_frames(number, burst);
    frames += *size;
  }
  return frames;
}

void ReceiveThread::close(Source& source) {
  if (!source.packets) return;
  source.losses = source.packets->losses();
  source.packets.reset();
}

// The clock goes on without frames, too: calls end by silence.
void ReceiveThread::tell_time() {
  for (const Source& source : sources_) {
    if (!source.packets) continue;
    if (const auto now = source.packets->now()) {
      stamps_.look(clocks_());  // behind it: the step that it may have seen is known
      now_ = clock_after(now_, stamps_.steady(*now));
    }
  }
  path_.advance(now_);
  spool_->set_wall_offset(stamps_.wall_offset());
  if (is_due(now_, next_balance_)) {
    check_balance();
    next_balance_ = now_ + kBalance;
  }
  if (is_due(now_, next_figures_)) {
    for (Source& source : sources_) {
      if (source.packets) source.losses = source.packets->losses();
    }
    figures_.publish(count());
    next_figures_ = now_ + figures_every_;
  }
}

void ReceiveThread::wait() const {
  std::array<pollfd, kMostPolled> descriptors;
  std::size_t count = 0;
  for (const Source& source : sources_) {
    if (!source.packets) continue;
    const int handle = source.packets->wait_handle();
    if (handle < 0 || count == kMostPolled) {
      std::this_thread::sleep_for(kPollEvery);
      return;
    }
    descriptors[count++] = {.fd = handle, .events = POLLIN, .revents = 0};
  }
  ::poll(descriptors.data(), count, kIdleMs);
}

// Every frame is counted, handed over, or found where it waits.
void ReceiveThread::check_balance() {
  std::uint64_t received = 0;
  std::uint64_t found = path_.handed_over() + path_.waiting();
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Accounting& accounting =
        path_.accounting(static_cast<std::uint32_t>(place_.first_source + i));
    received += accounting.received;
    found += accounting.accounted();
  }
  if (received == found) return;
  imbalance_ = "lane " + std::to_string(place_.lane) + ": " + std::to_string(received) +
               " frames received, " + std::to_string(found) + " accounted for";
}

LaneFigures ReceiveThread::count() const {
  LaneFigures figures;
  figures.dead = true;
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    const Source& source = sources_[i];
    const auto number = static_cast<std::uint32_t>(place_.first_source + i);
    figures.sources.push_back({.name = source.name,
                               .losses = source.losses,
                               .accounting = path_.accounting(number),
                               .bytes = path_.bytes(number),
                               .vlan_tagged = path_.decapsulation(number).vlan_tagged,
                               .tunnelled = path_.decapsulation(number).tunnelled,
                               .last_frame = path_.last_frame(number),
                               .error = source.error});
    figures.dead = figures.dead && source.error.size() > 0;
  }
  figures.spool = spool_->stats();
  figures.streams = path_.streams_seen();
  figures.messages_lost = path_.messages_lost();
  figures.limits = path_.limits();
  figures.first_frame = path_.first_frame();
  figures.imbalance = imbalance_;
  return figures;
}

}  // namespace koegura::capture
