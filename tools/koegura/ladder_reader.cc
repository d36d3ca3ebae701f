#include "ladder_reader.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

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

// A message of a ladder, and what tells whose it is.
struct ReadStep {
  LadderStep step;
  std::string key;  // what a retransmission shares with its first
  std::string call_id;
  std::string from_tag;
};

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

  std::vector<ReadStep> finish() {
    tcp_->finish();
    return std::move(steps_);
  }

 private:
  void on_message(Timestamp time, const capture::Endpoint& source,
                  const capture::Endpoint& destination, capture::Bytes bytes) {
    const auto message = capture::parse_sip(bytes);
    if (!message) return;
    LadderStep step;
    set_time(*step.mutable_time(), time);
    step.set_source(source.to_string());
    step.set_destination(destination.to_string());
    step.set_method(printable(message->method));
    step.set_status(message->status);
    step.set_reason(printable(message->reason_phrase));
    step.set_request_uri(printable(message->request_uri));
    step.set_cseq(message->cseq);
    step.set_sdp(carries_sdp(*message));
    std::string key = key_of(step, *message);
    step.set_retransmission(!seen_.insert(key).second);
    steps_.push_back({.step = std::move(step),
                      .key = std::move(key),
                      .call_id = std::string(message->call_id),
                      .from_tag = std::string(message->from.tag())});
  }

  // RFC 3261 §17.2.3
  static std::string key_of(const LadderStep& step, const capture::SipMessage& message) {
    std::string key = step.source() + ' ' + step.destination() + ' ' + step.method() + ' ' +
                      std::to_string(message.status) + ' ' + std::to_string(message.cseq) + ' ';
    key += message.top_branch;
    return key + ' ' + std::string(message.to.tag());
  }

  capture::Accounting uncounted_;  // the frames were counted when they were recorded
  std::unique_ptr<capture::TcpReassembly> tcp_ =
      capture::TcpReassembly::create(capture::TcpReassemblyOptions{}, uncounted_, *this);
  std::vector<ReadStep> steps_;
  std::set<std::string> seen_;
};

std::vector<ReadStep> read_steps(std::span<const capture::EnhancedPacket> packets) {
  Reader reader;
  for (const capture::EnhancedPacket& packet : packets) {
    if (const auto parsed = capture::parse_ip(packet.time, packet.packet))
      reader.on_packet(*parsed);
  }
  return reader.finish();
}

// A request within the dialog that the callee sends has the caller's tag in To.
bool is_message_of(const ReadStep& read, const CallRecord& call) {
  if (printable(read.call_id) != printable(call.call_id())) return false;
  const Links& links = call.links();
  const auto& callee_tags = links.callee_tags();
  return links.from_tag().empty() || read.from_tag == links.from_tag() ||
         std::find(callee_tags.begin(), callee_tags.end(), read.from_tag) != callee_tags.end();
}

// Seconds since the first of them.
void count_seconds(std::vector<LadderStep>& steps) {
  for (LadderStep& step : steps) {
    step.set_at_s(to_seconds(time_of(step.time()) - time_of(steps.front().time())));
  }
}

}  // namespace

std::vector<LadderStep> read_ladder(const CallRecord& call,
                                    std::span<const capture::EnhancedPacket> packets) {
  std::vector<LadderStep> steps;
  for (ReadStep& read : read_steps(packets)) {
    read.step.set_call(call.id());
    steps.push_back(std::move(read.step));
  }
  count_seconds(steps);
  return steps;
}

void LadderMerge::add(const CallRecord& call, std::span<const capture::EnhancedPacket> packets) {
  for (ReadStep& read : read_steps(packets)) {
    read.step.set_call(call.id());
    const bool own = is_message_of(read, call);
    steps_.push_back({.step = std::move(read.step),
                      .message = std::move(read.key) + '\n' + std::move(read.call_id),
                      .own = own});
  }
}

std::vector<LadderStep> LadderMerge::take() {
  std::stable_sort(steps_.begin(), steps_.end(), [](const Step& a, const Step& b) {
    return time_of(a.step.time()) < time_of(b.step.time());
  });
  std::vector<LadderStep> steps;
  std::map<std::string_view, std::size_t> now;  // of one moment: where each message stands
  for (std::size_t i = 0; i < steps_.size(); ++i) {
    const bool later =
        i == 0 || time_of(steps_[i].step.time()) > time_of(steps_[i - 1].step.time());
    if (later) now.clear();
    const auto [known, is_new] = now.try_emplace(steps_[i].message, steps.size());
    if (is_new) {
      steps.push_back(steps_[i].step);
    } else if (steps_[i].own) {
      steps[known->second] = steps_[i].step;
    }
  }
  count_seconds(steps);
  return steps;
}

}  // namespace koegura::tools
