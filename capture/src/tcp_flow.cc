#include "tcp_flow.h"

#include <algorithm>
#include <cassert>
#include <optional>
#include <utility>

namespace koegura::capture {

namespace {

// A segment further away than any window in use here belongs to another connection.
constexpr std::int32_t kMaxJump = 4 << 20;
// Small segments make a message costly to delimit; no stack sends one in so many.
constexpr std::size_t kMaxSegmentsPerMessage = 1024;

// Sequence numbers wrap (RFC 9293 §3.4): how far `to` lies behind `from`.
std::int32_t distance(std::uint32_t from, std::uint32_t to) {
  return static_cast<std::int32_t>(to - from);
}

// Neither clear nor assigning {} does.
template <typename Entries>
void free_memory(Entries& entries) {
  Entries().swap(entries);
}

std::size_t line_ends_before(Bytes bytes) {
  const auto message = std::find_if(bytes.begin(), bytes.end(), [](std::byte byte) {
    return byte != std::byte{'\r'} && byte != std::byte{'\n'};
  });
  return static_cast<std::size_t>(message - bytes.begin());
}

}  // namespace

bool starts_sip_message(Bytes payload) {
  const Bytes message = payload.subspan(line_ends_before(payload));
  return !message.empty() && looks_like_sip(message);
}

TcpFlow::TcpFlow(const Context& context, const Endpoint& source, const Endpoint& destination,
                 std::uint32_t sequence)
    : context_(context), source_(source), destination_(destination), next_(sequence) {}

void TcpFlow::add(const Packet& packet) {
  assert(!packet.payload.empty());
  Segment segment;
  segment.datagram = {packet.time, {packet.ip.begin(), packet.ip.end()}};
  segment.sequence = packet.tcp_sequence;
  segment.payload_at = static_cast<std::size_t>(packet.payload.data() - packet.ip.data());
  segment.payload_size = packet.payload.size();
  segment.frames = packet.frames;

  const std::int32_t ahead = distance(next_, segment.sequence);
  if (ahead > kMaxJump || ahead < -kMaxJump) {
    abandon();
    next_ = segment.sequence;
    scanning_ = true;
  }
  if (scanning_) {
    add_while_scanning(std::move(segment));
  } else if (ahead > 0) {
    hold(std::move(segment));
  } else {
    append(std::move(segment));
    append_held();
  }
}

void TcpFlow::restart(std::uint32_t sequence) {
  abandon();
  next_ = sequence;
  scanning_ = false;
}

void TcpFlow::close() {
  while (has_hole() && is_sip_) give_up_hole();
  discard_buffer(Defect::kSipTruncated);
}

void TcpFlow::give_up_hole() {
  assert(has_hole());
  discard_buffer(Defect::kTcpGap);
  const auto start = std::find_if(held_.begin(), held_.end(), [](const Segment& segment) {
    return starts_sip_message(segment.payload());
  });
  for (auto lost = held_.begin(); lost != start; ++lost) {
    context_.accounting.count(Defect::kTcpGap, lost->frames);
    datagram_bytes_ -= lost->datagram.ip.size();
    if (distance(next_, lost->end()) > 0) next_ = lost->end();
  }
  held_.erase(held_.begin(), start);
  scanning_ = held_.empty();
  if (scanning_) return;
  next_ = held_.front().sequence;
  append_held();
}

void TcpFlow::abandon() {
  discard_buffer(has_hole() ? Defect::kTcpGap : Defect::kSipTruncated);
  for (const Segment& segment : held_) {
    context_.accounting.count(Defect::kTcpGap, segment.frames);
    datagram_bytes_ -= segment.datagram.ip.size();
  }
  free_memory(held_);
}

std::uint64_t TcpFlow::waiting() const {
  std::uint64_t frames = 0;
  for (const Share& share : shares_) frames += share.frames;
  for (const Segment& segment : held_) frames += segment.frames;
  return frames;
}

void TcpFlow::add_while_scanning(Segment segment) {
  if (distance(next_, segment.sequence) >= 0 && starts_sip_message(segment.payload())) {
    scanning_ = false;
    next_ = segment.sequence;
    append(std::move(segment));
  } else if (distance(next_, segment.end()) <= 0) {
    context_.accounting.count(Outcome::kDuplicate, segment.frames);
  } else {
    context_.accounting.count(Defect::kTcpGap, segment.frames);
    next_ = segment.end();
  }
}

void TcpFlow::append(Segment segment) {
  const auto known = static_cast<std::size_t>(-distance(next_, segment.sequence));
  if (known >= segment.payload_size) {
    context_.accounting.count(Outcome::kDuplicate, segment.frames);
    return;
  }
  const Bytes fresh = segment.payload().subspan(known);
  next_ = segment.end();
  buffer_.insert(buffer_.end(), fresh.begin(), fresh.end());
  datagram_bytes_ += segment.datagram.ip.size();
  segments_.push_back(std::move(segment.datagram));
  shares_.push_back({buffer_.size(), segment.frames});
  deliver();
}

void TcpFlow::hold(Segment segment) {
  const auto place = std::find_if(held_.begin(), held_.end(), [&](const Segment& other) {
    return distance(segment.sequence, other.sequence) >= 0;
  });
  const bool copy = place != held_.end() && place->sequence == segment.sequence &&
                    place->payload_size >= segment.payload_size;
  if (copy) {
    context_.accounting.count(Outcome::kDuplicate, segment.frames);
    return;
  }
  datagram_bytes_ += segment.datagram.ip.size();
  held_.insert(place, std::move(segment));
  const bool too_much = buffer_.size() + datagram_bytes_ > context_.options.max_message_bytes ||
                        held_.size() > kMaxSegmentsPerMessage;
  if (too_much) give_up_hole();
}

void TcpFlow::append_held() {
  auto segment = held_.begin();
  for (; segment != held_.end() && is_sip_; ++segment) {
    if (distance(next_, segment->sequence) > 0) break;
    datagram_bytes_ -= segment->datagram.ip.size();
    append(std::move(*segment));
  }
  held_.erase(held_.begin(), segment);
  if (held_.empty()) free_memory(held_);
}

void TcpFlow::deliver() {
  std::size_t begin = 0;
  std::optional<Defect> defect;
  while (true) {
    begin += line_ends_before(Bytes(buffer_).subspan(begin));
    if (begin == buffer_.size()) break;
    const auto length = sip_message_length(Bytes(buffer_).subspan(begin), progress_);
    if (!length) defect = length.error();
    if (!length || *length == 0) break;
    deliver_message(begin, begin + *length);
    begin += *length;
    progress_ = {};
  }
  discard_front(begin);
  const bool too_large = buffer_.size() > context_.options.max_message_bytes ||
                         segments_.size() > kMaxSegmentsPerMessage;
  if (!defect && too_large) defect = Defect::kSipTooLarge;
  if (!defect) return;
  is_sip_ = false;
  discard_buffer(*defect);
}

void TcpFlow::deliver_message(std::size_t begin, std::size_t end) {
  const auto carries_after = [](const Share& share, std::size_t at) { return share.end <= at; };
  const auto first = std::lower_bound(shares_.begin(), shares_.end(), begin, carries_after);
  const auto last = std::lower_bound(first, shares_.end(), end - 1, carries_after);
  const auto from = static_cast<std::size_t>(first - shares_.begin());
  const auto count = static_cast<std::size_t>(last - first) + 1;
  Timestamp time = segments_[from].time;
  for (std::size_t i = from; i < from + count; ++i) {
    time = std::max(time, segments_[i].time);
    context_.accounting.count(Outcome::kSip, std::exchange(shares_[i].frames, std::uint16_t{0}));
  }
  context_.sink.on_tcp_message(time, source_, destination_,
                               Bytes(buffer_).subspan(begin, end - begin),
                               std::span<const TcpSegment>(segments_).subspan(from, count));
  has_spoken_ = true;
}

// What lies before the next message: messages given, and keep-alives.
void TcpFlow::discard_front(std::size_t size) {
  std::size_t done = 0;
  while (done < shares_.size() && shares_[done].end <= size) {
    context_.accounting.count(Outcome::kSip, shares_[done].frames);
    datagram_bytes_ -= segments_[done].ip.size();
    ++done;
  }
  shares_.erase(shares_.begin(), shares_.begin() + static_cast<std::ptrdiff_t>(done));
  segments_.erase(segments_.begin(), segments_.begin() + static_cast<std::ptrdiff_t>(done));
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(size));
  for (Share& share : shares_) share.end -= size;
  if (buffer_.empty()) let_go();
}

// Thousands of connections are idle most of the time.
void TcpFlow::let_go() {
  free_memory(buffer_);
  free_memory(segments_);
  free_memory(shares_);
  progress_ = {};
}

void TcpFlow::discard_buffer(Defect defect) {
  if (!buffer_.empty()) scanning_ = true;
  for (std::size_t i = 0; i < shares_.size(); ++i) {
    context_.accounting.count(defect, shares_[i].frames);
    datagram_bytes_ -= segments_[i].ip.size();
  }
  let_go();
}

}  // namespace koegura::capture
