// Reads the conversations of a generated capture back: their legs, as the truth file names them.
#pragma once

#include <algorithm>
#include <cctype>
#include <map>
#include <string>
#include <vector>

#include "traffic_story.h"

namespace koegura::traffic::test {

inline TrafficOptions conversations(std::uint32_t count, std::vector<ConversationKind> kinds = {}) {
  TrafficOptions options;
  options.conversations = count;
  options.concurrency = count;
  options.kinds = std::move(kinds);
  options.ring = std::chrono::milliseconds(400);
  options.talk = std::chrono::seconds(8);
  options.rtcp = false;
  return options;
}

// A leg of the truth, and its streams in the capture.
struct Leg {
  const Struct* truth = nullptr;
  [[nodiscard]] std::string call_id() const { return text(*truth, "call_id"); }
  [[nodiscard]] bool trunk() const {
    return call_id().find("carrier.example") != std::string::npos;
  }
};

// The legs of one conversation, the first one first.
inline std::vector<Leg> legs_of(const Recording& recording, std::uint32_t conversation) {
  for (const Value& value : list(recording.truth, "conversations")) {
    if (number(value.struct_value(), "index") != conversation) continue;
    std::vector<Leg> legs;
    for (const Value& id : list(value.struct_value(), "legs")) {
      for (const Value& call : list(recording.truth, "calls")) {
        if (text(call.struct_value(), "call_id") == id.string_value()) {
          legs.push_back({&call.struct_value()});
        }
      }
    }
    return legs;
  }
  FAIL("the truth file has no conversation " << conversation);
  return {};
}

inline std::string host(const capture::Endpoint& endpoint) {
  const std::string address = endpoint.address.to_string();
  if (address == "198.51.100.10") return "sbc";
  return address == "192.0.2.10" ? "pbx" : "phone";
}

// "pbx>phone INVITE", … of one leg.
inline std::vector<std::string> ladder(const Recording& recording, const Leg& leg) {
  std::vector<std::string> steps;
  for (const ReadPacket& packet : recording.packets) {
    if (!packet.sip()) continue;
    const auto message = capture::parse_sip(packet.bytes());
    REQUIRE(message);
    if (message->call_id != leg.call_id()) continue;
    steps.push_back(
        host(packet.source) + ">" + host(packet.destination) + " " +
        (message->is_request() ? std::string(message->method) : std::to_string(message->status)));
  }
  return steps;
}

inline std::vector<std::string> requests(const Recording& recording, const Leg& leg) {
  std::vector<std::string> found;
  for (const std::string& step : ladder(recording, leg)) {
    if (std::isdigit(static_cast<unsigned char>(step.back())) == 0) found.push_back(step);
  }
  return found;
}

using Steps = std::vector<std::string>;

// The text of the first message of the leg that has this in it.
inline std::string message_with(const Recording& recording, const Leg& leg,
                                const std::string& part) {
  for (const ReadPacket& packet : recording.packets) {
    if (packet.sip() && packet.payload.find("Call-ID: " + leg.call_id()) != std::string::npos &&
        packet.payload.find(part) != std::string::npos) {
      return packet.payload;
    }
  }
  FAIL("no message of " << leg.call_id() << " has " << part);
  return {};
}

inline const Struct* voice(const Leg& leg, const std::string& channel) {
  for (const Value& stream : list(*leg.truth, "streams")) {
    if (text(stream.struct_value(), "channel") == channel) return &stream.struct_value();
  }
  return nullptr;
}

inline std::string payload(const capture::RtpPacket& packet) {
  return std::string(reinterpret_cast<const char*>(packet.payload.data()), packet.payload.size());
}

inline bool silent(const std::string& payload) {
  return std::all_of(payload.begin(), payload.end(), [&](char c) { return c == payload[0]; });
}

// Fails unless `sent` is a stretch of `heard`, packet by packet, each 10 to 40 ms later; gives how
// many packets were relayed.
inline std::size_t check_relayed(const ReadStream& heard, const ReadStream& sent) {
  std::size_t from = 0;
  while (from < heard.packets.size() &&
         sent.times[0] - heard.times[from] > std::chrono::milliseconds(40))
    ++from;
  REQUIRE(from < heard.packets.size());
  REQUIRE(sent.packets.size() <= heard.packets.size() - from);
  for (std::size_t i = 0; i < sent.packets.size(); ++i) {
    const Duration delay = sent.times[i] - heard.times[from + i];
    CHECK(delay >= std::chrono::milliseconds(10));
    CHECK(delay <= std::chrono::milliseconds(40));
    CHECK(payload(sent.packets[i]) == payload(heard.packets[from + i]));
  }
  CHECK(sent.packets[0].ssrc != heard.packets[0].ssrc);
  CHECK(sent.packets[0].sequence != heard.packets[from].sequence);
  CHECK(sent.packets[0].timestamp != heard.packets[from].timestamp);
  return sent.packets.size();
}

inline const ReadStream& stream_in(const std::map<std::uint32_t, ReadStream>& streams,
                                   const Struct* truth) {
  REQUIRE(truth != nullptr);
  const auto found = streams.find(ssrc_of(*truth));
  REQUIRE(found != streams.end());
  return found->second;
}

}  // namespace koegura::traffic::test
