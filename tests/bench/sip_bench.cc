// SIP: nanoseconds for parse_sip on a PBX's INVITE, for messages made to be costly (linear in their
// size: the complexity is printed, and per_byte must not grow), and for Signalling on a message
// while some number of dialogs stand, with the bytes that each of them takes (flat as they grow).
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "../capture/sip_heavy.h"
#include "capture/sdp.h"
#include "capture/signalling.h"

namespace koegura::capture {
namespace {

constexpr std::string_view kDescription =
    "v=0\r\no=- 20518 0 IN IP4 192.0.2.101\r\ns=-\r\nc=IN IP4 192.0.2.101\r\nt=0 0\r\n"
    "m=audio 54344 RTP/AVP 0 8 9 18 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:9 G722/8000\r\na=rtpmap:18 G729/8000\r\na=fmtp:18 annexb=no\r\n"
    "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

// A message as an IP-PBX sends it, with the fields of a real one.
std::string message(const std::string& start, const std::string& cseq, bool to_tag, bool body) {
  return start +
         "\r\nVia: SIP/2.0/UDP 192.0.2.10:5060;rport;branch=z9hG4bKPj4f0bb2a5-76a8\r\n"
         "Max-Forwards: 70\r\nFrom: \"Reception\" <sip:0312345678@pbx.example.jp>;tag=3c26d1f0\r\n"
         "To: <sip:2301@pbx.example.jp>" +
         (to_tag ? ";tag=as58f4201b" : "") +
         "\r\nContact: <sip:0312345678@192.0.2.10:5060;ob>\r\n"
         "Call-ID: 3848276298220188511@192.0.2.10\r\nCSeq: " +
         cseq +
         "\r\nAllow: PRACK, INVITE, ACK, BYE, CANCEL, UPDATE, INFO, SUBSCRIBE, NOTIFY, REFER\r\n"
         "Supported: replaces, 100rel, timer, norefersub\r\nSession-Expires: 1800\r\nMin-SE: 90\r\n"
         "P-Asserted-Identity: \"Reception\" <sip:0312345678@pbx.example.jp>\r\n"
         "User-Agent: PBX 16.8\r\nContent-Type: application/sdp\r\nContent-Length: " +
         std::to_string(body ? kDescription.size() : 0) + "\r\n\r\n" +
         (body ? std::string(kDescription) : std::string());
}

void parse_invite(benchmark::State& state) {
  const std::string text =
      message("INVITE sip:2301@192.0.2.20:5060 SIP/2.0", "1 INVITE", false, true);
  for (auto _ : state) {
    auto parsed = parse_sip(std::as_bytes(std::span(text)));
    benchmark::DoNotOptimize(parsed);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}
BENCHMARK(parse_invite);

void parse_description(benchmark::State& state) {
  for (auto _ : state) {
    auto parsed = parse_sdp(kDescription);
    benchmark::DoNotOptimize(parsed);
  }
}
BENCHMARK(parse_description);

// Up to what a datagram holds.
void heavy(benchmark::State& state, const test::HeavyShape& shape) {
  const auto size = static_cast<std::size_t>(state.range(0));
  const std::string text = shape.make(size);
  for (auto _ : state) benchmark::DoNotOptimize(test::read_whole(text));
  const auto bytes = static_cast<double>(state.iterations()) * static_cast<double>(text.size());
  state.counters["per_byte"] =
      benchmark::Counter(bytes, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetComplexityN(state.range(0));
}
[[maybe_unused]] const bool kHeavyRegistered = [] {
  for (const test::HeavyShape& shape : test::kHeavyShapes) {
    benchmark::RegisterBenchmark(("heavy/" + std::string(shape.name)).c_str(), heavy, shape)
        ->RangeMultiplier(4)
        ->Range(1'000, 64'000)
        ->Complexity();
  }
  return true;
}();

// A message over TCP in segments of one byte: what is read once is not read again.
void stream_in_bytes(benchmark::State& state) {
  const std::string text = test::invite_with(test::repeated("Z: y\r\n", 60'000));
  const Bytes all = std::as_bytes(std::span(text));
  const auto pieces = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    SipProgress progress;
    for (std::size_t size = all.size() - pieces; size <= all.size(); ++size) {
      benchmark::DoNotOptimize(sip_message_length(all.first(size), progress));
    }
  }
  state.SetComplexityN(state.range(0));
}
BENCHMARK(stream_in_bytes)->Arg(1)->Arg(1'000)->Arg(10'000);

class Discard final : public SignallingSink {
 public:
  void on_media(LegId /*leg*/, const NegotiatedMedia& /*media*/) override {}
  void on_released(LegId /*leg*/, Timestamp /*at*/) override {}
  void on_finished(LegId /*leg*/, FinishedCall /*call*/) override {}
};

// What the allocator has given out.
double bytes_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

// Each round one call begins and the oldest one ends: six messages, and as many dialogs stand as
// the argument says.
void calls(benchmark::State& state) {
  const std::array<std::string, 6> texts = {
      message("INVITE sip:2301@192.0.2.20 SIP/2.0", "1 INVITE", false, true),
      message("SIP/2.0 180 Ringing", "1 INVITE", true, false),
      message("SIP/2.0 200 OK", "1 INVITE", true, true),
      message("ACK sip:2301@192.0.2.20 SIP/2.0", "1 ACK", true, false),
      message("BYE sip:2301@192.0.2.20 SIP/2.0", "2 BYE", true, false),
      message("SIP/2.0 200 OK", "2 BYE", true, false)};
  std::array<SipMessage, 6> messages;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    messages[i] = *parse_sip(std::as_bytes(std::span(texts[i])));
  }
  const Endpoint source{IpAddress::v4(0xC000020A), 5060};
  const Endpoint destination{IpAddress::v4(0xC0000214), 5060};
  const auto concurrent = static_cast<std::uint64_t>(state.range(0));
  const Duration step = std::chrono::seconds(90) / state.range(0);
  Discard sink;
  // Those that were hung up linger beside them.
  const auto signalling = Signalling::create({.max_legs = 1'000'000}, sink);
  Timestamp now = from_unix_ns(1'700'000'000'000'000'000);
  std::uint64_t call = 0;
  const auto say = [&](std::size_t which, std::uint64_t id) {
    const std::string call_id = std::to_string(id) + "-3848276298220188511@192.0.2.10";
    messages[which].call_id = call_id;
    (void)signalling->on_message(now, source, destination, messages[which]);
  };
  const auto round = [&] {
    now += step;
    for (std::size_t i = 0; i < 4; ++i) say(i, call);
    if (call >= concurrent) {
      say(4, call - concurrent);
      say(5, call - concurrent);
    }
    ++call;
  };
  const double before = bytes_in_use();
  while (call < concurrent) round();
  state.counters["bytes_per_dialog"] = (bytes_in_use() - before) / static_cast<double>(concurrent);
  for (auto _ : state) round();
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * messages.size()));
}
BENCHMARK(calls)->Arg(100)->Arg(1'000)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace koegura::capture

BENCHMARK_MAIN();
