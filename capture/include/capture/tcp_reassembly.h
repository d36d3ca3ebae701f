// TcpReassembly: SIP over TCP (RFC 3261 §18): segments in, whole messages out. Starts mid-stream at
// the first message start it sees; takes loss, retransmission, disorder and sequence wrap; bounded
// in connections, bytes and time. A connection costs nothing until it speaks SIP, on any port.
// Threads: one.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "capture/accounting.h"
#include "capture/packet.h"

namespace koegura::capture {

struct TcpReassemblyOptions {
  std::uint32_t max_connections = 4096;  // that speak SIP; each direction counts
  std::uint32_t max_message_bytes = 256U << 10U;
  std::uint32_t max_buffered_bytes = 64U << 20U;  // memory for what is incomplete, of all of them
  Duration idle_timeout = std::chrono::minutes(10);
};

// How often those who had not been heard of for longest gave way: first such as never said a whole
// message, then (for a new connection) such as hold nothing and lose nothing by it.
struct TcpReassemblyStats {
  std::uint64_t connections_forgotten = 0;  // for max_connections
  std::uint64_t connections_given_up = 0;   // for max_buffered_bytes
};

// One IP datagram that carried part of a message.
struct TcpSegment {
  Timestamp time;
  std::vector<std::byte> ip;
};

// A whole message and the segments that carried it, in the stream's order; time is when the last of
// them came. Views live only for the call.
class TcpMessageSink {
 public:
  virtual ~TcpMessageSink() = default;
  virtual void on_tcp_message(Timestamp time, const Endpoint& source, const Endpoint& destination,
                              Bytes message, std::span<const TcpSegment> segments) = 0;
};

class TcpReassembly {
 public:
  // Counts every TCP frame given: kSip for segments of a connection that speaks SIP (once that is
  // known), kDuplicate for retransmitted data, kNotVoip for the rest; Defect::kTcpGap for what a
  // lost segment made unreadable, kSipTruncated for a message that the end cut off, and
  // sip_message_length's defect for what cannot be delimited.
  // REQUIRES: accounting and sink outlive this.
  static std::unique_ptr<TcpReassembly> create(const TcpReassemblyOptions& options,
                                               Accounting& accounting, TcpMessageSink& sink);
  virtual ~TcpReassembly() = default;
  virtual void on_packet(const Packet& packet) = 0;  // REQUIRES: transport is kTcp
  // Gives up holes and idle connections whose time has come.
  virtual void advance(Timestamp now) = 0;
  // The input is at its end: gives what lies behind holes, counts what is left.
  virtual void finish() = 0;

  // Frames taken that are not counted yet, counted anew from what is held.
  [[nodiscard]] virtual std::uint64_t waiting() const = 0;
  [[nodiscard]] virtual const TcpReassemblyStats& stats() const = 0;
};

}  // namespace koegura::capture
