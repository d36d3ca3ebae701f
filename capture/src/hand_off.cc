#include "hand_off.h"

#include <cstring>
#include <type_traits>
#include <utility>

namespace koegura::capture {
namespace {

enum class News : std::uint32_t {
  kDatagram,
  kTcpMessage,
  kClock,
  kBegan,
  kHeard,
  kGone,
  kGiven,
  kEnd,
};
enum class Order : std::uint32_t { kAdopt, kGive, kForget, kExpectT38 };

// Each record begins with its News or Order, and is copied in and out whole.
struct DatagramRecord {
  News news = News::kDatagram;
  std::uint32_t source = 0;
  Timestamp time;
  std::uint32_t frames = 0;
  std::uint32_t size = 0;  // the datagram follows
};
struct TcpMessageRecord {
  News news = News::kTcpMessage;
  std::uint32_t segments = 0;  // follow, each with its SegmentRecord, behind the message
  Timestamp time;
  Endpoint source;
  Endpoint destination;
  std::uint32_t size = 0;
};
struct SegmentRecord {
  Timestamp time;
  std::uint64_t size = 0;
};
struct ClockRecord {
  News news = News::kClock;
  Timestamp now;
};
struct BeganRecord {
  News news = News::kBegan;
  MediaKind kind = MediaKind::kAudio;
  StreamRef stream;
  StreamKey key;
  Timestamp at;
};
struct HeardRecord {
  News news = News::kHeard;
  StreamNews heard;
};
struct GoneRecord {
  News news = News::kGone;
  StreamRef stream;
};
struct GivenRecord {
  News news = News::kGiven;
  StreamRef stream;
  FinishedStream* given = nullptr;  // owned
};
struct OrderRecord {
  Order order = Order::kAdopt;
  Give how = Give::kCopy;
  bool expected = false;  // kExpectT38
  bool may_be_sealed = false;
  std::uint64_t stream = 0;
  Endpoint endpoint;
};

// What datagrams leave free for the news of streams.
constexpr std::uint32_t kSpareShare = 8;
constexpr std::uint32_t kOrdersBytes = 256U << 10U;
// Streams that begin or are gone, told and not taken up: a busy exchange's of minutes.
constexpr std::uint64_t kMostUntaken = 16384;

template <typename Record>
std::span<const std::byte> bytes_of(const Record& record) {
  static_assert(std::is_trivially_copyable_v<Record>);
  return std::as_bytes(std::span(&record, 1));
}

template <typename Record>
Record read(std::span<const std::byte>& bytes) {
  static_assert(std::is_trivially_copyable_v<Record>);
  Record record;
  std::memcpy(static_cast<void*>(&record), bytes.data(), sizeof record);
  bytes = bytes.subspan(sizeof record);
  return record;
}

News news_of(std::span<const std::byte> record) {
  News news{};
  std::memcpy(&news, record.data(), sizeof news);
  return news;
}

// Towards is_busy: what a flood of streams makes.
bool is_counted(News news) {
  return news == News::kBegan || news == News::kGone;
}

// Appends to a record being written.
void put(std::span<std::byte>& to, std::span<const std::byte> bytes) {
  if (!bytes.empty()) std::memcpy(to.data(), bytes.data(), bytes.size());
  to = to.subspan(bytes.size());
}

void tell_datagram(std::span<const std::byte> bytes, CallPath& calls,
                   std::span<Accounting> by_source) {
  const auto record = read<DatagramRecord>(bytes);
  auto packet = parse_ip(record.time, bytes.first(record.size));
  if (!packet) return;  // it was read before
  packet->frames = static_cast<std::uint16_t>(record.frames);
  calls.on_datagram(*packet, by_source[record.source]);
}

void tell_tcp_message(std::span<const std::byte> bytes, CallPath& calls) {
  const auto record = read<TcpMessageRecord>(bytes);
  const Bytes message = bytes.first(record.size);
  bytes = bytes.subspan(record.size);
  std::vector<TcpSegment> segments;
  for (std::uint32_t i = 0; i < record.segments; ++i) {
    const auto segment = read<SegmentRecord>(bytes);
    const Bytes ip = bytes.first(segment.size);
    segments.push_back({segment.time, {ip.begin(), ip.end()}});
    bytes = bytes.subspan(segment.size);
  }
  calls.on_tcp_message(record.time, record.source, record.destination, message, segments);
}

void tell_of_stream(News news, std::span<const std::byte> bytes, StreamListener& streams) {
  if (news == News::kBegan) {
    const auto record = read<BeganRecord>(bytes);
    streams.on_stream_began(record.stream, record.key, record.kind, record.at);
  } else if (news == News::kHeard) {
    streams.on_stream_heard(read<HeardRecord>(bytes).heard);
  } else if (news == News::kGone) {
    streams.on_stream_gone(read<GoneRecord>(bytes).stream);
  } else {
    const auto record = read<GivenRecord>(bytes);
    streams.on_stream_given(record.stream, std::unique_ptr<FinishedStream>(record.given));
  }
}

}  // namespace

void Outbox::send(std::span<const std::byte> record) {
  flush();
  if (waiting_.empty()) {
    if (const auto place = ring_.reserve(static_cast<std::uint32_t>(record.size()));
        !place.empty()) {
      std::memcpy(place.data(), record.data(), record.size());
      return ring_.commit();
    }
  }
  waiting_.emplace_back(record.begin(), record.end());
}

void Outbox::offer(std::span<const std::byte> record, std::uint32_t spare) {
  flush();
  if (!waiting_.empty()) return;
  const auto place = ring_.reserve(static_cast<std::uint32_t>(record.size()), spare);
  if (place.empty()) return;
  std::memcpy(place.data(), record.data(), record.size());
  ring_.commit();
}

void Outbox::flush() {
  while (!waiting_.empty()) {
    const std::vector<std::byte>& record = waiting_.front();
    const auto place = ring_.reserve(static_cast<std::uint32_t>(record.size()));
    if (place.empty()) return;
    std::memcpy(place.data(), record.data(), record.size());
    ring_.commit();
    waiting_.pop_front();
  }
}

HandOff::HandOff(std::uint32_t bytes)
    : news_ring_(bytes), orders_ring_(kOrdersBytes), news_(news_ring_), orders_(orders_ring_) {}

// What nobody took: the answers own memory.
HandOff::~HandOff() {
  while (true) {
    news_.flush();
    auto record = news_ring_.front();
    if (record.empty()) return;
    if (news_of(record) == News::kGiven) delete read<GivenRecord>(record).given;
    news_ring_.pop();
  }
}

bool HandOff::on_datagram(const Packet& packet, std::uint32_t source) {
  const DatagramRecord record{.source = source,
                              .time = packet.time,
                              .frames = packet.frames,
                              .size = static_cast<std::uint32_t>(packet.ip.size())};
  auto place = news_ring_.reserve(static_cast<std::uint32_t>(sizeof record) + record.size,
                                  news_ring_.capacity() / kSpareShare);
  if (place.empty()) return false;
  put(place, bytes_of(record));
  put(place, packet.ip);
  news_ring_.commit();
  return true;
}

bool HandOff::on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                             Bytes message, std::span<const TcpSegment> segments) {
  const TcpMessageRecord record{.segments = static_cast<std::uint32_t>(segments.size()),
                                .time = time,
                                .source = source,
                                .destination = destination,
                                .size = static_cast<std::uint32_t>(message.size())};
  std::size_t size = sizeof record + message.size();
  for (const TcpSegment& segment : segments) size += sizeof(SegmentRecord) + segment.ip.size();
  if (size > news_ring_.capacity()) return false;
  auto place =
      news_ring_.reserve(static_cast<std::uint32_t>(size), news_ring_.capacity() / kSpareShare);
  if (place.empty()) return false;
  put(place, bytes_of(record));
  put(place, message);
  for (const TcpSegment& segment : segments) {
    put(place, bytes_of(SegmentRecord{.time = segment.time, .size = segment.ip.size()}));
    put(place, segment.ip);
  }
  news_ring_.commit();
  return true;
}

void HandOff::on_clock(Timestamp now) {
  news_.offer(bytes_of(ClockRecord{.now = now}), 0);
}

void HandOff::on_stream_began(StreamRef stream, const StreamKey& key, MediaKind kind,
                              Timestamp at) {
  ++told_;
  news_.send(bytes_of(BeganRecord{.kind = kind, .stream = stream, .key = key, .at = at}));
}

void HandOff::on_stream_heard(const StreamNews& news) {
  news_.offer(bytes_of(HeardRecord{.heard = news}), news_ring_.capacity() / 2);
}

void HandOff::on_stream_gone(StreamRef stream) {
  ++told_;
  news_.send(bytes_of(GoneRecord{.stream = stream}));
}

void HandOff::on_stream_given(StreamRef stream, std::unique_ptr<FinishedStream> given) {
  news_.send(bytes_of(GivenRecord{.stream = stream, .given = given.release()}));
}

bool HandOff::is_busy() const {
  return told_ - taken_.load(std::memory_order_relaxed) > kMostUntaken;
}

void HandOff::on_end() {
  news_.send(bytes_of(GoneRecord{.news = News::kEnd, .stream = {}}));
}

void HandOff::take_orders(StreamKeeper& keeper) {
  news_.flush();
  for (auto bytes = orders_ring_.front(); !bytes.empty(); bytes = orders_ring_.front()) {
    const auto record = read<OrderRecord>(bytes);
    orders_ring_.pop();
    switch (record.order) {
      case Order::kAdopt:
        keeper.adopt(record.stream, record.may_be_sealed);
        break;
      case Order::kGive:
        keeper.give(record.stream, record.how);
        break;
      case Order::kForget:
        keeper.forget(record.stream);
        break;
      case Order::kExpectT38:
        keeper.expect_t38(record.endpoint, record.expected);
        break;
    }
  }
}

void HandOff::adopt(std::uint64_t stream, bool may_be_sealed) {
  orders_.send(bytes_of(OrderRecord{
      .order = Order::kAdopt, .may_be_sealed = may_be_sealed, .stream = stream, .endpoint = {}}));
}

void HandOff::give(std::uint64_t stream, Give how) {
  orders_.send(
      bytes_of(OrderRecord{.order = Order::kGive, .how = how, .stream = stream, .endpoint = {}}));
}

void HandOff::forget(std::uint64_t stream) {
  orders_.send(bytes_of(OrderRecord{.order = Order::kForget, .stream = stream, .endpoint = {}}));
}

void HandOff::expect_t38(const Endpoint& endpoint, bool expected) {
  orders_.send(bytes_of(
      OrderRecord{.order = Order::kExpectT38, .expected = expected, .endpoint = endpoint}));
}

bool HandOff::take_news(CallPath& calls, std::span<Accounting> by_source, std::size_t most) {
  std::size_t taken = 0;
  for (; taken < most; ++taken) {
    auto bytes = news_ring_.front();
    if (bytes.empty()) break;
    switch (const News news = news_of(bytes)) {
      case News::kDatagram:
        tell_datagram(bytes, calls, by_source);
        break;
      case News::kTcpMessage:
        tell_tcp_message(bytes, calls);
        break;
      case News::kClock:
        calls.advance(read<ClockRecord>(bytes).now);
        break;
      case News::kEnd:
        ended_ = true;
        break;
      default:
        tell_of_stream(news, bytes, calls.streams());
        taken_.fetch_add(is_counted(news) ? 1 : 0, std::memory_order_relaxed);
    }
    news_ring_.pop();
  }
  return taken != 0;
}

}  // namespace koegura::capture
