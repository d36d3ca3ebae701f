#include "queue_source.h"

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "eal.h"

namespace koegura::capture {

namespace {

// A mempool keeps a cache for each lcore, and other threads pay an atomic operation a burst. So a
// receive thread becomes an lcore as long as it runs; where EAL has none left it works all the
// same.
class Lcore {
 public:
  Lcore() : registered_(rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0) {}
  ~Lcore() {
    if (registered_ && Eal::is_up()) rte_thread_unregister();
  }
  Lcore(const Lcore&) = delete;
  Lcore& operator=(const Lcore&) = delete;

 private:
  bool registered_;
};

void become_lcore() {
  static thread_local const Lcore lcore;
}

// Both clocks at once: the tightest of a few tries, as an interrupt may fall between the two.
TscClock::Reading read_clocks() {
  constexpr int kTries = 4;
  TscClock::Reading best;
  std::uint64_t least = UINT64_MAX;
  for (int i = 0; i < kTries; ++i) {
    const std::uint64_t before = rte_rdtsc();
    const Timestamp wall = std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
    const std::uint64_t took = rte_rdtsc() - before;
    if (took >= least) continue;
    least = took;
    best = {before + took / 2, wall};
  }
  return best;
}

}  // namespace

void OpenSources::detach_all() {
  for (QueueSource* source : sources_) {
    if (source != nullptr) source->detach();
  }
}

QueueSource::QueueSource(const Port& port, std::uint16_t queue, FrameFilter filter,
                         OpenSources& all)
    : port_(port.id()),
      queue_(queue),
      name_("dpdk " + port.name() + '/' + std::to_string(queue)),
      filter_(std::move(filter)),
      all_(&all),
      place_(all.add(*this)),
      clock_(rte_get_tsc_hz(), read_clocks()) {
  rte_eth_stats stats{};
  if (queue_ == 0 && rte_eth_stats_get(port_, &stats) == 0) {
    missed_ = GrowingCounter(stats.imissed);
    unbuffered_ = GrowingCounter(stats.rx_nombuf);
    errors_ = GrowingCounter(stats.ierrors);
  }
}

QueueSource::~QueueSource() {
  if (all_ == nullptr) return;
  all_->remove(place_);
  detach();
}

void QueueSource::detach() {
  rte_pktmbuf_free_bulk(mbufs_.data(), static_cast<unsigned>(held_));
  given_ = held_ = 0;
  losses_ = losses();
  all_ = nullptr;
}

Result<std::size_t> QueueSource::read(std::span<Frame> burst) {
  if (all_ == nullptr) return failure(name_ + ": the port was closed");
  become_lcore();
  // 0 would say that nothing is there, and the reader might rest; so frames that the filter
  // refuses are read past, but not without end, as the reader may have other sources.
  constexpr int kRefusedBursts = 16;
  for (int i = 0; i < kRefusedBursts; ++i) {
    free_given();
    if (held_ == 0 && receive() == 0) return 0;
    if (const std::size_t count = give(burst); count != 0) return count;
  }
  return 0;
}

void QueueSource::free_given() {
  rte_pktmbuf_free_bulk(mbufs_.data(), static_cast<unsigned>(given_));
  std::copy(mbufs_.begin() + static_cast<std::ptrdiff_t>(given_),
            mbufs_.begin() + static_cast<std::ptrdiff_t>(held_), mbufs_.begin());
  held_ -= given_;
  given_ = 0;
}

std::size_t QueueSource::receive() {
  held_ = rte_eth_rx_burst(port_, queue_, mbufs_.data(), kBurst);
  const std::uint64_t tsc = rte_rdtsc();
  if (clock_.is_due(tsc)) clock_.measure(read_clocks());
  if (held_ == 0) return 0;
  time_ = clock_.at(tsc);
  std::size_t in_segments = 0;
  for (std::size_t i = 0; i < held_; ++i) {
    // A driver that takes VLAN tags off, though not asked to: they are part of the frame.
    if ((mbufs_[i]->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) rte_vlan_insert(&mbufs_[i]);
    if (mbufs_[i]->nb_segs > 1) in_segments += mbufs_[i]->pkt_len;
  }
  whole_used_ = 0;
  if (in_segments > whole_.size()) whole_.resize(in_segments);
  return held_;
}

std::size_t QueueSource::give(std::span<Frame> burst) {
  constexpr std::size_t kAhead = 4;
  std::size_t count = 0;
  while (given_ < held_ && count < burst.size()) {
    if (given_ + kAhead < held_) rte_prefetch0(rte_pktmbuf_mtod(mbufs_[given_ + kAhead], void*));
    const rte_mbuf& mbuf = *mbufs_[given_++];
    const Frame frame{time_, contiguous(mbuf), mbuf.pkt_len, LinkType::kEthernet, 0};
    received_ += mbuf.pkt_len;
    if (!filter_.passes(frame)) continue;
    burst[count++] = frame;
  }
  return count;
}

Bytes QueueSource::contiguous(const rte_mbuf& first) {
  if (first.nb_segs == 1) return {rte_pktmbuf_mtod(&first, const std::byte*), first.data_len};
  const std::size_t begin = whole_used_;
  for (const rte_mbuf* part = &first; part != nullptr; part = part->next) {
    std::memcpy(whole_.data() + whole_used_, rte_pktmbuf_mtod(part, const std::byte*),
                part->data_len);
    whole_used_ += part->data_len;
  }
  return Bytes(whole_).subspan(begin, whole_used_ - begin);
}

std::optional<Timestamp> QueueSource::now() const {
  return clock_.at(rte_rdtsc());
}

SourceLosses QueueSource::losses() {
  // They are the port's: told by its first queue only, so that the sum over the queues is right.
  rte_eth_stats stats{};
  if (queue_ != 0 || all_ == nullptr || rte_eth_stats_get(port_, &stats) != 0) return losses_;
  losses_.ring = missed_.update(stats.imissed) + unbuffered_.update(stats.rx_nombuf);
  losses_.interface = errors_.update(stats.ierrors);
  return losses_;
}

}  // namespace koegura::capture
