// Builds the calls that the tests archive, readable as a story.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <utility>

#include "capture/finished_call.h"
#include "capture/spool.h"
#include "decode/rendered_call.h"

// 2026-11-21 10:15:02.123456789 in Japan.
inline constexpr koegura::Timestamp kMorning = koegura::from_unix_ns(1'795'223'702'123'456'789);

inline koegura::capture::Identity party(const std::string& user) {
  return {.uri = "sip:" + user + "@example.jp", .user = user, .display_name = {}, .withheld = {}};
}

class CallBuilder {
 public:
  explicit CallBuilder(std::string call_id) {
    call_.call_id = std::move(call_id);
    call_.from_tag = "tag1";
    call_.state = koegura::capture::CallState::kAnswered;
    call_.caller = party("0312345678");
    call_.callee = party("2301");
    call_.answered_by = call_.callee;
    call_.release = {.code = 200, .reason = "BYE", .by = koegura::capture::ReleasedBy::kCaller};
    starting(kMorning);
  }

  CallBuilder& starting(koegura::Timestamp start) {
    call_.start = start;
    call_.ringing = start + std::chrono::seconds(1);
    call_.answered = start + std::chrono::seconds(3);
    return lasting(std::chrono::seconds(60));
  }
  CallBuilder& lasting(koegura::Duration duration) {
    call_.end = call_.start + duration;
    return *this;
  }
  CallBuilder& from(const std::string& user) {
    call_.caller = party(user);
    return *this;
  }
  CallBuilder& to(const std::string& user) {
    call_.callee = party(user);
    call_.answered_by = call_.callee;
    return *this;
  }
  CallBuilder& unanswered(koegura::capture::CallState state, std::uint16_t code) {
    call_.state = state;
    call_.answered.reset();
    call_.answered_by = {};
    call_.release.code = code;
    return *this;
  }
  CallBuilder& signalled_by(koegura::capture::SpooledPackets packets) {
    call_.signalling = std::move(packets);
    return *this;
  }
  CallBuilder& with_stream(const koegura::decode::RenderedStream& stream,
                           koegura::capture::SpooledPackets packets = {}) {
    koegura::capture::FinishedStream wire;
    wire.side = stream.side;
    wire.source = stream.source;
    wire.destination = stream.destination;
    wire.ssrc = stream.ssrc;
    wire.packets = stream.packets;
    wire.spooled = std::move(packets);
    call_.streams.push_back(std::move(wire));
    rendered_.streams.push_back(stream);
    return *this;
  }
  CallBuilder& with_span(koegura::decode::SpanKind kind) {
    rendered_.spans.push_back({.kind = kind, .channel = {}, .from_s = 3, .to_s = 60, .note = {}});
    return *this;
  }

  // May be changed before build.
  koegura::capture::FinishedCall& call() { return call_; }
  koegura::decode::RenderedCall build() {
    rendered_.call = std::move(call_);
    return std::move(rendered_);
  }

 private:
  koegura::capture::FinishedCall call_;
  koegura::decode::RenderedCall rendered_;
};

// A clean G.711 stream.
inline koegura::decode::RenderedStream pcmu(koegura::capture::Side side, std::uint32_t ssrc) {
  koegura::decode::RenderedStream stream;
  stream.side = side;
  stream.source = {koegura::capture::IpAddress::v4(0xC0000201), 40000};
  stream.destination = {koegura::capture::IpAddress::v4(0xC0000202), 40002};
  stream.ssrc = ssrc;
  stream.codec = "PCMU";
  stream.clock_rate = 8000;
  stream.packets = 1500;
  stream.bytes = 1500 * 160;
  stream.mos = 4.4;
  stream.first = kMorning;
  stream.last = kMorning + std::chrono::seconds(30);
  stream.rendered = true;
  stream.lossless = true;
  return stream;
}

// An IP datagram of this size that begins with a mark to know it by.
inline std::vector<std::byte> datagram(std::uint8_t mark, std::size_t size = 64) {
  std::vector<std::byte> bytes(size, std::byte{0x45});
  bytes[1] = std::byte{mark};
  return bytes;
}

// Puts packets into a spool and takes them as a call's.
class PacketBuilder {
 public:
  explicit PacketBuilder(koegura::capture::Spool& spool) : spool_(spool) {}
  PacketBuilder& at(koegura::Timestamp time, const std::vector<std::byte>& ip) {
    REQUIRE(spool_.append(run_, time, ip));
    return *this;
  }
  koegura::capture::SpooledPackets take() { return spool_.take(run_); }

 private:
  koegura::capture::Spool& spool_;
  koegura::capture::SpoolRun run_;
};
