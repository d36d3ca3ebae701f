// TcpStory: what the tests of TCP reassembly share: segments in, messages and the accounting out.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "capture/tcp_reassembly.h"
#include "packet_builder.h"

namespace koegura::capture::test {

inline constexpr std::string_view kPhone = "10.0.0.1:40000";
inline constexpr std::string_view kProxy = "10.0.0.2:5060";

// A request whose body has so many bytes and ends as SDP does; n tells it from others.
inline std::string message(int n, std::size_t body = 0) {
  return "OPTIONS sip:proxy SIP/2.0\r\nVia: SIP/2.0/TCP 10.0.0.1;branch=z9hG4bK" +
         std::to_string(n) +
         "\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:b@b>\r\nCall-ID: " + std::to_string(n) +
         "\r\nCSeq: 1 OPTIONS\r\nContent-Length: " + std::to_string(body) + "\r\n\r\n" +
         (body == 0 ? "" : std::string(body - 2, 'b') + "\r\n");
}

// Segments go in; messages and the accounting come out.
class TcpStory final : public TcpMessageSink {
 public:
  explicit TcpStory(const TcpReassemblyOptions& options = {})
      : reassembly_(TcpReassembly::create(options, accounting, *this)) {}

  void on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                      Bytes bytes, std::span<const TcpSegment> segments) override {
    messages.push_back(text_of(bytes));
    times.push_back(time);
    segment_counts.push_back(segments.size());
    last_source = source;
    last_destination = destination;
    std::string carried;
    for (const TcpSegment& segment : segments) {
      const auto packet = parse_ip(segment.time, segment.ip);
      REQUIRE(packet);
      carried += text_of(packet->payload);
    }
    carried_all = carried.find(messages.back()) != std::string::npos;
  }

  TcpStory& send(std::uint32_t sequence, std::string_view payload, std::uint8_t flags = kAck) {
    return segment(tcp(kPhone, kProxy, sequence, payload, flags));
  }
  TcpStory& answer(std::uint32_t sequence, std::string_view payload, std::uint8_t flags = kAck) {
    return segment(tcp(kProxy, kPhone, sequence, payload, flags));
  }
  TcpStory& segment(const Carried& carried) {
    ++accounting.received;
    const auto packet = parse_ip(now, carried.bytes);
    REQUIRE(packet);
    reassembly_->on_packet(*packet);
    return balance();
  }
  TcpStory& after(Duration time) {
    now += time;
    reassembly_->advance(now);
    return balance();
  }
  TcpStory& finish() {
    reassembly_->finish();
    CHECK(accounting.pending() == 0);
    return *this;
  }
  // Whatever the story, each frame is counted or held.
  TcpStory& balance() {
    REQUIRE(accounting.received == accounting.accounted() + reassembly_->waiting());
    return *this;
  }
  [[nodiscard]] std::uint64_t waiting() const { return reassembly_->waiting(); }
  [[nodiscard]] const TcpReassemblyStats& stats() const { return reassembly_->stats(); }
  [[nodiscard]] std::uint64_t defects(Defect defect) const {
    return accounting.malformed[static_cast<std::size_t>(defect)];
  }

  Accounting accounting;
  Timestamp now = from_unix_ns(0);
  std::vector<std::string> messages;
  std::vector<Timestamp> times;
  std::vector<std::size_t> segment_counts;
  Endpoint last_source;
  Endpoint last_destination;
  bool carried_all = false;

 private:
  std::unique_ptr<TcpReassembly> reassembly_;
};

using Messages = std::vector<std::string>;

}  // namespace koegura::capture::test
