// HandOff: one lane's two rings between its receive path and the call path: news one way, orders
// the other. Datagrams that find their ring full are refused (and counted by the receive path);
// that a stream began, is gone or is given never is: it waits in memory, bounded by the number of
// streams, and while much of it is not taken up no stream may begin (is_busy), so that a flood of
// them does not fill the ring before SIP. What the next second tells again (clock, heard) is left
// out while something waits; heard also while half of the ring is full.
//
// Threads: CallFeed, StreamListener and take_orders belong to the receive thread, StreamKeeper and
// take_news to the signalling thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "byte_ring.h"
#include "call_path.h"
#include "receive_path.h"
#include "stream_events.h"

namespace koegura::capture {

// A writer's end of a ring: records that must arrive, even if later.
class Outbox {
 public:
  explicit Outbox(ByteRing& ring) : ring_(ring) {}
  void send(std::span<const std::byte> record);
  // Sends what waits, as far as there is room.
  void flush();
  // Of a record that may be left out: where something waits, or less than so much would stay free.
  void offer(std::span<const std::byte> record, std::uint32_t spare);

 private:
  ByteRing& ring_;
  std::deque<std::vector<std::byte>> waiting_;
};

class HandOff final : public CallFeed, public StreamListener, public StreamKeeper {
 public:
  explicit HandOff(std::uint32_t bytes);
  HandOff(const HandOff&) = delete;
  HandOff& operator=(const HandOff&) = delete;
  ~HandOff() override;

  [[nodiscard]] bool on_datagram(const Packet& packet, std::uint32_t source) override;
  [[nodiscard]] bool on_tcp_message(Timestamp time, const Endpoint& source,
                                    const Endpoint& destination, Bytes message,
                                    std::span<const TcpSegment> segments) override;
  void on_clock(Timestamp now) override;
  void on_stream_began(StreamRef stream, const StreamKey& key, MediaKind kind,
                       Timestamp at) override;
  void on_stream_heard(const StreamNews& news) override;
  void on_stream_gone(StreamRef stream) override;
  void on_stream_given(StreamRef stream, std::unique_ptr<FinishedStream> given) override;
  [[nodiscard]] bool is_busy() const override;
  // The receive path has told everything it will ever tell, but for answers.
  void on_end();
  // Does what was ordered since; sends what waits.
  void take_orders(StreamKeeper& keeper);

  void adopt(std::uint64_t stream, bool may_be_sealed) override;
  void give(std::uint64_t stream, Give how) override;
  void forget(std::uint64_t stream) override;
  void expect_t38(const Endpoint& endpoint, bool expected) override;
  // Tells the call path what came since, at most `most` records; by_source has the accounting of
  // every source. True if there was any.
  bool take_news(CallPath& calls, std::span<Accounting> by_source, std::size_t most);
  [[nodiscard]] bool has_ended() const { return ended_; }
  // Sends the orders that wait.
  void flush_orders() { orders_.flush(); }

 private:
  ByteRing news_ring_;
  ByteRing orders_ring_;
  Outbox news_;
  Outbox orders_;
  std::uint64_t told_ = 0;               // receive thread: of streams that began or are gone
  std::atomic<std::uint64_t> taken_{0};  // of those
  bool ended_ = false;                   // signalling thread
};

}  // namespace koegura::capture
