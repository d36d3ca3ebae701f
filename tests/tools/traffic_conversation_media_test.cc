// What the legs of generated conversations carry: relayed, transcoded, music and announcements.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "traffic_conversation_story.h"

using namespace koegura;
using namespace koegura::traffic;
using namespace koegura::traffic::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// Mean level of every 20 ms of G.711, by its exponent and mantissa: good enough to compare.
std::vector<double> levels(const ReadStream& stream) {
  std::vector<double> out;
  for (const capture::RtpPacket& packet : stream.packets) {
    double sum = 0;
    for (const std::byte byte : packet.payload) {
      const auto code = static_cast<unsigned>(byte) ^ (packet.payload_type == 0 ? 0xFFU : 0x55U);
      sum += code & 0x7FU;
    }
    out.push_back(sum / static_cast<double>(packet.payload.size()));
  }
  return out;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const std::size_t n = std::min(a.size(), b.size());
  const auto mean = [&](const std::vector<double>& v) {
    return std::accumulate(v.begin(), v.begin() + static_cast<std::ptrdiff_t>(n), 0.0) /
           static_cast<double>(n);
  };
  const double ma = mean(a);
  const double mb = mean(b);
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < n; ++i) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) * (a[i] - ma);
    bb += (b[i] - mb) * (b[i] - mb);
  }
  return ab / std::sqrt(aa * bb);
}

}  // namespace

TEST_CASE("a twin's two legs carry the same payloads, and nothing else that is the same") {
  const Recording recording = record(conversations(4, {ConversationKind::kTwin}));
  const auto streams = recording.streams();
  for (std::uint32_t index = 0; index < 4; ++index) {
    const auto legs = legs_of(recording, index);
    REQUIRE(legs.size() == 2);
    CHECK(legs[0].trunk());
    CHECK(text(*legs[0].truth, "caller") == text(*legs[1].truth, "caller"));
    CHECK(text(*legs[0].truth, "from_tag") != text(*legs[1].truth, "from_tag"));
    const auto up = check_relayed(stream_in(streams, voice(legs[0], "caller")),
                                  stream_in(streams, voice(legs[1], "caller")));
    const auto down = check_relayed(stream_in(streams, voice(legs[1], "callee")),
                                    stream_in(streams, voice(legs[0], "callee")));
    CHECK(up > 250);
    CHECK(down > 250);
  }
}

TEST_CASE("a PBX that transcodes leaves no payload as it was, but the loudness") {
  const Recording recording = record(conversations(8, {ConversationKind::kTranscoded}));
  const auto streams = recording.streams();
  std::set<std::string> codecs;
  for (std::uint32_t index = 0; index < 8; ++index) {
    const auto legs = legs_of(recording, index);
    for (const std::string channel : {"caller", "callee"}) {
      const Struct* trunk = voice(legs[0], channel);
      const Struct* phone = voice(legs[1], channel);
      CHECK(text(*trunk, "codec") == "PCMU");
      codecs.insert(text(*phone, "codec"));
      const ReadStream& here = stream_in(streams, trunk);
      const ReadStream& there = stream_in(streams, phone);
      std::set<std::string> payloads;
      for (const auto& packet : here.packets) payloads.insert(payload(packet));
      for (const auto& packet : there.packets) CHECK(payloads.count(payload(packet)) == 0);
      if (text(*phone, "codec") == "PCMA") CHECK(correlation(levels(here), levels(there)) > 0.9);
    }
  }
  CHECK(codecs.count("PCMA") == 1);
  const auto names = codec_names();
  if (std::find(names.begin(), names.end(), "G722") != names.end())
    CHECK(codecs.count("G722") == 1);
}

TEST_CASE("all who are on hold at one moment hear the same packet of music") {
  TrafficOptions options = conversations(8, {ConversationKind::kHold});
  const Recording recording = record(options);
  const auto streams = recording.streams();
  std::map<std::int64_t, std::set<std::string>> played;  // by 20 ms of time
  std::map<std::int64_t, int> listeners;
  for (std::uint32_t index = 0; index < 8; ++index) {
    const auto legs = legs_of(recording, index);
    REQUIRE(legs.size() == 2);
    CHECK(list(*legs[0].truth, "holds").empty());  // the trunk's signalling shows nothing
    CHECK(requests(recording, legs[0]).size() == 3);
    REQUIRE(list(*legs[1].truth, "holds").size() == 1);
    const Struct& hold = list(*legs[1].truth, "holds")[0].struct_value();
    CHECK(text(hold, "by") == "callee");
    // The trunk's stream goes on but for what the phone needs to begin again; the phone's pauses.
    const auto& runs = list(*voice(legs[0], "callee"), "audio");
    const auto edge = [&](int run, int i) {
      return runs[run].list_value().values()[i].number_value();
    };
    REQUIRE(runs.size() <= 2);
    if (runs.size() == 2) CHECK(edge(1, 0) - (edge(0, 0) + edge(0, 1)) <= 480);
    CHECK(list(*voice(legs[1], "callee"), "audio").size() == 2);
    CHECK(list(*voice(legs[1], "caller"), "audio").size() == 2);
    const auto& desk = stream_in(streams, voice(legs[1], "callee"));
    std::set<std::string> spoken;
    for (const auto& packet : desk.packets) spoken.insert(payload(packet));
    const auto& heard = stream_in(streams, voice(legs[0], "callee"));
    for (std::size_t i = 0; i < heard.packets.size(); ++i) {
      if (spoken.count(payload(heard.packets[i])) != 0) continue;
      const auto moment = (heard.times[i] - options.start) / milliseconds(20);
      played[moment].insert(payload(heard.packets[i]));
      ++listeners[moment];
    }
  }
  int together = 0;
  for (const auto& [moment, payloads] : played) {
    CHECK(payloads.size() == 1);
    together += listeners[moment] > 1 ? 1 : 0;
  }
  CHECK(played.size() > 100);
  CHECK(together > 50);
}

TEST_CASE("the announcement is the same to everybody, and before the phone is connected") {
  const Recording recording = record(conversations(3, {ConversationKind::kAnnouncement}));
  const auto streams = recording.streams();
  std::vector<std::string> announced;
  for (std::uint32_t index = 0; index < 3; ++index) {
    const auto legs = legs_of(recording, index);
    REQUIRE(legs.size() == 2);
    CHECK(text(*legs[0].truth, "answered") < text(*legs[1].truth, "start"));
    const auto& heard = stream_in(streams, voice(legs[0], "callee"));
    std::string first_seconds;
    for (std::size_t i = 0; i < 240; ++i) first_seconds += payload(heard.packets[i]);
    announced.push_back(first_seconds);
  }
  CHECK(announced[0] == announced[1]);
  CHECK(announced[0] == announced[2]);
}

TEST_CASE("no two conversations carry the same speech") {
  TrafficOptions options = conversations(30, {ConversationKind::kTwin});
  const Recording recording = record(options);
  const auto streams = recording.streams();
  std::map<std::string, std::uint32_t> said;  // by which conversation
  std::vector<std::vector<double>> loudness;
  for (std::uint32_t index = 0; index < 30; ++index) {
    const auto legs = legs_of(recording, index);
    for (const Struct* truth : {voice(legs[0], "caller"), voice(legs[1], "callee")}) {
      const ReadStream& stream = stream_in(streams, truth);
      loudness.push_back(levels(stream));
      for (const auto& packet : stream.packets) {
        if (silent(payload(packet))) continue;  // digital silence is the same in every call
        CHECK(said.emplace(payload(packet), index).first->second == index);
      }
    }
  }
  for (std::size_t a = 0; a < loudness.size(); ++a) {
    for (std::size_t b = 0; b < a; ++b) CHECK(correlation(loudness[a], loudness[b]) < 0.8);
  }
}

TEST_CASE("recorded speech makes conversations that differ, too") {
  const Folder folder;
  const auto little = [](std::uint32_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i);
    return out;
  };
  std::string data;
  std::uint32_t noise = 1;
  for (int i = 0; i < 24'000; ++i) {
    noise = noise * 1'664'525 + 1'013'904'223;
    data += little(static_cast<std::uint16_t>(static_cast<std::int16_t>(noise >> 18U) - 8192), 2);
  }
  std::ofstream(folder / "a.wav", std::ios::binary)
      << "RIFF" << little(36 + 48'000, 4) << "WAVEfmt " << little(16, 4) << little(1, 2)
      << little(1, 2) << little(8000, 4) << little(16'000, 4) << little(2, 2) << little(16, 2)
      << "data" << little(48'000, 4) << data;
  TrafficOptions options = conversations(4, {ConversationKind::kTwin});
  options.audio_directory = folder / ".";
  const Recording recording = record(options);
  const auto streams = recording.streams();
  std::map<std::string, std::uint32_t> said;
  for (std::uint32_t index = 0; index < 4; ++index) {
    const ReadStream& stream = stream_in(streams, voice(legs_of(recording, index)[0], "caller"));
    for (const auto& packet : stream.packets) {
      if (!silent(payload(packet)))
        CHECK(said.emplace(payload(packet), index).first->second == index);
    }
  }
  CHECK(said.size() > 500);
  options.audio_directory = folder / "nowhere";
  CHECK(generate(options, folder / "b.pcap", "").error().message ==
        "cannot read " + (folder / "nowhere") + ": No such file or directory");
  CHECK_FALSE(std::filesystem::exists(folder / "b.pcap"));
}
