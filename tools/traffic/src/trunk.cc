#include "trunk.h"

#include <cstring>

#include "random.h"

namespace koegura::traffic {
namespace {

constexpr std::uint64_t kConnection = 4;  // a purpose of Random

Path path_from(Side sender, const TrafficOptions& options, const CallPlan& call) {
  const bool tcp = options.transport == SipTransport::kTcp;
  return Path({.sender = sender,
               .vlan = options.vlan,
               .tos = kTosSignalling,
               .protocol = tcp ? Path::Protocol::kTcp : Path::Protocol::kUdp},
              call.sip[index_of(sender)], call.sip[index_of(other(sender))]);
}

}  // namespace

Trunk::Trunk(const TrafficOptions& options, const CallPlan& any_call, CaptureWriter& writer)
    : writer_(writer),
      tcp_(options.transport == SipTransport::kTcp),
      segment_bytes_(options.tcp_segment_bytes),
      paths_{path_from(Side::kCaller, options, any_call),
             path_from(Side::kCallee, options, any_call)} {
  Random random(options.seed, kConnection, 0);
  for (std::uint32_t& sequence : sequences_) sequence = static_cast<std::uint32_t>(random.next());
}

void Trunk::send(Timestamp time, Side sender, std::string_view message) {
  if (!tcp_) {
    send_datagram(time, sender, message);
    return;
  }
  if (!connected_) shake_hands(time);
  while (!message.empty()) {
    const std::string_view data = message.substr(0, segment_bytes_);
    message.remove_prefix(data.size());
    const std::uint8_t push = message.empty() ? kTcpPush : 0;
    send_segment(time, sender, data, static_cast<std::uint8_t>(kTcpAck | push));
  }
}

void Trunk::send_datagram(Timestamp time, Side sender, std::string_view message) {
  const Path& path = paths_[index_of(sender)];
  std::byte* frame = writer_.frame(time, path.frame_size(message.size()));
  std::memcpy(path.payload_of(frame), message.data(), message.size());
  path.seal_udp(frame, message.size(), packet_ids_[index_of(sender)]++);
  ++frames_;
}

// RFC 9293 §3.5: SYN takes a sequence number.
void Trunk::shake_hands(Timestamp time) {
  using std::chrono::microseconds;
  connected_ = true;
  send_segment(time - microseconds(600), Side::kCaller, {}, kTcpSyn);
  send_segment(time - microseconds(400), Side::kCallee, {}, kTcpSyn | kTcpAck);
  send_segment(time - microseconds(200), Side::kCaller, {}, kTcpAck);
}

void Trunk::send_segment(Timestamp time, Side sender, std::string_view data, std::uint8_t flags) {
  const Path& path = paths_[index_of(sender)];
  std::uint32_t& sequence = sequences_[index_of(sender)];
  const bool acknowledges = (flags & kTcpAck) != 0;
  std::byte* frame = writer_.frame(time, path.frame_size(data.size()));
  if (!data.empty()) std::memcpy(path.payload_of(frame), data.data(), data.size());
  path.seal_tcp(frame, data.size(), packet_ids_[index_of(sender)]++,
                {.sequence = sequence,
                 .acknowledgment = acknowledges ? sequences_[index_of(other(sender))] : 0,
                 .flags = flags});
  sequence += static_cast<std::uint32_t>(data.size()) + ((flags & kTcpSyn) != 0 ? 1U : 0U);
  ++frames_;
}

}  // namespace koegura::traffic
