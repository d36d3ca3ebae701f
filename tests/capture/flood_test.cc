// Capture under floods: whatever comes beside them, known calls come out whole, every frame has its
// outcome, and memory stays within what the limits allow.

#include <malloc.h>
#include <unistd.h>

#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "capture_story.h"
#include "count_packets.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define KOEGURA_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KOEGURA_SANITIZED 1
#endif
#endif

namespace koegura::capture::test {
namespace {

#ifdef KOEGURA_SANITIZED
// Their memory is several times ours, and their time, too.
constexpr bool kMeasuresMemory = false;
constexpr int kSlowness = 10;
#else
constexpr bool kMeasuresMemory = true;
constexpr int kSlowness = 1;
#endif

constexpr std::size_t kMiB = 1U << 20U;

std::size_t resident() {
  std::ifstream statm("/proc/self/statm");
  std::size_t all = 0;
  std::size_t pages = 0;
  statm >> all >> pages;
  return pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

void check_stream(const FinishedStream& stream, unsigned packets) {
  CHECK(stream.packets == packets);
  CHECK(count_packets(stream.spooled) == packets);
}

// Calls whose both sides speak all the time, and the flood between their packets.
class Flood {
 public:
  explicit Flood(const CaptureOptions& options) : story_(options) {
    ::malloc_trim(0);  // what the floods before took and gave back shall count again
  }

  // The signalling of a known call is told by whoever begins it.
  struct Known {
    Dialog dialog;
    std::string caller_at;
    std::string callee_at;
    unsigned ssrc = 0;
    unsigned packets = 0;
  };
  Known& add_call() {
    const auto number = static_cast<unsigned>(calls_.size());
    calls_.push_back({.dialog = {.call_id = "known-" + std::to_string(number)},
                      .caller_at = "192.0.2.1:" + std::to_string(4000 + 2 * number),
                      .callee_at = "192.0.2.9:" + std::to_string(4000 + 2 * number),
                      .ssrc = 2 * number});
    return calls_.back();
  }
  Flood& answer_calls(int count) {
    for (int i = 0; i < count; ++i) {
      const Known& call = add_call();
      answer(story_, call.dialog, call.caller_at, call.callee_at);
    }
    return *this;
  }
  // So many periods of 20 ms, in each of which `between` is called: `packets` times in all.
  template <typename Between>
  Flood& speak(int packets, int periods, Between between) {
    if (begun_with_ == 0) begun_with_ = resident();
    for (int period = 0; period < periods; ++period) {
      for (Known& call : calls_) {
        ++call.packets;
        story_.rtp(call.caller_at, call.callee_at, call.ssrc, call.packets);
        story_.rtp(call.callee_at, call.caller_at, call.ssrc + 1, call.packets);
      }
      for (int i = 0; i < packets / periods / kSlowness; ++i) between(story_, sent_++);
      story_.after(20);
      grown_ = std::max(grown_, resident() - std::min(begun_with_, resident()));
    }
    return *this;
  }
  Flood& hang_up() {
    for (const Known& call : calls_) {
      story_.udp(call.dialog.caller, call.dialog.callee, call.dialog.bye());
    }
    return *this;
  }
  void check_calls() {
    story_.finish();
    for (const Known& known : calls_) check_call(known);
  }
  void check_memory(std::size_t ceiling) const {
    MESSAGE("grew by ", grown_ / 1024, " KiB of ", ceiling / 1024);
    if (kMeasuresMemory) CHECK(grown_ < ceiling);
  }
  void check_call(const Known& known) {
    CAPTURE(known.dialog.call_id);
    const FinishedCall* const call = story_.call(known.dialog.call_id);
    REQUIRE(call != nullptr);
    CHECK(call->state == CallState::kAnswered);
    CHECK(call->release.reason == "BYE");
    REQUIRE(call->streams.size() == 2);
    for (const FinishedStream& stream : call->streams) check_stream(stream, known.packets);
  }
  [[nodiscard]] Story& story() { return story_; }
  [[nodiscard]] LimitHits limits() const { return story_.stats().limits; }

 private:
  Story story_;
  std::vector<Known> calls_;
  int sent_ = 0;
  std::size_t begun_with_ = 0;
  std::size_t grown_ = 0;
};

std::string address(unsigned net, int number) {
  const auto host = static_cast<unsigned>(number);
  return std::to_string(net) + '.' + std::to_string(host >> 16U & 0xFFU) + '.' +
         std::to_string(host >> 8U & 0xFFU) + '.' + std::to_string(host & 0xFFU);
}

void send_rtp(Story& story, const std::string& from, const std::string& to, unsigned ssrc,
              unsigned sequence) {
  story.rtp(from, to, ssrc, sequence);
}

TEST_CASE("200,000 INVITEs, each of a call of its own, leave the known calls alone") {
  constexpr int kInvites = 200'000;
  CaptureOptions options;
  options.signalling.max_legs = 20'000;
  Flood flood(options);
  const auto invite = [](Story& story, int number) {
    Dialog dialog{.call_id = "flood-" + std::to_string(number)};
    dialog.caller = address(10, number) + ":5060";
    story.udp(dialog.caller, dialog.callee, dialog.invite(sdp(address(10, number) + ":4000")));
  };
  flood.answer_calls(10).speak(kInvites / 2, 100, invite);
  // Its signalling finds no room; its audio does.
  flood.story().udp("192.0.2.1:5060", "192.0.2.9:5060",
                    Dialog{.call_id = "late"}.invite(sdp("192.0.2.77:7000")));
  flood.speak(kInvites / 2, 100, [&](Story& story, int number) {
    const int per_packet = kInvites / 200 / kSlowness;
    if (number % per_packet == 0) {
      story.rtp("192.0.2.9:7000", "192.0.2.77:7000", 99,
                static_cast<unsigned>(number / per_packet));
    }
    invite(story, number);
  });
  flood.hang_up().check_calls();

  const SignallingStats stats = flood.story().stats().signalling;
  if (kSlowness == 1) {
    CHECK(stats.legs == options.signalling.max_legs);
    CHECK(flood.limits().legs == kInvites + 11 - options.signalling.max_legs);
    REQUIRE(flood.story().call("") != nullptr);
    CHECK(flood.story().call("")->state == CallState::kMediaOnly);
    CHECK(flood.story().call("")->streams.at(0).packets == 100);
  }
  // A leg with its INVITE: 2 KiB of run, the message's text, and its tables.
  flood.check_memory(options.signalling.max_legs * std::size_t{8} * 1024);
}

TEST_CASE("300,000 packets like RTP, each of a stream of its own, take no known stream's place") {
  CaptureOptions options;
  options.max_streams = 16'384;
  Flood flood(options);
  std::mt19937 random(20261122);
  const auto packet = [&](Story& story, int number) {
    // Every second one from one endpoint to another: as bad for tables as scattered ones.
    const auto any = static_cast<int>(random());
    const std::string from = number % 2 == 0 ? "198.51.100.7:6000" : address(10, any) + ":6000";
    const std::string to = number % 4 < 2
                               ? "198.51.100.8:6000"
                               : "192.0.2.9:" + std::to_string(20'000 + random() % 40'000);
    send_rtp(story, from, to, static_cast<unsigned>(random()), static_cast<unsigned>(random()));
  };
  flood.answer_calls(5).speak(150'000, 150, packet);
  flood.answer_calls(5).speak(150'000, 150, packet);  // begun in the middle of it
  flood.hang_up().check_calls();
  if (kSlowness == 1) CHECK(flood.limits().strangers > 200'000);
  CHECK(flood.limits().streams == 0);
  // A stream on probation: 2 KiB of run, and what both threads know of it.
  flood.check_memory(options.max_streams * std::size_t{6} * 1024);
}

TEST_CASE("strangers that speak like RTP leave a quarter of the streams to known calls") {
  CaptureOptions options;
  options.max_streams = 1024;
  Flood flood(options);
  const auto packet = [](Story& story, int number) {
    const int stream = number / 6;
    send_rtp(story, address(10, stream) + ":6000", "198.51.100.8:6000",
             static_cast<unsigned>(stream), static_cast<unsigned>(number % 6));
  };
  flood.answer_calls(5).speak(60'000, 50, packet);
  flood.answer_calls(100).speak(60'000, 50, packet);
  flood.hang_up().check_calls();
  CHECK(flood.limits().streams > 0);
  // While the hundred calls rang, the first strangers fell silent.
  CHECK(flood.story().stats().media_only_calls == 2 * 768);
}

TEST_CASE("20,000 INVITEs that all want a known call's audio share it, as many as may") {
  Flood flood({});
  const auto invite = [](Story& story, int number) {
    Dialog dialog{.call_id = "flood-" + std::to_string(number)};
    dialog.caller = address(10, number) + ":5060";
    story.udp(dialog.caller, dialog.callee, dialog.invite(sdp("192.0.2.1:4000")));
  };
  flood.answer_calls(2).speak(20'000, 50, invite).hang_up().check_calls();
  if (kSlowness == 1) CHECK(flood.limits().leg_entries > 18'000);
}

TEST_CASE("packets of ever new streams towards a known call's endpoint end at the call's share") {
  CaptureOptions options;
  options.max_streams = 4096;
  Flood flood(options);
  flood.answer_calls(3).speak(20'000, 50, [](Story& story, int number) {
    send_rtp(story, "198.51.100.7:6000", "192.0.2.1:4000", static_cast<unsigned>(number + 1000), 1);
  });
  // One that begins behind it finds its place, too.
  flood.answer_calls(1).speak(0, 50, [](Story&, int) {}).hang_up();
  flood.story().finish();
  CHECK(flood.limits().leg_entries > 0);
  CHECK(flood.limits().streams == 0);
  CHECK(flood.story().call("known-0")->streams.size() == 1024);
  for (const char* other : {"known-1", "known-2", "known-3"}) {
    REQUIRE(flood.story().call(other)->streams.size() == 2);
    CHECK(flood.story().call(other)->streams[0].packets == (other[6] == '3' ? 50 : 100));
  }
}

TEST_CASE("300,000 fragments that never complete do not keep an INVITE in fragments out") {
  const CaptureOptions options;
  Flood flood(options);
  // As much memory as a fragment can take: it is the end of a datagram of 64 KiB.
  const auto fragment = [](Story& story, int number) {
    IpFields fields;
    fields.id = static_cast<std::uint32_t>(number);
    fields.fragment_offset = 65'000;
    fields.more_fragments = true;
    const Octets piece(8);
    story.send(ip(endpoint(address(10, number / 65'536) + ":0").address,
                  endpoint("192.0.2.9:0").address, fields, piece));
  };
  flood.answer_calls(5).speak(150'000, 150, fragment);
  const Flood::Known call = flood.add_call();
  const auto pieces = fragments(call.dialog.caller, call.dialog.callee,
                                call.dialog.invite(sdp(call.caller_at)), 200, 77);
  REQUIRE(pieces.size() > 1);
  for (const Carried& piece : pieces) {
    for (int i = 0; i < 300; ++i) fragment(flood.story(), 200'000 + i);
    flood.story().send(piece);
  }
  flood.story().udp(call.dialog.callee, call.dialog.caller,
                    call.dialog.response("200 OK", sdp(call.callee_at)));
  flood.speak(150'000, 150, fragment).hang_up().check_calls();
  CHECK(flood.limits().fragments > 280'000 / kSlowness);
  // 1,024 datagrams of 64 KiB.
  flood.check_memory(options.decapsulation.max_datagrams_in_reassembly * std::size_t{80} * 1024);
}

TEST_CASE(
    "100,000 TCP connections that begin a SIP message each do not cut off those that speak it") {
  CaptureOptions options;
  options.tcp.max_connections = 4096;
  options.tcp.max_buffered_bytes = 8U << 20U;
  Flood flood(options);
  const std::string unfinished =
      Dialog{.call_id = "flood"}.headers("1 INVITE", false) + std::string(1000, 'x');
  const auto segment = [&](Story& story, int number) {
    const std::string from = address(10, number) + ":" + std::to_string(1024 + number % 60'000);
    story.send(tcp(from, "192.0.2.9:5060", 1000, "INVITE sip:x SIP/2.0\r\n" + unfinished));
  };
  constexpr std::string_view kCaller = "192.0.2.1:40000";
  constexpr std::string_view kCallee = "192.0.2.9:5060";
  const Flood::Known call = flood.add_call();
  const std::string invite = call.dialog.invite(sdp(call.caller_at));
  const std::string answered = call.dialog.response("200 OK", sdp(call.callee_at));
  std::string bye = call.dialog.bye();
  flood.story().send(tcp(kCaller, kCallee, 1000, invite));
  flood.story().send(tcp(kCallee, kCaller, 5000, answered));
  flood.speak(50'000, 100, segment);
  // A message in two segments, and the flood between them.
  const auto next = static_cast<std::uint32_t>(1000 + invite.size());
  flood.story().send(tcp(kCaller, kCallee, next, bye.substr(0, 100)));
  flood.speak(50'000, 50, segment);
  flood.story().send(tcp(kCaller, kCallee, next + 100, bye.substr(100)));
  flood.check_calls();
  CHECK(flood.limits().tcp_connections + flood.limits().tcp_bytes > 100'000 / kSlowness - 2 * 4096);
  // What connections hold is counted as memory; two kilobytes for each beside it.
  flood.check_memory(options.tcp.max_buffered_bytes + options.tcp.max_connections * 2048 +
                     8 * kMiB);
}

}  // namespace
}  // namespace koegura::capture::test
