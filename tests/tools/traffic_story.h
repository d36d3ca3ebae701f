// Reads a generated capture and its truth file back, for the tests of the generator.
#pragma once

#include <doctest/doctest.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "capture/capture_file.h"
#include "capture/decapsulation.h"
#include "capture/rtp.h"
#include "capture/sip_message.h"
#include "traffic/known_audio.h"
#include "traffic/traffic.h"

namespace koegura::traffic::test {

using capture::Side;
using google::protobuf::Struct;
using google::protobuf::Value;

// A folder that goes with its test.
class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "traffic-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

struct ReadPacket {
  Timestamp time;
  capture::Endpoint source;
  capture::Endpoint destination;
  std::string ip;  // the datagram
  std::string payload;
  std::uint32_t tcp_sequence = 0;
  std::uint8_t tcp_flags = 0;
  bool tcp = false;

  [[nodiscard]] capture::Bytes bytes() const { return std::as_bytes(std::span(payload)); }
  [[nodiscard]] bool sip() const { return tcp || source.port == 5060; }
  [[nodiscard]] bool rtp() const { return !sip() && source.port % 2 == 0; }
  [[nodiscard]] bool rtcp() const { return !sip() && !rtp(); }
};

// One stream's packets in order of arrival.
struct ReadStream {
  std::vector<capture::RtpPacket> packets;  // views into the capture's packets
  std::vector<Timestamp> times;
};

// A generated capture, read back with the recorder's own reader.
struct Recording {
  TrafficSummary summary;
  Struct truth;
  std::vector<ReadPacket> packets;
  capture::Accounting accounting;
  std::uint64_t frames = 0;

  [[nodiscard]] std::map<std::uint32_t, ReadStream> streams() const {
    std::map<std::uint32_t, ReadStream> streams;
    for (const ReadPacket& packet : packets) {
      if (!packet.rtp()) continue;
      const auto rtp = capture::parse_rtp(packet.bytes());
      REQUIRE(rtp);
      streams[rtp->ssrc].packets.push_back(*rtp);
      streams[rtp->ssrc].times.push_back(packet.time);
    }
    return streams;
  }
};

inline const Value& field(const Struct& object, const std::string& name) {
  const auto found = object.fields().find(name);
  REQUIRE_MESSAGE(found != object.fields().end(), name);
  return found->second;
}
inline double number(const Struct& object, const std::string& name) {
  return field(object, name).number_value();
}
inline std::string text(const Struct& object, const std::string& name) {
  return field(object, name).string_value();
}
inline const google::protobuf::RepeatedPtrField<Value>& list(const Struct& object,
                                                             const std::string& name) {
  return field(object, name).list_value().values();
}
inline const Struct& call_of(const Struct& truth, std::uint32_t index) {
  for (const Value& call : list(truth, "calls")) {
    if (number(call.struct_value(), "index") == index) return call.struct_value();
  }
  FAIL("the truth file has no call " << index);
  std::abort();
}
inline const Struct& stream_of(const Struct& call, Side side) {
  return list(call, "streams")[side == Side::kCaller ? 0 : 1].struct_value();
}
inline std::uint32_t ssrc_of(const Struct& stream) {
  return static_cast<std::uint32_t>(std::stoul(text(stream, "ssrc"), nullptr, 16));
}

inline std::vector<ReadPacket> read_back(const std::string& path, Recording& recording) {
  auto source = capture::open_capture_file(path);
  REQUIRE_MESSAGE(source, source.error().message);
  const auto decapsulation = capture::Decapsulation::create({}, recording.accounting);
  std::vector<ReadPacket> packets;
  std::array<capture::Frame, 64> burst;
  while (true) {
    const auto frames = (*source)->read(burst);
    REQUIRE_MESSAGE(frames, frames.error().message);
    if (*frames == 0) return packets;
    recording.frames += *frames;
    for (std::size_t i = 0; i < *frames; ++i) {
      capture::Packet packet;
      REQUIRE(decapsulation->on_frame(burst[i], packet));
      const auto as_text = [](capture::Bytes bytes) {
        return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      };
      packets.push_back({packet.time, packet.source, packet.destination, as_text(packet.ip),
                         as_text(packet.payload), packet.tcp_sequence, packet.tcp_flags,
                         packet.transport == capture::Transport::kTcp});
    }
  }
}

inline Recording record(const TrafficOptions& options, const std::string& name = "a.pcap") {
  const Folder folder;
  Recording recording;
  const auto summary = generate(options, folder / name, folder / "truth.json");
  REQUIRE_MESSAGE(summary, summary.error().message);
  recording.summary = *summary;
  CHECK(std::filesystem::file_size(folder / name) == summary->bytes);
  const auto parsed = google::protobuf::util::JsonStringToMessage(contents(folder / "truth.json"),
                                                                  &recording.truth);
  REQUIRE_MESSAGE(parsed.ok(), parsed.ToString());
  recording.packets = read_back(folder / name, recording);
  return recording;
}

// Small and quick: 2 s of talk.
inline TrafficOptions short_calls(std::uint32_t calls) {
  TrafficOptions options;
  options.calls = calls;
  options.concurrency = calls;
  options.ring = std::chrono::milliseconds(300);
  options.talk = std::chrono::seconds(2);
  return options;
}

}  // namespace koegura::traffic::test
