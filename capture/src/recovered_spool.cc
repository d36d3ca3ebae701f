#include "recovered_spool.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <functional>
#include <system_error>
#include <utility>

#include "capture/pcapng.h"
#include "wire.h"

namespace koegura::capture {
namespace {

constexpr std::size_t kChunk = 1U << 20U;
constexpr std::size_t kUnreadable = 64U << 10U;  // passed over where the disk gives an error
// A run is written a second after its first packet at the latest, by default; a slow receive thread
// adds to it.
constexpr Duration kDisorder = std::chrono::seconds(5);
constexpr std::size_t kMostProblems = 10;
constexpr std::size_t kHeaderOfPacket = 28;  // of an enhanced packet block, before the packet
constexpr std::size_t kLargestBlock = enhanced_packet_size(65535);
constexpr std::string_view kOrigin = "koegura spool 1 ";

// A whole packet block of ours at the front; nothing if it is something else. `more`: it may be one
// whose end is not here.
std::optional<EnhancedPacket> block_at(Bytes bytes, bool& more) {
  more = bytes.size() < kEnhancedPacketOverhead;
  if (more) return std::nullopt;
  if (load_le32(bytes.data()) != kEnhancedPacketBlock) return std::nullopt;
  const std::size_t size = load_le32(bytes.data() + 4);
  if (size % 4 != 0 || size <= kEnhancedPacketOverhead || size > kLargestBlock) return std::nullopt;
  more = size > bytes.size();
  if (more || load_le32(bytes.data() + size - 4) != size) return std::nullopt;
  auto block = read_enhanced_packet(bytes);
  if (!block || block->packet.empty() ||
      enhanced_packet_size(block->packet.size()) != block->block_size) {
    return std::nullopt;
  }
  const unsigned version = load_u8(block->packet.data()) >> 4U;
  if (version != 4 && version != 6) return std::nullopt;
  return block;
}

struct OpenFile {
  explicit OpenFile(const std::string& path) : file(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  ~OpenFile() {
    if (file >= 0) ::close(file);
  }
  const int file;
};

// Up to size bytes; fewer at the file's end. -1 as of pread.
ssize_t read_at(int file, std::byte* to, std::size_t size, std::uint64_t offset) {
  std::size_t got = 0;
  while (got < size) {
    const ssize_t more = ::pread(file, to + got, size - got, static_cast<off_t>(offset + got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) return got > 0 ? static_cast<ssize_t>(got) : -1;
    if (more == 0) break;
    got += static_cast<std::size_t>(more);
  }
  return static_cast<ssize_t>(got);
}

// Twenty characters, so that every preamble has one size.
std::string fixed(std::int64_t number) {
  std::string digits = std::to_string(number < 0 ? -number : number);
  digits.insert(0, 19 - std::min<std::size_t>(19, digits.size()), '0');
  return (number < 0 ? '-' : '+') + digits;
}

}  // namespace

std::string comment_of(const SegmentOrigin& origin) {
  return std::string(kOrigin) + "run=" + fixed(origin.run) +
         " wall=" + fixed(origin.wall_offset.count());
}

std::optional<SegmentOrigin> parse_origin(std::string_view comment) {
  if (!comment.starts_with(kOrigin)) return std::nullopt;
  const auto number = [&](std::string_view key) -> std::optional<std::int64_t> {
    const std::size_t at = comment.find(key);
    if (at == std::string_view::npos) return std::nullopt;
    std::string_view text = comment.substr(at + key.size());
    const bool negative = text.starts_with('-');
    if (!negative && !text.starts_with('+')) return std::nullopt;
    text.remove_prefix(1);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc()) return std::nullopt;
    return negative ? -value : value;
  };
  const auto run = number("run=");
  const auto wall = number("wall=");
  if (!run || !wall) return std::nullopt;
  return SegmentOrigin{*run, Duration(*wall)};
}

RecoveredSpool::RecoveredSpool(std::vector<RecoveredSegment> segments) {
  for (RecoveredSegment& segment : segments) add(std::move(segment));
}

RecoveredSpool::~RecoveredSpool() = default;

// To the life that it says it is of; what cannot say so is of the one before.
void RecoveredSpool::add(RecoveredSegment segment) {
  ++stats_.segments;
  const OpenFile open(segment.segment->path());
  std::vector<std::byte> front(256);
  const ssize_t got = open.file < 0 ? 0 : read_at(open.file, front.data(), front.size(), 0);
  const auto preamble =
      read_preamble(Bytes(front).first(static_cast<std::size_t>(std::max<ssize_t>(got, 0))));
  const auto origin = preamble ? parse_origin(preamble->comment) : std::nullopt;
  const bool begins = lives_.empty() || (origin && origin->run != lives_.back().origin.run);
  if (begins) lives_.emplace_back();
  if (origin) lives_.back().origin = *origin;
  segment.origin = lives_.back().origin;
  lives_.back().segments.push_back(std::move(segment));
}

bool RecoveredSpool::next_life() {
  let_go_of_burst();
  if (std::exchange(is_reading_, !lives_.empty())) lives_.pop_front();
  series_.clear();
  if (lives_.empty()) return false;
  for (RecoveredSegment& segment : lives_.front().segments) {
    auto found = std::find_if(series_.begin(), series_.end(),
                              [&](const Series& series) { return series.name == segment.series; });
    if (found == series_.end()) {
      series_.emplace_back().name = segment.series;
      found = series_.end() - 1;
    }
    found->segments.push_back(std::move(segment));
  }
  for (Series& series : series_) next_segment(series);
  return true;
}

Timestamp RecoveredSpool::life_began() const {
  const SegmentOrigin& origin = lives_.front().origin;
  return from_unix_ns(origin.run) + origin.wall_offset;
}

// Of one life all stamps are on one clock, which no step moved. Told as the wall clock was at its
// end, its packets stand beside those of the next.
void RecoveredSpool::next_segment(Series& series) {
  series.offset = 0;
  series.chunk = nullptr;
  series.pending_offset =
      series.segments[series.current].origin.wall_offset - lives_.front().origin.wall_offset;
  series.has_pending_offset = true;
}

void RecoveredSpool::note(std::string problem) {
  if (stats_.problems.size() < kMostProblems) stats_.problems.push_back(std::move(problem));
}

// Reads on at series.offset. False at the segment's end.
bool RecoveredSpool::next_chunk(Series& series) {
  SpoolSegment* const segment = series.segments[series.current].segment.get();
  if (series.chunk != nullptr) --series.chunk->needed;
  series.chunk = nullptr;
  series.at = 0;
  const OpenFile open(segment->path());
  if (open.file < 0) {
    note("spool " + segment->path() + ": " + std::generic_category().message(errno));
    return false;
  }
  struct stat status {};
  static_cast<void>(::fstat(open.file, &status));
  const auto size = static_cast<std::uint64_t>(status.st_size);
  auto chunk = std::make_unique<Chunk>();
  chunk->bytes.resize(kChunk);
  while (series.offset < size) {
    const ssize_t got = read_at(open.file, chunk->bytes.data(), kChunk, series.offset);
    if (got == 0) break;
    if (got > 0) {
      chunk->bytes.resize(static_cast<std::size_t>(got));
      chunk->segment = segment;
      chunk->offset = series.offset;
      chunk->needed = 1;  // by the series
      chunk->is_last = series.offset + chunk->bytes.size() >= size;
      stats_.bytes += chunk->bytes.size();
      series.chunk = chunk.get();
      chunks_.push_back(std::move(chunk));
      return true;
    }
    note("spool " + segment->path() + ": offset " + std::to_string(series.offset) +
         ": cannot be read: " + std::generic_category().message(errno));
    const std::uint64_t passed = std::min<std::uint64_t>(kUnreadable, size - series.offset);
    stats_.damaged_bytes += passed;
    series.offset += passed;
  }
  return false;
}

// What was archived is not read again. True if the series stands elsewhere now.
bool RecoveredSpool::skip_released(Series& series) {
  const auto& released = series.segments[series.current].released;
  const auto after = std::upper_bound(
      released.begin(), released.end(), series.offset,
      [](std::uint64_t offset, const ByteRange& range) { return offset < range.from; });
  if (after == released.begin() || (after - 1)->to <= series.offset) return false;
  end_damage(series, /*torn_end=*/false);
  const std::uint64_t skipped = (after - 1)->to - series.offset;
  series.offset += skipped;
  series.at += skipped;
  return true;
}

void RecoveredSpool::end_damage(Series& series, bool torn_end) {
  if (!std::exchange(series.in_damage, false)) return;
  const std::uint64_t bytes = series.offset - series.damage_from;
  stats_.damaged_bytes += bytes;
  if (torn_end) return;  // what a kill or power cut does
  note("spool " + series.segments[series.current].segment->path() + ": offset " +
       std::to_string(series.damage_from) + ": " + std::to_string(bytes) +
       " bytes are no packets of ours");
}

// One step: a packet into the heap, or some bytes passed over, or the next chunk or segment.
void RecoveredSpool::read_block(Series& series) {
  const bool has_bytes = series.chunk != nullptr && series.at < series.chunk->bytes.size();
  if (!has_bytes && !next_chunk(series)) {
    end_damage(series, /*torn_end=*/true);
    if (++series.current == series.segments.size()) {
      series.done = true;
    } else {
      next_segment(series);
    }
    return;
  }
  if (skip_released(series)) return;
  const Bytes rest = Bytes(series.chunk->bytes).subspan(series.at);
  if (series.offset == 0) {
    if (const auto preamble = read_preamble(rest)) {
      series.at += preamble->size;
      series.offset += preamble->size;
      return;
    }
  }
  bool more = false;
  const auto block = block_at(rest, more);
  if (!block) {
    if (more && !series.chunk->is_last && series.at > 0) {
      series.at = series.chunk->bytes.size();  // the next chunk begins with it
      return;
    }
    if (!series.in_damage) series.damage_from = series.offset;
    series.in_damage = true;
    const std::size_t passed = std::min<std::size_t>(4, rest.size());
    series.at += passed;
    series.offset += passed;
    return;
  }
  end_damage(series, /*torn_end=*/false);
  const Timestamp time = block->time + lives_.front().origin.wall_offset;
  if (std::exchange(series.has_pending_offset, false)) {
    wall_offsets_.push_back({time, series.pending_offset});
  }
  waiting_.push({.time = time,
                 .order = order_++,
                 .chunk = series.chunk,
                 .at = static_cast<std::uint32_t>(series.at),
                 .length = static_cast<std::uint32_t>(block->block_size)});
  ++series.chunk->needed;
  series.newest = std::max(series.newest, time);
  series.at += block->block_size;
  series.offset += block->block_size;
}

// Until nothing earlier than `until` can come any more.
void RecoveredSpool::fill(Timestamp until) {
  for (Series& series : series_) {
    while (!series.done && series.newest < until) read_block(series);
  }
}

void RecoveredSpool::let_go_of_burst() {
  for (const Given& given : given_) {
    if (given.taken) continue;
    SpooledRun* const last = loose_.empty() ? nullptr : loose_.back().get();
    if (last != nullptr && last->segment.get() == given.place.segment &&
        last->end() == given.place.offset) {
      last->length += given.place.length;
    } else {
      loose_.emplace_back(
          new SpooledRun(SegmentHold(given.place.segment), given.place.offset, given.place.length));
    }
  }
  given_.clear();
  for (Chunk* chunk : used_) --chunk->needed;
  used_.clear();
  std::erase_if(chunks_, [](const auto& chunk) { return chunk->needed == 0; });
}

// A packet of any series is waiting. False at the life's end.
bool RecoveredSpool::find_any() {
  for (Series& series : series_) {
    while (!series.done && waiting_.empty()) read_block(series);
  }
  return !waiting_.empty();
}

// The earliest that is waiting.
void RecoveredSpool::give(Frame& frame) {
  const Waiting next = waiting_.top();
  waiting_.pop();
  const Bytes block = Bytes(next.chunk->bytes).subspan(next.at, next.length);
  const std::size_t size = load_le32(block.data() + 20);
  const Bytes ip = block.subspan(kHeaderOfPacket, size);
  frame = {};
  frame.time = next.time;
  frame.bytes = ip;
  frame.wire_length = static_cast<std::uint32_t>(size);
  frame.link = LinkType::kRaw;
  given_.push_back({.ip = ip.data(),
                    .size = size,
                    .place = {.segment = next.chunk->segment,
                              .offset = static_cast<std::uint32_t>(next.chunk->offset + next.at),
                              .length = next.length}});
  used_.push_back(next.chunk);
  ++stats_.packets;
  stats_.last_packet = std::max(stats_.last_packet, next.time);
}

std::size_t RecoveredSpool::read(std::span<Frame> burst) {
  let_go_of_burst();
  std::size_t filled = 0;
  while (filled < burst.size() && (!waiting_.empty() || find_any())) {
    fill(waiting_.top().time + kDisorder);
    give(burst[filled++]);
  }
  std::sort(given_.begin(), given_.end(),
            [](const Given& a, const Given& b) { return std::less<>()(a.ip, b.ip); });
  return filled;
}

std::optional<RecoveredSpool::Place> RecoveredSpool::take(Bytes ip) {
  const auto found = std::lower_bound(
      given_.begin(), given_.end(), ip.data(),
      [](const Given& given, const std::byte* at) { return std::less<>()(given.ip, at); });
  if (found == given_.end() || found->ip != ip.data() || found->size != ip.size()) {
    return std::nullopt;
  }
  found->taken = true;
  return found->place;
}

void RecoveredSpool::finish() {
  let_go_of_burst();
  release_together(std::exchange(loose_, {}));
  std::sort(wall_offsets_.begin(), wall_offsets_.end(),
            [](const WallOffset& a, const WallOffset& b) { return a.from < b.from; });
  series_.clear();  // and their holds
  lives_.clear();
}

}  // namespace koegura::capture
