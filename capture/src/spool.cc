#include "capture/spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "block_pool.h"
#include "capture/pcapng.h"

namespace koegura::capture {

// Lives until its last holder lets go; then the file has no reader left and goes too. The spool
// itself holds the segment that it writes.
class SpoolSegment {
 public:
  SpoolSegment(std::string path, int file) : path_(std::move(path)), file_(file) {}
  SpoolSegment(const SpoolSegment&) = delete;
  SpoolSegment& operator=(const SpoolSegment&) = delete;

  void hold() { holders_.fetch_add(1, std::memory_order_relaxed); }
  void release() {
    if (holders_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int file() const { return file_; }

 private:
  ~SpoolSegment() {
    ::close(file_);
    ::unlink(path_.c_str());
  }

  std::string path_;
  int file_;
  std::atomic<std::uint32_t> holders_{0};
};

SegmentHold::SegmentHold(SpoolSegment* segment) : segment_(segment) {
  if (segment_ != nullptr) segment_->hold();
}
SegmentHold::SegmentHold(const SegmentHold& other) : SegmentHold(other.segment_) {}
SegmentHold::SegmentHold(SegmentHold&& other) noexcept
    : segment_(std::exchange(other.segment_, nullptr)) {}
SegmentHold& SegmentHold::operator=(SegmentHold other) noexcept {
  std::swap(segment_, other.segment_);
  return *this;
}
SegmentHold::~SegmentHold() {
  if (segment_ != nullptr) segment_->release();
}

void RunMemory::operator()(std::byte* blocks) const {
  if (pool != nullptr) return pool->give_back(blocks);
  delete[] blocks;
}

std::uint64_t SpooledPackets::bytes() const {
  std::uint64_t sum = 0;
  for (const SpoolExtent& extent : extents_) sum += extent.length;
  return sum;
}

namespace {

constexpr std::uint32_t kSmallRun = 2048;
constexpr std::size_t kLargestDatagram = 65535;

std::string because(int error) {
  return std::generic_category().message(error);
}

// So many full runs are written at once: 256 KiB.
constexpr std::size_t kQueuedRuns = 16;

// Writes all of it, or errno says why not; a partial write is taken back by the next one at its
// offset. Leaves nothing of `parts` as it was.
bool write_at(int file, std::span<iovec> parts, std::uint64_t offset) {
  while (!parts.empty()) {
    const ssize_t written =
        ::pwritev(file, parts.data(), static_cast<int>(parts.size()), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    offset += static_cast<std::uint64_t>(written);
    auto rest = static_cast<std::size_t>(written);
    while (!parts.empty() && rest >= parts.front().iov_len) {
      rest -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (parts.empty()) return true;
    parts.front().iov_base = static_cast<std::byte*>(parts.front().iov_base) + rest;
    parts.front().iov_len -= rest;
  }
  return true;
}

}  // namespace

Spool::Spool(std::string prefix, const SpoolOptions& options)
    : prefix_(std::move(prefix)),
      options_(options),
      small_(std::make_unique<BlockPool>(kSmallRun)),
      large_(std::make_unique<BlockPool>(options.run_bytes)) {
  queue_.reserve(kQueuedRuns);
}
Spool::~Spool() = default;

Result<std::unique_ptr<Spool>> Spool::open(const std::string& directory,
                                           const SpoolOptions& options, const std::string& name) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    if (::mkdir(directory.c_str(), 0750) != 0 && errno != EEXIST) {
      return failure("spool " + directory + ": cannot be created: " + because(errno));
    }
  }
  if (::access(directory.c_str(), R_OK | W_OK | X_OK) != 0) {
    return failure("spool " + directory + ": cannot be written: " + because(errno));
  }
  const std::string prefix = directory + "/" + std::to_string(::getpid()) + "-" + name;
  return std::unique_ptr<Spool>(new Spool(prefix, options));
}

bool Spool::append(SpoolRun& run, Timestamp time, Bytes ip) {
  if (ip.size() > kLargestDatagram) return false;
  const auto size = static_cast<std::uint32_t>(enhanced_packet_size(ip.size()));
  if (run.used != 0 && run.used + size > options_.run_bytes && !queue_run(run)) return false;
  if (run.used + size > run.capacity) grow(run, run.used + size);
  run.used +=
      static_cast<std::uint32_t>(write_enhanced_packet(run.blocks.get() + run.used, time, ip));
  ++stats_.packets;
  return true;
}

void Spool::grow(SpoolRun& run, std::uint32_t needed) {
  SpoolRun larger;
  if (needed <= kSmallRun && run.packets.empty()) {
    larger.blocks = {small_->take(), {small_.get()}};
    larger.capacity = kSmallRun;
  } else if (needed <= options_.run_bytes) {
    larger.blocks = {large_->take(), {large_.get()}};
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
  // On failure the run's packets stay in it, and the queue in memory: a later take may find the
  // disk willing again.
  if (run.used != 0) static_cast<void>(queue_run(run));
  SpooledPackets packets = run.packets;
  if (!write_queue()) forget_unwritten(packets);
  return packets;
}

bool Spool::queue_run(SpoolRun& run) {
  if (queue_.size() >= kQueuedRuns && !write_queue()) return false;
  const bool fits = current_.get() != nullptr &&
                    std::uint64_t{current_used_} + run.used <= options_.segment_bytes;
  if (!fits && (!write_queue() || !start_segment())) return false;
  run.packets.append({current_, current_used_, run.used});
  current_used_ += run.used;
  queue_.push_back({std::move(run.blocks), run.used});
  run.used = 0;
  run.capacity = 0;
  if (queue_.size() >= kQueuedRuns) static_cast<void>(write_queue());
  return true;
}

bool Spool::write_queue() {
  if (queue_.empty()) return true;
  std::array<iovec, kQueuedRuns> parts;
  for (std::size_t i = 0; i < queue_.size(); ++i) {
    parts[i] = {.iov_base = queue_[i].blocks.get(), .iov_len = queue_[i].used};
  }
  if (!write_at(current_.get()->file(), std::span(parts).first(queue_.size()), queue_offset_)) {
    return refuse(current_.get()->path(), "cannot be written");
  }
  stats_.bytes_written += current_used_ - queue_offset_;
  queue_offset_ = current_used_;
  queue_.clear();
  return true;
}

// What stands in the queue alone cannot be read back.
void Spool::forget_unwritten(SpooledPackets& packets) const {
  packets.erase_if([&](const SpoolExtent& extent) {
    return extent.segment.get() == current_.get() && extent.offset >= queue_offset_;
  });
}

bool Spool::start_segment() {
  const std::string path = prefix_ + std::to_string(next_number_) + ".pcapng";
  const int file = ::open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0640);
  if (file < 0) return refuse(path, "cannot be created");
  SegmentHold segment(new SpoolSegment(path, file));
  std::vector<std::byte> preamble = pcapng_preamble(LinkType::kRaw);
  iovec part{.iov_base = preamble.data(), .iov_len = preamble.size()};
  if (!write_at(file, {&part, 1}, 0)) return refuse(path, "cannot be written");
  current_ = std::move(segment);
  current_used_ = static_cast<std::uint32_t>(preamble.size());
  queue_offset_ = current_used_;
  ++next_number_;
  ++stats_.segments;
  stats_.bytes_written += preamble.size();
  return true;
}

bool Spool::refuse(const std::string& path, const char* what) {
  last_error_ = "spool " + path + ": " + what + ": " + because(errno);
  ++stats_.write_errors;
  return false;
}

Result<bool> SpoolReader::next(SpooledPacket& packet) {
  if (position_ == buffer_.size()) {
    if (next_extent_ == packets_->extents().size()) return false;
    const SpoolExtent& extent = packets_->extents()[next_extent_++];
    buffer_.resize(extent.length);
    position_ = 0;
    const ssize_t got =
        ::pread(extent.segment.get()->file(), buffer_.data(), extent.length, extent.offset);
    if (got != static_cast<ssize_t>(extent.length)) {
      return failure(
          "spool " + extent.segment.get()->path() + ": offset " + std::to_string(extent.offset) +
          ": cannot be read back: " + (got < 0 ? because(errno) : "the file ends early"));
    }
  }
  const auto block = read_enhanced_packet(Bytes(buffer_).subspan(position_));
  if (!block) {
    return failure("spool " + packets_->extents()[next_extent_ - 1].segment.get()->path() +
                   ": a packet block is damaged");
  }
  packet.time = block->time;
  packet.ip = block->packet;
  position_ += block->block_size;
  return true;
}

}  // namespace koegura::capture
