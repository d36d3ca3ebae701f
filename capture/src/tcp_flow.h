// TcpFlow: one direction of a TCP connection that speaks SIP: puts segments in order (RFC 9293
// §3.4) and cuts the stream into messages (RFC 3261 §18.3).
//
//   in order ──hole──► waiting ──filled──► in order
//                         └──given up──► the next held segment that starts a message, or
//                                        scanning ──a segment starts a message──► in order
#pragma once

#include <vector>

#include "capture/sip_message.h"
#include "capture/tcp_reassembly.h"

namespace koegura::capture {

// Line ends before it are keep-alives (RFC 5626 §3.5.1).
[[nodiscard]] bool starts_sip_message(Bytes payload);

class TcpFlow {
 public:
  // What all flows share. All of it outlives the flow.
  struct Context {
    const TcpReassemblyOptions& options;
    Accounting& accounting;
    TcpMessageSink& sink;
  };
  // The next byte expected is the one with this sequence number.
  TcpFlow(const Context& context, const Endpoint& source, const Endpoint& destination,
          std::uint32_t sequence);

  // Takes a segment with payload: gives the messages that it completes, counts every frame now
  // or later.
  void add(const Packet& packet);
  // A SYN: the same ports begin anew.
  void restart(std::uint32_t sequence);
  // The sender has said that it is done: what is held is all there will be.
  void close();
  // REQUIRES: has_hole().
  void give_up_hole();
  // Counts all that waits.
  void abandon();

  // False once the stream has turned out not to be SIP, or to be beyond delimiting: abandon it.
  [[nodiscard]] bool is_sip() const { return is_sip_; }
  [[nodiscard]] bool has_hole() const { return !held_.empty(); }
  // REQUIRES: has_hole().
  [[nodiscard]] Timestamp hole_since() const { return held_.front().datagram.time; }
  [[nodiscard]] std::uint32_t next_sequence() const { return next_; }
  [[nodiscard]] bool has_spoken() const { return has_spoken_; }  // a whole message
  // Memory. A flow that waits for nothing holds none.
  [[nodiscard]] std::size_t bytes() const {
    return buffer_.capacity() + datagram_bytes_ + segments_.capacity() * sizeof(TcpSegment) +
           shares_.capacity() * sizeof(Share) + held_.capacity() * sizeof(Segment);
  }
  // Frames held and not counted.
  [[nodiscard]] std::uint64_t waiting() const;

 private:
  struct Segment {
    TcpSegment datagram;
    std::uint32_t sequence = 0;
    std::size_t payload_at = 0;  // within the datagram
    std::size_t payload_size = 0;
    std::uint16_t frames = 0;

    [[nodiscard]] Bytes payload() const {
      return Bytes(datagram.ip).subspan(payload_at, payload_size);
    }
    [[nodiscard]] std::uint32_t end() const {
      return sequence + static_cast<std::uint32_t>(payload_size);
    }
  };
  // Where in the buffer the bytes of segments_[i] end, and its frames while they are not counted.
  struct Share {
    std::size_t end = 0;
    std::uint16_t frames = 0;
  };

  void add_while_scanning(Segment segment);
  void append(Segment segment);  // REQUIRES: it begins at or before next_
  void hold(Segment segment);    // REQUIRES: it begins after next_
  void append_held();
  void deliver();
  void deliver_message(std::size_t begin, std::size_t end);
  void discard_front(std::size_t size);
  void discard_buffer(Defect defect);
  void let_go();

  Context context_;
  Endpoint source_;
  Endpoint destination_;
  std::uint32_t next_;
  bool scanning_ = false;  // the stream's place among messages is lost
  bool is_sip_ = true;
  bool has_spoken_ = false;

  std::vector<std::byte> buffer_;     // in order, from the start of a message
  SipProgress progress_;              // in it
  std::vector<TcpSegment> segments_;  // the datagrams that carried it, and
  std::vector<Share> shares_;         // their shares, one for one
  std::vector<Segment> held_;         // behind a hole, by sequence
  std::size_t datagram_bytes_ = 0;    // in segments_ and held_
};

}  // namespace koegura::capture
