// How many seconds of call one CPU-second decodes, by codec: both directions, spool to FLAC. Beside
// it, of the same audio: the flac command line, and what `koegura audio` makes of the archive file.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../capture/packet_builder.h"
#include "decode/matroska.h"
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
    if (stream.packets == 0) stream.first = time;
    stream.last = time;
    ++stream.packets;
  }
  stream.spooled = spool.take(run);
  return stream;
}

// A call with its spool in a folder of its own.
class BenchCall {
 public:
  explicit BenchCall(const Traffic& traffic) {
    if (mkdtemp(folder_.data()) == nullptr) std::abort();
    auto spool = capture::Spool::open(folder_, {});
    if (!spool) std::abort();
    spool_ = std::move(*spool);
    call_.start = from_unix_ns(1'790'000'000'000'000'000LL);
    call_.end = call_.start + std::chrono::seconds(kSeconds);
    for (const Side side : {Side::kCaller, Side::kCallee}) {
      call_.streams.push_back(make_stream(*spool_, traffic, side));
      capture::NegotiatedMedia media;
      media.side = capture::other(side);
      media.endpoint = call_.streams.back().destination;
      media.formats = {traffic.format};
      call_.media.push_back(media);
    }
  }
  BenchCall(const BenchCall&) = delete;
  BenchCall& operator=(const BenchCall&) = delete;
  ~BenchCall() {
    call_ = {};
    spool_ = nullptr;
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] decode::RenderedCall render() const {
    auto rendered = decode::render(capture::FinishedCall(call_), {.temporary_directory = folder_});
    if (!rendered || !rendered->streams[0].rendered) std::abort();
    return std::move(*rendered);
  }
  [[nodiscard]] std::string path(const char* name) const { return folder_ + '/' + name; }
  [[nodiscard]] std::string archived() const {
    const decode::RenderedCall rendered = render();
    const decode::MatroskaFile file{
        .title = "bench", .date = call_.start, .tags = {}, .chapters = {}, .attachments = {}};
    if (!decode::write_matroska(path("call.mka"), file, rendered.audio)) std::abort();
    return path("call.mka");
  }

 private:
  std::string folder_ = (std::filesystem::temp_directory_path() / "koegura-bench-XXXXXX").string();
  std::unique_ptr<capture::Spool> spool_;
  capture::FinishedCall call_;
};

void count_call(benchmark::State& state) {
  state.counters["call_s_per_cpu_s"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * kSeconds, benchmark::Counter::kIsRate);
}

void render(benchmark::State& state, const Traffic& traffic) {
  const BenchCall call(traffic);
  for (auto _ : state) benchmark::DoNotOptimize(call.render());
  count_call(state);
}

void export_to(const std::string& archived, const std::string& path, decode::AudioFormat format) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto done = decode::export_audio(archived, file, format, decode::ChannelChoice::kBoth);
  if (!done || ::close(file) != 0) std::abort();
}

void export_audio(benchmark::State& state, const Traffic& traffic, decode::AudioFormat format) {
  const BenchCall call(traffic);
  const std::string archived = call.archived();
  for (auto _ : state) export_to(archived, call.path("exported"), format);
  count_call(state);
}

// CPU seconds of a program; negative unless it succeeds.
double cpu_seconds(std::vector<std::string> command) {
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  pid_t child = 0;
  if (::posix_spawnp(&child, words[0], nullptr, nullptr, words.data(), environ) != 0) return -1;
  int status = 0;
  rusage used{};
  if (::wait4(child, &status, 0, &used) != child || status != 0) return -1;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Set as our encoder is (decode/NOTES.md), but for the MD5, which it cannot leave out.
void flac_command(benchmark::State& state, const Traffic& traffic) {
  const BenchCall call(traffic);
  export_to(call.archived(), call.path("call.wav"), decode::AudioFormat::kWav);
  for (auto _ : state) {
    const double used = cpu_seconds({"flac", "--silent", "--force", "-0", "--blocksize=1152", "-o",
                                     call.path("call.flac"), call.path("call.wav")});
    if (used < 0) {
      state.SkipWithError("flac is not installed, or failed");
      break;
    }
    state.SetIterationTime(used);
  }
  count_call(state);
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
    {"G726-40", format(96, "G726-40", 8000), 160, 100, ""},
    {"G729", format(18, "G729", 8000), 160, 20, ""},
    {"G723", format(4, "G723", 8000), 240, 24, std::string_view("\0", 1)},
    {"GSM", format(3, "GSM", 8000), 160, 33, "\xD5"},
    {"iLBC", format(96, "iLBC", 8000, "mode=20"), 160, 38, ""},
    {"AMR", format(96, "AMR", 8000, "octet-align=1"), 160, 33, "\xF0\x3C"},
    {"AMR-WB", format(96, "AMR-WB", 16000, "octet-align=1"), 320, 62, "\xF0\x44"},
    {"opus", format(96, "opus", 48000), 960, 60, "\x48"},
};

}  // namespace

int main(int argc, char** argv) {
  const Traffic& pcmu = kTraffic[0];
  const auto add = [](const std::string& name, auto run) {
    return benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMillisecond);
  };
  for (const Traffic& traffic : kTraffic) {
    add(std::string("render/") + traffic.name,
        [&](benchmark::State& state) { render(state, traffic); });
  }
  add("flac/command_line", [&](benchmark::State& state) {
    flac_command(state, pcmu);
  })->UseManualTime();
  for (const auto& [name, format] :
       {std::pair{"wav", decode::AudioFormat::kWav}, std::pair{"flac", decode::AudioFormat::kFlac},
        std::pair{"opus", decode::AudioFormat::kOpus}}) {
    add(std::string("export/") + name,
        [&, format = format](benchmark::State& state) { export_audio(state, pcmu, format); });
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
