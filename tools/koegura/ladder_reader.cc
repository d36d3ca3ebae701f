#include "ladder_reader.h"

#include <algorithm>
#include <set>
#include <string>

#include "capture/sip_message.h"
#include "capture/tcp_reassembly.h"
#include "json.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

// Case does not count in a media type (RFC 2045 §5.1); a multipart body holds its parts' types.
bool carries_sdp(const capture::SipMessage& message) {
  std::string content(message.content_type);
  if (content.starts_with("multipart/")) content += message.body;
  std::transform(content.begin(), content.end(), content.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return !message.body.empty() && content.find("application/sdp") != std::string::npos;
}

class Reader : public capture::TcpMessageSink {
 public:
  void on_packet(const capture::Packet& packet) {
    if (packet.transport == capture::Transport::kTcp) {
      tcp_->on_packet(packet);
    } else if (packet.transport == capture::Transport::kUdp) {
      on_message(packet.time, packet.source, packet.destination, packet.payload);
    }
  }

  void on_tcp_message(Timestamp time, const capture::Endpoint& source,
                      const capture::Endpoint& destination, capture::Bytes message,
                      std::span<const capture::TcpSegment> /*segments*/) override {
    on_message(time, source, destination, message);
  }

  std::vector<LadderStep> finish() {
    tcp_->finish();
    return std::move(steps_);
  }

 private:
  void on_message(Timestamp time, const capture::Endpoint& source,
                  const capture::Endpoint& destination, capture::Bytes bytes) {
    const auto message = capture::parse_sip(bytes);
    if (!message) return;
    if (steps_.empty()) first_ = time;
    LadderStep step;
    set_time(*step.mutable_time(), time);
    step.set_at_s(to_seconds(time - first_));
    step.set_source(source.to_string());
    step.set_destination(destination.to_string());
    step.set_method(printable(message->method));
    step.set_status(message->status);
    step.set_reason(printable(message->reason_phrase));
    step.set_request_uri(printable(message->request_uri));
    step.set_cseq(message->cseq);
    step.set_sdp(carries_sdp(*message));
    step.set_retransmission(!seen_.insert(key_of(step, *message)).second);
    steps_.push_back(std::move(step));
  }

  // What a retransmission shares with its first (RFC 3261 §17.2.3).
  static std::string key_of(const LadderStep& step, const capture::SipMessage& message) {
    std::string key = step.source() + ' ' + step.destination() + ' ' + step.method() + ' ' +
                      std::to_string(message.status) + ' ' + std::to_string(message.cseq) + ' ';
    key += message.top_branch;
    return key + ' ' + std::string(message.to.tag());
  }

  capture::Accounting uncounted_;  // the frames were counted when they were recorded
  std::unique_ptr<capture::TcpReassembly> tcp_ =
      capture::TcpReassembly::create(capture::TcpReassemblyOptions{}, uncounted_, *this);
  std::vector<LadderStep> steps_;
  std::set<std::string> seen_;
  Timestamp first_;
};

}  // namespace

std::vector<LadderStep> read_ladder(std::span<const capture::EnhancedPacket> packets) {
  Reader reader;
  for (const capture::EnhancedPacket& packet : packets) {
    if (const auto parsed = capture::parse_ip(packet.time, packet.packet))
      reader.on_packet(*parsed);
  }
  return reader.finish();
}

}  // namespace koegura::tools
