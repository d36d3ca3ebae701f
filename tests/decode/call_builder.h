// Builds finished calls for the tests of decode: RTP packets into a real spool, told as a story in
// milliseconds from the start of the call:
//
//   CallBuilder call;
//   call.stream(Side::kCaller).rtp({.at_ms = 0, .sequence = 1, .timestamp = 0, .payload = …});
//   RenderedCall rendered = call.render();
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "../capture/packet_builder.h"
#include "capture/finished_call.h"
#include "capture/rtp.h"
#include "decode/matroska.h"
#include "decode/renderer.h"

namespace koegura::decode::test {

using capture::Side;
using capture::test::Octets;
using Samples = std::vector<std::int16_t>;

inline constexpr long long kStartNs = 1'790'000'000'000'000'000;  // of every call here

inline Timestamp at_ms(double ms) {
  return from_unix_ns(kStartNs + std::llround(ms * 1e6));
}

// A folder that goes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "koegura-decode-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

struct Rtp {
  double at_ms = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint8_t payload_type = 0;
  bool marker = false;
  Octets payload;
};

class StreamBuilder {
 public:
  StreamBuilder(capture::Spool& spool, Side side, std::uint32_t ssrc) : spool_(spool) {
    stream_.side = side;
    stream_.ssrc = ssrc;
    const bool caller = side == Side::kCaller;
    source_ = caller ? "192.0.2.1:4000" : "192.0.2.2:5000";
    destination_ = caller ? "192.0.2.2:5000" : "192.0.2.1:4000";
  }
  StreamBuilder& towards(const std::string& destination) {
    destination_ = destination;
    return *this;
  }
  StreamBuilder& rtp(const Rtp& packet) {
    capture::test::Writer out;
    out.u8(0x80).u8((packet.marker ? 0x80U : 0U) | packet.payload_type).u16(packet.sequence);
    out.u32(packet.timestamp).u32(stream_.ssrc).bytes(packet.payload);
    return datagram(packet.at_ms, out.octets());
  }
  // RTP without CSRC list and extension, or SRTP.
  StreamBuilder& datagram(double at_ms, const Octets& rtp) {
    const auto packet = capture::test::udp(source_, destination_, rtp);
    const Timestamp time = test::at_ms(at_ms);
    REQUIRE(spool_.append(run_, time, packet.bytes));
    if (stream_.packets == 0) stream_.first = time;
    stream_.last = std::max(stream_.last, time);
    ++stream_.packets;
    stream_.bytes += rtp.size() - capture::kRtpHeaderSize;
    return *this;
  }
  // A datagram of T.38: no RTP header (UDPTL).
  StreamBuilder& udptl(double at_ms, const Octets& bytes) {
    stream_.kind = capture::MediaKind::kImage;
    const auto datagram = capture::test::udp(source_, destination_, bytes);
    const Timestamp time = test::at_ms(at_ms);
    REQUIRE(spool_.append(run_, time, datagram.bytes));
    if (stream_.packets == 0) stream_.first = time;
    stream_.last = std::max(stream_.last, time);
    ++stream_.packets;
    stream_.bytes += bytes.size();
    return *this;
  }
  [[nodiscard]] Side side() const { return stream_.side; }
  [[nodiscard]] capture::FinishedStream finish() {
    stream_.source = capture::test::endpoint(source_);
    stream_.destination = capture::test::endpoint(destination_);
    stream_.spooled = spool_.take(run_);
    return stream_;
  }

 private:
  capture::Spool& spool_;
  capture::SpoolRun run_;
  capture::FinishedStream stream_;
  std::string source_;
  std::string destination_;
};

class CallBuilder {
 public:
  CallBuilder() {
    auto spool = capture::Spool::open(folder_ / "spool", {});
    REQUIRE(spool);
    spool_ = std::move(*spool);
    call_.state = capture::CallState::kAnswered;
    call_.start = at_ms(0);
    call_.answered = at_ms(0);
    call_.end = at_ms(0);
  }

  StreamBuilder& stream(Side side, std::uint32_t ssrc = 0x1234) {
    return streams_.emplace_back(*spool_, side, ssrc);
  }
  // The latest of this side.
  StreamBuilder& last_stream(Side side) {
    const auto found = std::find_if(streams_.rbegin(), streams_.rend(),
                                    [&](const StreamBuilder& s) { return s.side() == side; });
    REQUIRE(found != streams_.rend());
    return *found;
  }
  // SDP: what the receiver of this side's voice said it takes.
  CallBuilder& format(Side speaker, const capture::MediaFormat& format, double since_ms = 0) {
    capture::NegotiatedMedia media;
    media.since = at_ms(since_ms);
    media.side = capture::other(speaker);
    media.endpoint =
        capture::test::endpoint(speaker == Side::kCaller ? "192.0.2.2:5000" : "192.0.2.1:4000");
    media.formats = {format};
    call_.media.push_back(media);
    return *this;
  }
  // A datagram among the call's signalling.
  CallBuilder& signalled(double ms, const std::string& source, const std::string& destination,
                         const Octets& payload) {
    const auto datagram = capture::test::udp(source, destination, payload);
    REQUIRE(spool_->append(signalling_, at_ms(ms), datagram.bytes));
    return *this;
  }
  CallBuilder& lasts_ms(double ms) {
    call_.end = at_ms(ms);
    return *this;
  }
  CallBuilder& redacting() {
    options_.redact_digits = true;
    return *this;
  }
  [[nodiscard]] capture::FinishedCall& call() { return call_; }

  [[nodiscard]] RenderedCall render() {
    for (StreamBuilder& stream : streams_) call_.streams.push_back(stream.finish());
    streams_.clear();
    call_.signalling = spool_->take(signalling_);
    options_.temporary_directory = folder_.path();
    auto rendered = decode::render(capture::FinishedCall(call_), options_);
    REQUIRE_MESSAGE(rendered, (rendered ? "" : rendered.error().message));
    return std::move(*rendered);
  }
  [[nodiscard]] const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<capture::Spool> spool_;
  capture::SpoolRun signalling_;
  std::deque<StreamBuilder> streams_;
  capture::FinishedCall call_;
  RenderOptions options_;
};

inline capture::MediaFormat format(std::uint8_t type, const char* encoding,
                                   std::uint32_t rate = 8000, const char* fmtp = "") {
  return {
      .payload_type = type, .encoding = encoding, .clock_rate = rate, .channels = 1, .fmtp = fmtp};
}

struct Talk {
  double from_ms = 0;
  double to_ms = 0;
  std::uint8_t payload_type = 0;
  std::byte code{0x10};
  double delay_ms = 0;      // of its path
  std::size_t bytes = 160;  // of a payload
};

// Packets of 20 ms whose numbers and timestamps follow the time.
inline void say(StreamBuilder& stream, const Talk& talk) {
  for (double at = talk.from_ms; at < talk.to_ms; at += 20) {
    stream.rtp({.at_ms = at + talk.delay_ms,
                .sequence = static_cast<std::uint16_t>(at / 20),
                .timestamp = static_cast<std::uint32_t>(at * 8),
                .payload_type = talk.payload_type,
                .payload = Octets(talk.bytes, talk.code)});
  }
}

// The audio of a rendered call as a player would get it: through the archive file and WAV.
struct Heard {
  std::uint32_t sample_rate = 0;
  Samples caller;
  Samples callee;
  [[nodiscard]] const Samples& operator[](Side side) const {
    return side == Side::kCaller ? caller : callee;
  }
};

inline std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in);
  std::string bytes(std::filesystem::file_size(path), '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  REQUIRE(in);
  return bytes;
}

inline std::uint32_t little_endian(const std::string& bytes, std::size_t at, unsigned count) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < count; ++i) {
    value |= static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + i])) << (8U * i);
  }
  return value;
}

inline Heard parse_wav(const std::string& wav) {
  constexpr std::size_t kHeader = 44;
  REQUIRE(wav.size() >= kHeader);
  REQUIRE(wav.substr(0, 4) == "RIFF");
  const unsigned channels = little_endian(wav, 22, 2);
  Heard heard;
  heard.sample_rate = little_endian(wav, 24, 4);
  REQUIRE(little_endian(wav, 40, 4) == wav.size() - kHeader);
  heard.caller.reserve((wav.size() - kHeader) / 2 / channels);
  heard.callee.reserve(heard.caller.capacity());
  for (std::size_t at = kHeader; at + 2 * channels <= wav.size(); at += 2 * channels) {
    heard.caller.push_back(static_cast<std::int16_t>(little_endian(wav, at, 2)));
    if (channels == 2)
      heard.callee.push_back(static_cast<std::int16_t>(little_endian(wav, at + 2, 2)));
  }
  return heard;
}

inline Heard listen(const RenderedCall& call, const TemporaryFolder& folder) {
  const std::string path = folder / "call.mka";
  std::filesystem::remove(path);
  const auto written = write_matroska(
      path,
      {.title = "t", .date = at_ms(0), .tags = {}, .chapters = call.chapters, .attachments = {}},
      call.audio);
  REQUIRE_MESSAGE(written, (written ? "" : written.error().message));
  const std::string wav = folder / "call.wav";
  const int fd = open(wav.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0600);
  REQUIRE(fd >= 0);
  const auto exported = export_audio(path, fd, AudioFormat::kWav, ChannelChoice::kBoth);
  close(fd);
  REQUIRE_MESSAGE(exported, (exported ? "" : exported.error().message));
  return parse_wav(read_file(wav));
}

// The spans of one kind, in order.
inline std::vector<Span> spans_of(const RenderedCall& call, SpanKind kind) {
  std::vector<Span> found;
  for (const Span& span : call.spans) {
    if (span.kind == kind) found.push_back(span);
  }
  return found;
}

// The µ-law code of a sample (ITU-T G.711), the sender's side of the decoder under test.
inline std::uint8_t mu_law_code(std::int16_t sample) {
  const int magnitude = std::min(std::abs(int{sample}), 32635) + 132;
  int exponent = 7;
  while (exponent > 0 && (magnitude & (0x80 << exponent)) == 0) --exponent;
  const int mantissa = (magnitude >> (exponent + 3)) & 0x0F;
  return static_cast<std::uint8_t>(~((sample < 0 ? 0x80 : 0) | (exponent << 4) | mantissa));
}

}  // namespace koegura::decode::test
