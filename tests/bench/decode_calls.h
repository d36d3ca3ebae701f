// Calls of a minute for decode_bench, in every codec: real speech by the traffic generator where it
// has an encoder, else what a decoder works as hard on.
#pragma once

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../capture/packet_builder.h"
#include "capture/capture.h"
#include "capture/capture_file.h"
#include "traffic/traffic.h"

namespace koegura::bench {

using capture::Side;
using capture::test::Octets;

inline constexpr unsigned kSeconds = 60;

// What of it is not said by the generator.
struct DecodeTraffic {
  const char* name;
  capture::MediaFormat format{};
  unsigned packet_ms = 20;
  const char* fixture = nullptr;  // of tests/decode: frames of speech, one behind the other
  std::size_t frame = 0;          // bytes of one, and so of a payload behind its head
  std::size_t cut = 0;            // bytes in front of each that the payload has not
  std::string_view head{};        // of each payload
};

inline capture::MediaFormat format(std::uint8_t type, const char* encoding, std::uint32_t rate,
                                   const char* fmtp = "") {
  return {
      .payload_type = type, .encoding = encoding, .clock_rate = rate, .channels = 1, .fmtp = fmtp};
}

// Nobody's encoder of these four is in Debian. iLBC's decoder works as hard on any bits.
inline const DecodeTraffic kDecodeTraffic[] = {
    {.name = "PCMU"},
    {.name = "PCMA"},
    {.name = "L16"},
    {.name = "G722"},
    {.name = "G726-16"},
    {.name = "G726-24"},
    {.name = "G726-32"},
    {.name = "G726-40"},
    {.name = "GSM"},
    {.name = "G723", .packet_ms = 30},
    {.name = "speex"},
    {.name = "opus"},
    {.name = "G729",
     .format = format(18, "G729", 8000),
     .packet_ms = 10,
     .fixture = "voice.g729",
     .frame = 10},
    {.name = "AMR",
     .format = format(96, "AMR", 8000, "octet-align=1"),
     .fixture = "voice.amr",
     .frame = 32,
     .cut = 1,
     .head = "\xF0\x3C"},
    {.name = "AMR-WB",
     .format = format(96, "AMR-WB", 16000, "octet-align=1"),
     .fixture = "voice.amr-wb",
     .frame = 33,
     .cut = 1,
     .head = "\xF0\x14"},
    {.name = "iLBC-20", .format = format(96, "iLBC", 8000, "mode=20"), .frame = 38},
    {.name = "iLBC-30",
     .format = format(96, "iLBC", 8000, "mode=30"),
     .packet_ms = 30,
     .frame = 50},
};

// A call with its spool in a folder of its own.
class DecodeCall final : public capture::CallSink {
 public:
  explicit DecodeCall(const DecodeTraffic& traffic) {
    if (::mkdtemp(folder_.data()) == nullptr) std::abort();
    auto spool = capture::Spool::open(folder_ + "/spool", {});
    if (!spool) std::abort();
    spool_ = std::move(*spool);
    if (traffic.frame == 0) {
      generate(traffic);
    } else {
      make(traffic);
    }
    if (call_.streams.size() != 2) std::abort();
  }
  DecodeCall(const DecodeCall&) = delete;
  DecodeCall& operator=(const DecodeCall&) = delete;
  ~DecodeCall() override {
    call_ = {};
    spool_ = nullptr;
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] const capture::FinishedCall& call() const { return call_; }
  [[nodiscard]] double seconds() const { return to_seconds(call_.end - call_.start); }
  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string path(const char* name) const { return folder_ + '/' + name; }

  void take(capture::FinishedCall call) override { call_ = std::move(call); }

 private:
  // Two who take turns, as `koegura traffic` has them: with ../shared/audio, if it is there.
  void generate(const DecodeTraffic& traffic) {
    traffic::TrafficOptions options;
    options.calls = options.concurrency = 1;
    options.ring = {};
    options.talk = std::chrono::seconds(kSeconds);
    options.codec = traffic.name;
    options.packet_time_ms = traffic.packet_ms;
    options.rtcp = false;
    const char* const shared = std::getenv("KOEGURA_SHARED");
    const std::string audio =
        (shared != nullptr ? shared : KOEGURA_SOURCE_ROOT "/../shared") + std::string("/audio");
    if (std::filesystem::is_directory(audio)) options.audio_directory = audio;
    if (!traffic::generate(options, path("call.pcap"), "")) std::abort();
    auto source = capture::open_capture_file(path("call.pcap"));
    if (!source) std::abort();
    const auto capture = capture::Capture::create({}, *spool_, *this);
    std::array<capture::Frame, 64> burst;
    for (auto read = (*source)->read(burst); read && *read != 0; read = (*source)->read(burst)) {
      capture->on_frames(std::span(burst).first(*read));
    }
    capture->finish();
  }

  void make(const DecodeTraffic& traffic) {
    call_.start = from_unix_ns(kStart_ns);
    call_.end = call_.start + std::chrono::seconds(kSeconds);
    const std::vector<Octets> payloads = payloads_of(traffic);
    for (const Side side : {Side::kCaller, Side::kCallee}) {
      call_.streams.push_back(make_stream(traffic, payloads, side));
      capture::NegotiatedMedia media;
      media.side = capture::other(side);
      media.endpoint = call_.streams.back().destination;
      media.formats = {traffic.format};
      call_.media.push_back(media);
    }
  }

  static std::vector<Octets> payloads_of(const DecodeTraffic& traffic) {
    Octets frames(traffic.frame * 1000);
    std::mt19937 random(1);
    for (std::byte& byte : frames) byte = static_cast<std::byte>(random());
    if (traffic.fixture != nullptr) {
      std::ifstream file(
          KOEGURA_SOURCE_ROOT "/tests/decode/fixtures/" + std::string(traffic.fixture),
          std::ios::binary);
      frames = capture::test::octets(std::string(std::istreambuf_iterator<char>(file), {}));
    }
    std::vector<Octets> payloads;
    for (std::size_t at = 0; at + traffic.frame <= frames.size(); at += traffic.frame) {
      const auto frame = capture::Bytes(frames).subspan(at, traffic.frame).subspan(traffic.cut);
      Octets payload = capture::test::octets(traffic.head);
      payload.insert(payload.end(), frame.begin(), frame.end());
      payloads.push_back(std::move(payload));
    }
    if (payloads.empty()) std::abort();
    return payloads;
  }

  capture::FinishedStream make_stream(const DecodeTraffic& traffic,
                                      const std::vector<Octets>& payloads, Side side) {
    capture::FinishedStream stream;
    capture::SpoolRun run;
    const bool caller = side == Side::kCaller;
    const char* const source = caller ? "192.0.2.1:4000" : "192.0.2.2:5000";
    const char* const destination = caller ? "192.0.2.2:5000" : "192.0.2.1:4000";
    stream.side = side;
    stream.source = capture::test::endpoint(source);
    stream.destination = capture::test::endpoint(destination);
    const unsigned ticks = traffic.format.clock_rate / 1000 * traffic.packet_ms;
    for (unsigned i = 0; i < kSeconds * 1000 / traffic.packet_ms; ++i) {
      capture::test::Writer rtp;
      rtp.u8(0x80).u8(traffic.format.payload_type).u16(i & 0xFFFFU).u32(i * ticks).u32(1);
      rtp.bytes(payloads[(i + (caller ? 0 : 7)) % payloads.size()]);
      const auto datagram = capture::test::udp(source, destination, capture::Bytes(rtp.octets()));
      const Timestamp time =
          from_unix_ns(kStart_ns) + std::chrono::milliseconds(i * traffic.packet_ms);
      if (!spool_->append(run, time, datagram.bytes)) std::abort();
      if (stream.packets == 0) stream.first = time;
      stream.last = time;
      ++stream.packets;
    }
    stream.spooled = spool_->take(run);
    return stream;
  }

  static constexpr long long kStart_ns = 1'790'000'000'000'000'000;
  std::string folder_ = (std::filesystem::temp_directory_path() / "koegura-bench-XXXXXX").string();
  std::unique_ptr<capture::Spool> spool_;
  capture::FinishedCall call_;
};

}  // namespace koegura::bench
