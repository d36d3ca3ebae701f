// How many seconds of call one CPU-second decodes and encodes, by codec: the whole way from spool
// to FLAC (render), decoders alone, the encoder alone. Beside it, of the same audio: the flac
// command line, and what `koegura audio` makes of the archive file. Fails if a goal is missed, or
// if anything could not be measured.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "capture/packet.h"
#include "capture/rtp.h"
#include "codec.h"
#include "decode/matroska.h"
#include "decode/renderer.h"
#include "decode_calls.h"
#include "flac_encoder.h"

namespace {

using namespace koegura;
using namespace koegura::bench;

// The goal: G.711 to FLAC, in call-seconds a CPU-second.
constexpr double kGoal = 2500;
// So many times what the flac command takes for nothing but encoding it. Measured: 0.9.
constexpr double kMostTimesFlac = 2;
// What goals are judged by is measured for so long, however short the others.
constexpr double kJudged_s = 0.5;
constexpr auto kRate = "call_s_per_cpu_s";

void count_call(benchmark::State& state, double seconds) {
  state.counters[kRate] = benchmark::Counter(static_cast<double>(state.iterations()) * seconds,
                                             benchmark::Counter::kIsRate);
}

decode::RenderedCall rendered(const DecodeCall& call) {
  auto done =
      decode::render(capture::FinishedCall(call.call()), {.temporary_directory = call.folder()});
  if (!done || !done->streams[0].rendered || !done->streams[1].rendered) std::abort();
  return std::move(*done);
}

void render(benchmark::State& state, const DecodeTraffic& traffic) {
  const DecodeCall call(traffic);
  for (auto _ : state) benchmark::DoNotOptimize(rendered(call));
  count_call(state, call.seconds());
}

// One side's payloads, and what decodes them.
struct Voice {
  const decode::Codec* codec = nullptr;
  capture::MediaFormat format;
  std::vector<Octets> payloads;
};

Voice voice_of(const capture::FinishedCall& call, const capture::FinishedStream& stream) {
  Voice voice;
  for (const capture::NegotiatedMedia& media : call.media) {
    if (media.endpoint == stream.destination) voice.format = media.formats.at(0);
  }
  if (const auto known = decode::static_format(voice.format.payload_type)) voice.format = *known;
  voice.codec = decode::find_codec(voice.format.encoding);
  if (voice.codec == nullptr) std::abort();
  capture::SpoolReader reader(stream.spooled);
  capture::SpooledPacket spooled;
  for (auto more = reader.next(spooled); more && *more; more = reader.next(spooled)) {
    const auto packet = capture::parse_ip(spooled.time, spooled.ip);
    const auto rtp = capture::parse_rtp(packet ? packet->payload : capture::Bytes());
    if (!rtp) std::abort();
    voice.payloads.emplace_back(rtp->payload.begin(), rtp->payload.end());
  }
  return voice;
}

// Gives the samples, so that something was done.
std::size_t decode_all(const Voice& voice) {
  const auto decoder = voice.codec->open(*voice.codec, voice.format);
  decode::FrameList frames;
  decode::SampleBuffer samples;
  std::size_t decoded = 0;
  for (const Octets& payload : voice.payloads) {
    frames.clear();
    if (!voice.codec->depacketise(voice.format, payload, frames)) std::abort();
    for (const decode::CodecFrame& frame : frames.frames()) {
      samples.clear();
      if (!frame.bytes.empty() && !decoder->decode(frame.bytes, samples)) std::abort();
      decoded += samples.size();
    }
  }
  return decoded;
}

void decode_alone(benchmark::State& state, const DecodeTraffic& traffic) {
  const DecodeCall call(traffic);
  std::vector<Voice> voices;
  for (const auto& stream : call.call().streams) voices.push_back(voice_of(call.call(), stream));
  for (auto _ : state) {
    for (const Voice& voice : voices) {
      const std::size_t decoded = decode_all(voice);
      if (decoded < std::size_t{kSeconds} * 7900) return state.SkipWithError("not all is decoded");
    }
  }
  count_call(state, call.seconds());
}

std::string archived(const DecodeCall& call) {
  const decode::RenderedCall done = rendered(call);
  const decode::MatroskaFile file{
      .title = "bench", .date = call.call().start, .tags = {}, .chapters = {}, .attachments = {}};
  if (!decode::write_matroska(call.path("call.mka"), file, done.audio)) std::abort();
  return call.path("call.mka");
}

void export_to(const std::string& archive, const std::string& path, decode::AudioFormat format) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const auto done = decode::export_audio(archive, file, format, decode::ChannelChoice::kBoth);
  if (!done || ::close(file) != 0) std::abort();
}

void export_audio(benchmark::State& state, const DecodeTraffic& traffic,
                  decode::AudioFormat format) {
  const DecodeCall call(traffic);
  const std::string archive = archived(call);
  for (auto _ : state) export_to(archive, call.path("exported"), format);
  count_call(state, call.seconds());
}

// Both channels of a call, as its WAV has them.
std::array<std::vector<decode::Sample>, 2> channels_of(const DecodeCall& call) {
  constexpr std::size_t kHeader = 44;
  export_to(archived(call), call.path("call.wav"), decode::AudioFormat::kWav);
  std::ifstream file(call.path("call.wav"), std::ios::binary);
  const std::string wav{std::istreambuf_iterator<char>(file), {}};
  if (wav.size() < kHeader) std::abort();
  std::vector<decode::Sample> both((wav.size() - kHeader) / sizeof(decode::Sample));
  std::memcpy(both.data(), wav.data() + kHeader, both.size() * sizeof(decode::Sample));
  std::array<std::vector<decode::Sample>, 2> channels;
  for (std::size_t i = 0; i < both.size(); ++i) channels[i % 2].push_back(both[i]);
  return channels;
}

// A second at a time, as a renderer does.
void encode_alone(benchmark::State& state, const DecodeTraffic& traffic) {
  constexpr std::size_t kRateOfG711 = 8000;
  const DecodeCall call(traffic);
  const auto channels = channels_of(call);
  for (auto _ : state) {
    decode::EncodedFlac flac(call.folder(), 64U << 20U);
    const auto encoder = decode::FlacEncoder::create(kRateOfG711, 2, flac);
    if (!encoder) std::abort();
    for (std::size_t at = 0; at < channels[0].size(); at += kRateOfG711) {
      const std::size_t count = std::min(kRateOfG711, channels[0].size() - at);
      const std::span<const decode::Sample> planes[] = {std::span(channels[0]).subspan(at, count),
                                                        std::span(channels[1]).subspan(at, count)};
      if (!(*encoder)->encode(planes)) std::abort();
    }
    if (!(*encoder)->finish()) std::abort();
    benchmark::DoNotOptimize(flac.bytes());
  }
  count_call(state, call.seconds());
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
void flac_command(benchmark::State& state, const DecodeTraffic& traffic) {
  const DecodeCall call(traffic);
  export_to(archived(call), call.path("call.wav"), decode::AudioFormat::kWav);
  for (auto _ : state) {
    const double used = cpu_seconds({"flac", "--silent", "--force", "-0", "--blocksize=1152", "-o",
                                     call.path("call.flac"), call.path("call.wav")});
    if (used < 0) return state.SkipWithError("flac is not installed, or failed");
    state.SetIterationTime(used);
  }
  count_call(state, call.seconds());
}

// Prints as ever, and remembers what goals are judged by.
class Judge final : public benchmark::ConsoleReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      failed_ = failed_ || run.error_occurred;
      if (const auto rate = run.counters.find(kRate); rate != run.counters.end()) {
        rates_[run.run_name.function_name] = rate->second.value;
      }
    }
  }
  // False: a row failed, or a goal is missed that was measured. A sentence for each of them.
  [[nodiscard]] bool is_content() const {
    bool content = !failed_;
    if (failed_) std::printf("a row could not be measured\n");
    const auto g711 = rates_.find("render/PCMU");
    const auto flac = rates_.find("flac/command_line");
    if (g711 == rates_.end()) return content;
    if (g711->second < kGoal) {
      std::printf("render/PCMU: %.0f call-seconds a CPU-second, the goal is %.0f\n", g711->second,
                  kGoal);
      content = false;
    }
    if (flac == rates_.end()) return content;
    const double times = flac->second / g711->second;
    std::printf("render/PCMU takes %.2f times what flac takes, at most %.1f are allowed\n", times,
                kMostTimesFlac);
    return content && times <= kMostTimesFlac;
  }

 private:
  std::map<std::string, double> rates_;
  bool failed_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  const DecodeTraffic& pcmu = kDecodeTraffic[0];
  const auto add = [](const std::string& name, auto run) {
    return benchmark::RegisterBenchmark(name.c_str(), run)->Unit(benchmark::kMillisecond);
  };
  for (const DecodeTraffic& traffic : kDecodeTraffic) {
    auto* const row = add(std::string("render/") + traffic.name,
                          [&](benchmark::State& state) { render(state, traffic); });
    if (&traffic == &pcmu) row->MinTime(kJudged_s);
  }
  add("flac/command_line", [&](benchmark::State& state) { flac_command(state, pcmu); })
      ->UseManualTime()
      ->MinTime(kJudged_s);
  for (const DecodeTraffic& traffic : kDecodeTraffic) {
    add(std::string("decode/") + traffic.name,
        [&](benchmark::State& state) { decode_alone(state, traffic); });
  }
  add("encode/flac", [&](benchmark::State& state) { encode_alone(state, pcmu); });
  for (const auto& [name, format] :
       {std::pair{"wav", decode::AudioFormat::kWav}, std::pair{"flac", decode::AudioFormat::kFlac},
        std::pair{"opus", decode::AudioFormat::kOpus}}) {
    add(std::string("export/") + name,
        [&, format = format](benchmark::State& state) { export_audio(state, pcmu, format); });
  }
  benchmark::Initialize(&argc, argv);
  Judge judge;
  benchmark::RunSpecifiedBenchmarks(&judge);
  return judge.is_content() ? 0 : 1;
}
