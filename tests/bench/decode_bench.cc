// How many seconds of call one CPU-second decodes, by codec: both directions, spool to FLAC.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>

#include "../capture/packet_builder.h"
#include "decode/renderer.h"

namespace {

using namespace koegura;
using capture::Side;

constexpr unsigned kSeconds = 60;
constexpr unsigned kPacketsPerSecond = 50;

struct Traffic {
  const char* name;
  capture::MediaFormat format;
  std::uint32_t ticks;    // of a packet
  std::size_t payload;    // bytes
  std::string_view head;  // of each payload: what is not random
};

// Decoders work as hard on random payload as on speech. G.711 is held to the levels of speech,
// because it is FLAC that works there: half a second of voice, half a second of near silence.
capture::test::Octets payload_of(const Traffic& traffic, unsigned index, std::mt19937& random) {
  const bool g711 = traffic.format.encoding.starts_with("PCM");
  const bool voice = index / 25 % 2 == 0;
  capture::test::Octets payload(traffic.payload);
  for (std::byte& byte : payload) {
    const auto any = static_cast<std::uint8_t>(random());
    byte =
        static_cast<std::byte>(g711 ? (any & 0x80U) | 0x40U | (voice ? any & 0x1FU : 0x3CU) : any);
  }
  std::memcpy(payload.data(), traffic.head.data(), traffic.head.size());
  return payload;
}

capture::FinishedStream make_stream(capture::Spool& spool, const Traffic& traffic, Side side) {
  std::mt19937 random(side == Side::kCaller ? 1 : 2);
  capture::FinishedStream stream;
  capture::SpoolRun run;
  const bool caller = side == Side::kCaller;
  const char* source = caller ? "192.0.2.1:4000" : "192.0.2.2:5000";
  const char* destination = caller ? "192.0.2.2:5000" : "192.0.2.1:4000";
  stream.side = side;
  stream.source = capture::test::endpoint(source);
  stream.destination = capture::test::endpoint(destination);
  for (unsigned i = 0; i < kSeconds * kPacketsPerSecond; ++i) {
    capture::test::Writer rtp;
    rtp.u8(0x80).u8(traffic.format.payload_type).u16(i).u32(i * traffic.ticks).u32(1);
    rtp.bytes(payload_of(traffic, i, random));
    const auto datagram = capture::test::udp(source, destination, capture::Bytes(rtp.octets()));
    const Timestamp time = from_unix_ns(1'790'000'000'000'000'000LL + 20'000'000LL * i);
    if (!spool.append(run, time, datagram.bytes)) std::abort();
    ++stream.packets;
  }
  stream.spooled = spool.take(run);
  return stream;
}

void render(benchmark::State& state, const Traffic& traffic) {
  std::string folder = (std::filesystem::temp_directory_path() / "koegura-bench-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) std::abort();
  {
    auto spool = capture::Spool::open(folder, {});
    if (!spool) std::abort();
    capture::FinishedCall call;
    call.start = from_unix_ns(1'790'000'000'000'000'000LL);
    call.end = call.start + std::chrono::seconds(kSeconds);
    for (const Side side : {Side::kCaller, Side::kCallee}) {
      call.streams.push_back(make_stream(**spool, traffic, side));
      capture::NegotiatedMedia media;
      media.side = capture::other(side);
      media.endpoint = call.streams.back().destination;
      media.formats = {traffic.format};
      call.media.push_back(media);
    }
    for (auto _ : state) {
      auto rendered = decode::render(capture::FinishedCall(call), {.temporary_directory = folder});
      if (!rendered || !rendered->streams[0].rendered) state.SkipWithError("not rendered");
      benchmark::DoNotOptimize(rendered);
    }
  }
  std::filesystem::remove_all(folder);
  state.counters["call_s_per_cpu_s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * kSeconds, benchmark::Counter::kIsRate);
}

capture::MediaFormat format(std::uint8_t type, const char* encoding, std::uint32_t rate,
                            const char* fmtp = "") {
  return {
      .payload_type = type, .encoding = encoding, .clock_rate = rate, .channels = 1, .fmtp = fmtp};
}

const Traffic kTraffic[] = {
    {"PCMU", format(0, "PCMU", 8000), 160, 160, ""},
    {"PCMA", format(8, "PCMA", 8000), 160, 160, ""},
    {"L16", format(96, "L16", 16000), 320, 640, ""},
    {"G722", format(9, "G722", 8000), 160, 160, ""},
    {"G726-32", format(96, "G726-32", 8000), 160, 80, ""},
    {"G729", format(18, "G729", 8000), 160, 20, ""},
    {"GSM", format(3, "GSM", 8000), 160, 33, "\xD5"},
    {"AMR-WB", format(96, "AMR-WB", 16000, "octet-align=1"), 320, 62, "\xF0\x44"},
    {"opus", format(96, "opus", 48000), 960, 60, "\x48"},
};

}  // namespace

int main(int argc, char** argv) {
  for (const Traffic& traffic : kTraffic) {
    benchmark::RegisterBenchmark((std::string("render/") + traffic.name).c_str(),
                                 [&](benchmark::State& state) { render(state, traffic); })
        ->Unit(benchmark::kMillisecond);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
