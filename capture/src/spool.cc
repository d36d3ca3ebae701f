#include "capture/spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>

#include "block_pool.h"
#include "capture/pcapng.h"
#include "recovered_spool.h"
#include "run_outlet.h"
#include "run_writer.h"
#include "spool_segment.h"

namespace koegura::capture {
namespace {

constexpr std::size_t kLargestDatagram = 65535;
constexpr std::size_t kQueuedRuns = 16;  // of a spool of its own: 256 KiB
// How long a reader waits for what the writer has in hand. A call that waited in vain is tried
// again.
constexpr auto kReadPatience = std::chrono::seconds(5);
constexpr auto kReadPoll = std::chrono::milliseconds(2);

std::string because(int error) {
  return std::generic_category().message(error);
}

// Writes on the spool's own thread, some runs at once.
class InlineOutlet final : public RunOutlet {
 public:
  InlineOutlet(std::string prefix, const SpoolOptions& options)
      : RunOutlet(options.run_bytes), prefix_(std::move(prefix)) {
    queue_.reserve(kQueuedRuns);
  }
  ~InlineOutlet() override {
    for (const QueuedRun& queued : queue_) dispose(queued);
  }

  SegmentHold make_segment(Duration /*wall_offset*/) override {
    const std::uint32_t number = next_number_++;
    return SegmentHold(new SpoolSegment(prefix_ + std::to_string(number) + ".pcapng", number,
                                        nullptr, pcapng_preamble(LinkType::kRaw)));
  }
  bool has_room(std::uint32_t /*capacity*/, bool /*is_last*/) override {
    return queue_.size() < kQueuedRuns || settle();
  }
  void put(const QueuedRun& queued) override {
    queue_.push_back(queued);
    if (queue_.size() >= kQueuedRuns) static_cast<void>(settle());
  }
  bool settle() override {
    const std::size_t written = writer_.write(queue_);
    for (std::size_t i = 0; i < written; ++i) dispose(queue_[i]);
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(written));
    return queue_.empty();
  }
  [[nodiscard]] SpoolStats stats() const override {
    SpoolStats stats;
    stats.bytes_written = writer_.bytes_written();
    stats.segments = writer_.segments();
    stats.write_errors = writer_.errors();
    return stats;
  }
  [[nodiscard]] const std::string& last_error() const override { return writer_.last_error(); }

 private:
  const std::string prefix_;
  RunWriter writer_;
  std::vector<QueuedRun> queue_;
  std::uint32_t next_number_ = 0;
};

}  // namespace

struct Spool::Current {
  SegmentHold segment;
  std::uint32_t used = 0;
};

void RunMemory::operator()(std::byte* blocks) const {
  if (pool != nullptr) return pool->give_back(blocks);
  delete[] blocks;
}

Spool::Spool(const SpoolOptions& options, RunOutlet& outlet, std::unique_ptr<RunOutlet> owned)
    : options_(options),
      owned_(std::move(owned)),
      outlet_(outlet),
      current_(std::make_unique<Current>()) {}
Spool::~Spool() = default;

// What stands in the segments is on the capture's clock.
void Spool::set_wall_offset(Duration offset) {
  if (offset == wall_offset_) return;
  wall_offset_ = offset;
  current_->segment = {};
}

Result<std::unique_ptr<Spool>> Spool::open(const std::string& directory,
                                           const SpoolOptions& options, const std::string& name) {
  if (auto ready = make_spool_folder(directory); !ready) {
    return tl::make_unexpected(std::move(ready.error()));
  }
  const std::string prefix = directory + "/" + std::to_string(::getpid()) + "-" + name;
  auto outlet = std::make_unique<InlineOutlet>(prefix, options);
  RunOutlet& there = *outlet;
  return std::make_unique<Spool>(options, there, std::move(outlet));
}

bool Spool::append(SpoolRun& run, Timestamp time, Bytes ip) {
  if (ip.size() > kLargestDatagram) return false;
  if (recovered_ != nullptr && append_again(run, ip)) [[unlikely]] {
    ++packets_;
    return true;
  }
  const auto size = static_cast<std::uint32_t>(enhanced_packet_size(ip.size()));
  if (run.used != 0 && run.used + size > options_.run_bytes && !queue_run(run)) return false;
  if (run.used + size > run.capacity) grow(run, run.used + size);
  run.used +=
      static_cast<std::uint32_t>(write_enhanced_packet(run.blocks.get() + run.used, time, ip));
  ++packets_;
  return true;
}

// Where the packet stands already. What came before it is put into place first.
bool Spool::append_again(SpoolRun& run, Bytes ip) {
  const auto place = recovered_->take(ip);
  if (!place) return false;
  hand_over(run);
  std::vector<RunHold>& runs = run.packets.runs();
  if (!runs.empty()) {
    SpooledRun& last = *runs.back().get();
    const bool goes_on = last.segment.get() == place->segment && last.end() == place->offset;
    if (goes_on && !last.is_shared()) {
      last.length += place->length;
      return true;
    }
  }
  run.packets.append(
      RunHold(new SpooledRun(SegmentHold(place->segment), place->offset, place->length)));
  return true;
}

void Spool::grow(SpoolRun& run, std::uint32_t needed) {
  SpoolRun larger;
  if (needed <= kSmallRun && run.packets.empty()) {
    larger.blocks = {outlet_.small.take(), {&outlet_.small}};
    larger.capacity = kSmallRun;
  } else if (needed <= options_.run_bytes) {
    larger.blocks = {outlet_.large.take(), {&outlet_.large}};
    larger.capacity = options_.run_bytes;
  } else {  // a datagram larger than a run
    larger.blocks = {new std::byte[needed], {}};
    larger.capacity = needed;
  }
  if (run.used != 0) std::memcpy(larger.blocks.get(), run.blocks.get(), run.used);
  run.blocks = std::move(larger.blocks);
  run.capacity = larger.capacity;
}

SpooledPackets Spool::take(SpoolRun& run) {
  // On failure the run's packets stay in it, and others in memory: a later take may find the disk
  // willing again.
  if (run.used != 0) static_cast<void>(queue_run(run, /*is_last=*/true));
  SpooledPackets packets = run.packets;
  if (!outlet_.settle()) {
    std::erase_if(packets.runs(), [](const RunHold& spooled) {
      return spooled.get()->end() > spooled.get()->segment->written();
    });
  }
  return packets;
}

bool Spool::queue_run(SpoolRun& run, bool is_last) {
  if (!outlet_.has_room(run.capacity, is_last)) return false;
  const bool fits = current_->segment.get() != nullptr &&
                    std::uint64_t{current_->used} + run.used <= options_.segment_bytes;
  if (!fits) {
    current_->segment = outlet_.make_segment(wall_offset_);
    current_->used = static_cast<std::uint32_t>(current_->segment->preamble().size());
  }
  RunHold spooled(new SpooledRun(current_->segment, current_->used, run.used));
  current_->used += run.used;
  run.packets.append(spooled);
  BlockPool* const pool = run.blocks.get_deleter().pool;
  outlet_.put({.run = spooled.forget(),
               .blocks = run.blocks.release(),
               .pool = pool,
               .capacity = run.capacity});
  run.used = 0;
  run.capacity = 0;
  return true;
}

void Spool::finish() {
  current_->segment = {};
}

void Spool::flush() {
  static_cast<void>(outlet_.settle());
}

const std::string& Spool::last_error() const {
  return outlet_.last_error();
}

SpoolStats Spool::stats() const {
  SpoolStats stats = outlet_.stats();
  stats.packets = packets_;
  return stats;
}

Result<void> make_spool_folder(const std::string& directory) {
  std::error_code error;
  const bool there = std::filesystem::is_directory(directory, error);
  if (!there && ::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST) {
    return failure("spool " + directory + ": cannot be created: " + because(errno));
  }
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return failure("spool " + directory + ": cannot be written: " + because(errno));
  }
  return {};
}

SpoolReader::~SpoolReader() {
  if (file_ >= 0) ::close(file_);
}

Result<void> SpoolReader::load(const SpooledRun& run) {
  const std::string& path = run.segment->path();
  const auto refused = [&](const std::string& why) {
    return failure("spool " + path + ": offset " + std::to_string(run.offset) +
                   ": cannot be read back: " + why);
  };
  const auto end = std::chrono::steady_clock::now() + kReadPatience;
  while (run.segment->written() < run.end()) {
    if (std::chrono::steady_clock::now() > end) return refused("the disk has not taken it yet");
    std::this_thread::sleep_for(kReadPoll);
  }
  if (segment_ != run.segment.get()) {
    if (file_ >= 0) ::close(file_);
    file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    segment_ = file_ < 0 ? nullptr : run.segment.get();
    if (file_ < 0) return refused(because(errno));
  }
  buffer_.resize(run.length);
  position_ = 0;
  const ssize_t got = ::pread(file_, buffer_.data(), run.length, run.offset);
  if (got == static_cast<ssize_t>(run.length)) return {};
  const int error = errno;
  buffer_.clear();
  return refused(got < 0 ? because(error) : "the file ends early");
}

Result<bool> SpoolReader::next(SpooledPacket& packet) {
  if (position_ == buffer_.size()) {
    if (next_run_ == packets_->runs().size()) return false;
    const SpooledRun& run = *packets_->runs()[next_run_++].get();
    if (auto loaded = load(run); !loaded) return tl::make_unexpected(std::move(loaded.error()));
  }
  const auto block = read_enhanced_packet(Bytes(buffer_).subspan(position_));
  if (!block) {
    return failure("spool " + packets_->runs()[next_run_ - 1].get()->segment->path() +
                   ": a packet block is damaged");
  }
  packet.time = block->time;
  packet.ip = block->packet;
  position_ += block->block_size;
  return true;
}

}  // namespace koegura::capture
