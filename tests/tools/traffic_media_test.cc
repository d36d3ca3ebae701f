// What the generator's streams carry: the truth file against the capture, the known audio against
// the payloads.
#include <doctest/doctest.h>
#include <openssl/sha.h>

#include <algorithm>
#include <set>

#include "traffic_story.h"

using namespace koegura;
using namespace koegura::traffic;
using namespace koegura::traffic::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// ITU-T G.711, written down from its tables: segment s of mu-law begins at 33 * (2^s - 1) of 14
// bits, of A-law at 16 * 2^s of 13 bits; the value is the middle of the interval.
std::int16_t mulaw(std::uint8_t code) {
  const int bits = code ^ 0xFF;
  const int segment = bits >> 4 & 7;
  const int value = 33 * ((1 << segment) - 1) + ((bits & 15) << (segment + 1));
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? -4 * value : 4 * value);
}

std::int16_t alaw(std::uint8_t code) {
  const int bits = code ^ 0x55;
  const int segment = bits >> 4 & 7;
  const int value = segment == 0 ? 2 * (bits & 15) + 1 : ((2 * (bits & 15) + 33) << (segment - 1));
  return static_cast<std::int16_t>((bits & 0x80) != 0 ? 8 * value : -8 * value);
}

std::vector<std::int16_t> decoded(const std::string& codec, capture::Bytes payload) {
  std::vector<std::int16_t> samples;
  for (std::size_t i = 0; i < payload.size(); ++i) {
    const auto octet = static_cast<std::uint8_t>(payload[i]);
    if (codec == "PCMU") samples.push_back(mulaw(octet));
    if (codec == "PCMA") samples.push_back(alaw(octet));
    if (codec != "L16" || i % 2 != 0) continue;
    samples.push_back(
        static_cast<std::int16_t>(octet << 8U | static_cast<std::uint8_t>(payload[i + 1])));
  }
  return samples;
}

// The stream's audio laid out by RTP timestamp, zeros where there was none.
std::vector<std::int16_t> placed(const ReadStream& stream, const Struct& truth) {
  const auto first = static_cast<std::uint32_t>(number(truth, "first_timestamp"));
  std::vector<std::int16_t> samples;
  for (const capture::RtpPacket& packet : stream.packets) {
    if (packet.payload_type != number(truth, "payload_type")) continue;
    const auto audio = decoded(text(truth, "codec"), packet.payload);
    const std::uint32_t at = packet.timestamp - first;
    samples.resize(std::max<std::size_t>(samples.size(), at + audio.size()));
    std::copy(audio.begin(), audio.end(), samples.begin() + at);
  }
  return samples;
}

std::vector<std::int16_t> known(const KnownAudio& audio, std::uint32_t call, Side side) {
  std::vector<std::int16_t> samples;
  for (const AudioRun& run : audio.runs(call, side)) {
    samples.resize(run.sample);
    const auto sent = audio.samples(call, side, run);
    samples.insert(samples.end(), sent.begin(), sent.end());
  }
  return samples;
}

std::string sha256_of_runs(const KnownAudio& audio, std::uint32_t call, Side side) {
  std::string bytes;
  for (const AudioRun& run : audio.runs(call, side)) {
    for (const std::int16_t sample : audio.samples(call, side, run)) {
      bytes += static_cast<char>(sample & 0xFF);
      bytes += static_cast<char>(sample >> 8);
    }
  }
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::string hex;
  for (const unsigned char byte : digest) {
    hex += "0123456789abcdef"[byte >> 4U];
    hex += "0123456789abcdef"[byte & 15U];
  }
  return hex;
}

const ReadStream& stream_in(const std::map<std::uint32_t, ReadStream>& streams,
                            const Struct& truth) {
  const auto found = streams.find(ssrc_of(truth));
  REQUIRE(found != streams.end());
  return found->second;
}

// Fails unless the truth about one stream is what the capture holds.
void check_stream(const Struct& truth, const ReadStream& stream) {
  std::set<std::uint16_t> seen;
  std::uint32_t duplicates = 0;
  std::uint32_t reordered = 0;
  std::int32_t highest = -1;
  const auto first = static_cast<std::uint16_t>(number(truth, "first_sequence"));
  for (const capture::RtpPacket& packet : stream.packets) {
    if (!seen.insert(packet.sequence).second) {
      ++duplicates;
      continue;
    }
    const auto index = static_cast<std::uint16_t>(packet.sequence - first);
    if (index < highest) ++reordered;
    highest = std::max<std::int32_t>(highest, index);
  }
  CHECK(number(truth, "packets") == seen.size());
  CHECK(number(truth, "duplicates") == duplicates);
  CHECK(number(truth, "reordered") == reordered);
  for (const Value& lost : list(truth, "lost")) {
    const auto& run = lost.list_value().values();
    for (int i = 0; i < run[1].number_value(); ++i) {
      CHECK(seen.insert(static_cast<std::uint16_t>(run[0].number_value() + i)).second);
    }
  }
  // Seen and lost together are all that was sent, without a gap.
  CHECK(number(truth, "packets_sent") == seen.size());
  for (std::uint32_t i = 0; i < seen.size(); ++i) {
    CHECK(seen.count(static_cast<std::uint16_t>(first + i)) == 1);
  }
}

}  // namespace

TEST_CASE("the truth file lists exactly what the network did to each stream") {
  TrafficOptions options = short_calls(4);
  options.talk = seconds(30);
  options.digits = "7";
  SUBCASE("nothing") {}
  SUBCASE("loss") {
    options.loss = 0.03;
  }
  SUBCASE("bursts of loss") {
    options.loss = 0.6;
  }
  SUBCASE("reordering") {
    options.reorder = 0.03;
  }
  SUBCASE("duplicates") {
    options.duplicate = 0.03;
  }
  SUBCASE("jitter beyond the packet time") {
    options.jitter = milliseconds(70);
  }
  SUBCASE("everything") {
    options.loss = options.reorder = options.duplicate = 0.1;
    options.jitter = milliseconds(30);
  }
  const Recording recording = record(options);
  const auto streams = recording.streams();
  CHECK(streams.size() == 8);
  double disturbed = 0;
  for (const Value& call : list(recording.truth, "calls")) {
    for (const Value& truth : list(call.struct_value(), "streams")) {
      const Struct& stream = truth.struct_value();
      check_stream(stream, stream_in(streams, stream));
      disturbed +=
          list(stream, "lost").size() + number(stream, "duplicates") + number(stream, "reordered");
    }
  }
  const bool clean =
      options.loss + options.reorder + options.duplicate == 0 && options.jitter == Duration::zero();
  CHECK((disturbed == 0) == clean);
}

TEST_CASE("a lost packet's sample is where its audio would have been, beyond a hold too") {
  TrafficOptions options = short_calls(4);
  options.talk = seconds(20);
  options.hold = Hold{seconds(5), seconds(5)};
  options.loss = 0.7;  // so that losses meet across the hold
  const Recording recording = record(options);
  for (const Value& call : list(recording.truth, "calls")) {
    const Struct& stream = stream_of(call.struct_value(), Side::kCaller);
    std::vector<double> places;  // of each packet sent
    for (const Value& run : list(stream, "audio")) {
      const auto& pair = run.list_value().values();
      for (double at = 0; at < pair[1].number_value(); at += 160) {
        places.push_back(pair[0].number_value() + at);
      }
    }
    CHECK(list(stream, "audio").size() == 2);
    const auto first = static_cast<std::uint16_t>(number(stream, "first_sequence"));
    for (const Value& lost : list(stream, "lost")) {
      const auto& run = lost.list_value().values();
      const auto index = static_cast<std::uint16_t>(run[0].number_value() - first);
      for (int i = 0; i < run[1].number_value(); ++i) {
        CHECK(run[2].number_value() + 160 * i == places.at(index + i));
      }
    }
  }
}

TEST_CASE("the payloads decode to the known audio, sample by sample") {
  TrafficOptions options = short_calls(3);
  options.talk = seconds(5);
  options.digits = "5#";
  options.hold = Hold{milliseconds(2500), seconds(1)};
  for (const std::string codec : {"PCMU", "PCMA", "L16"}) {
    for (const std::uint32_t packet_time : {10U, 20U, 60U}) {
      CAPTURE(codec);
      CAPTURE(packet_time);
      options.codec = codec;
      options.packet_time_ms = packet_time;
      options.padding = packet_time / 10 - 1;
      const Recording recording = record(options);
      const auto streams = recording.streams();
      const auto audio = KnownAudio::create(options);
      REQUIRE(audio);
      for (std::uint32_t call = 0; call < 3; ++call) {
        for (const Side side : {Side::kCaller, Side::kCallee}) {
          const Struct& truth = stream_of(call_of(recording.truth, call), side);
          const auto heard = placed(stream_in(streams, truth), truth);
          CHECK(heard == known(*audio, call, side));
          CHECK(text(truth, "audio_sha256") == sha256_of_runs(*audio, call, side));
          CHECK(std::any_of(heard.begin(), heard.end(), [](int s) { return s > 2000; }));
        }
      }
    }
  }
}

TEST_CASE("on hold the caller is silent and the callee plays music, on one unbroken timeline") {
  TrafficOptions options = short_calls(1);
  options.talk = seconds(4);
  options.hold = Hold{seconds(1), seconds(2)};
  const auto pause_of = [&](Side side) {
    const Recording recording = record(options);
    const auto streams = recording.streams();
    const ReadStream& stream = stream_in(streams, stream_of(call_of(recording.truth, 0), side));
    std::uint32_t pause = 0;
    for (std::size_t i = 1; i < stream.packets.size(); ++i) {
      const std::uint32_t step = stream.packets[i].timestamp - stream.packets[i - 1].timestamp;
      const auto time = stream.times[i] - stream.times[i - 1];
      CHECK(time == Duration(milliseconds(step / 8)));
      CHECK(stream.packets[i].sequence ==
            static_cast<std::uint16_t>(stream.packets[i - 1].sequence + 1));
      CHECK(stream.packets[i].marker == (step > 160));
      pause = std::max(pause, step);
    }
    return pause / 8;  // ms
  };
  CHECK(pause_of(Side::kCaller) > 1950);
  CHECK(pause_of(Side::kCallee) == 20);
  options.hold->music = false;
  CHECK(pause_of(Side::kCallee) > 1950);
}

TEST_CASE("digits are RFC 4733 events in the caller's stream") {
  TrafficOptions options = short_calls(1);
  options.talk = seconds(4);
  options.digits = "3*#D";
  const Recording recording = record(options);
  const Struct& call = call_of(recording.truth, 0);
  const auto streams = recording.streams();
  std::vector<std::uint32_t> starts;
  std::string pressed;
  int ends = 0;
  for (const auto& packet : stream_in(streams, stream_of(call, Side::kCaller)).packets) {
    if (packet.payload_type != 101) continue;
    REQUIRE(packet.payload.size() == 4);
    const bool end = (static_cast<std::uint8_t>(packet.payload[1]) & 0x80U) != 0;
    const int duration =
        static_cast<int>(packet.payload[2]) << 8 | static_cast<int>(packet.payload[3]);
    CHECK(packet.marker == (starts.empty() || starts.back() != packet.timestamp));
    CHECK(end == (duration == 800));
    ends += end ? 1 : 0;
    if (!packet.marker) continue;
    starts.push_back(packet.timestamp);
    pressed += "0123456789*#ABCD"[static_cast<std::size_t>(packet.payload[0])];
  }
  CHECK(pressed == "3*#D");
  CHECK(ends == 3 * 4);
  CHECK(list(call, "digits").size() == 4);
  CHECK(text(list(call, "digits")[1].struct_value(), "digit") == "*");
}

TEST_CASE("a wrong clock shows in its packets' times, not in their timestamps") {
  TrafficOptions options = short_calls(1);
  options.talk = seconds(60);
  options.clock_error_ppm = {-100, 20'000};  // a telephone, and a gateway that sends 2 % fast
  const Recording recording = record(options);
  const auto streams = recording.streams();
  const auto length = [&](Side side) {
    const ReadStream& stream = stream_in(streams, stream_of(call_of(recording.truth, 0), side));
    const double media =
        (stream.packets.back().timestamp - stream.packets.front().timestamp) / 8000.0;
    return media / to_seconds(stream.times.back() - stream.times.front());
  };
  CHECK(length(Side::kCaller) == doctest::Approx(0.9999).epsilon(1e-9));
  CHECK(length(Side::kCallee) == doctest::Approx(1.02).epsilon(1e-9));
}

TEST_CASE("jitter delays a packet by nothing up to what was asked for") {
  TrafficOptions options = short_calls(1);
  options.talk = seconds(30);
  const Recording punctual = record(options);
  options.jitter = milliseconds(30);
  const Recording late = record(options);
  const Struct& truth = stream_of(call_of(punctual.truth, 0), Side::kCaller);
  const auto before = punctual.streams();
  const auto after = late.streams();
  std::map<std::uint16_t, Timestamp> sent;
  const ReadStream& stream = stream_in(before, truth);
  for (std::size_t i = 0; i < stream.packets.size(); ++i) {
    sent[stream.packets[i].sequence] = stream.times[i];
  }
  Duration least = seconds(1);
  Duration most{};
  const ReadStream& delayed = stream_in(after, truth);
  for (std::size_t i = 0; i < delayed.packets.size(); ++i) {
    const Duration delay = delayed.times[i] - sent[delayed.packets[i].sequence];
    least = std::min(least, delay);
    most = std::max(most, delay);
  }
  CHECK(least >= Duration::zero());
  CHECK(least < milliseconds(1));
  CHECK(most <= milliseconds(30));
  CHECK(most > milliseconds(29));
}

TEST_CASE(
    "every codec that is offered can be made, and its packets are as long as they should be") {
  const std::map<std::string, std::size_t> bytes_of_60_ms = {
      {"PCMU", 480},         {"PCMA", 480},        {"L16", 960},          {"G722", 480},
      {"GSM", 99},           {"G723", 48},         {"G726-16", 120},      {"G726-24", 180},
      {"G726-32", 240},      {"G726-40", 300},     {"AAL2-G726-16", 120}, {"AAL2-G726-24", 180},
      {"AAL2-G726-32", 240}, {"AAL2-G726-40", 300}};
  TrafficOptions options = short_calls(1);
  for (const std::string& codec : codec_names()) {
    CAPTURE(codec);
    options.codec = codec;
    const auto size = bytes_of_60_ms.find(codec);
    options.packet_time_ms = size == bytes_of_60_ms.end() ? 20 : 60;
    const Recording recording = record(options);
    const auto sdp = std::find_if(recording.packets.begin(), recording.packets.end(),
                                  [](const ReadPacket& p) { return p.sip(); });
    CHECK(sdp->payload.find(" " + codec + "/") != std::string::npos);
    for (const auto& [ssrc, stream] : recording.streams()) {
      CHECK(stream.packets.size() >= (size == bytes_of_60_ms.end() ? 98 : 32));
      const std::uint32_t clock = codec == "opus" ? 48 : 8;
      CHECK(stream.packets[1].timestamp - stream.packets[0].timestamp ==
            options.packet_time_ms * clock);
      for (const auto& packet : stream.packets) {
        CHECK_FALSE(packet.payload.empty());
        if (size != bytes_of_60_ms.end()) CHECK(packet.payload.size() == size->second);
      }
    }
  }
  CHECK(codec_names().size() >= bytes_of_60_ms.size());
}

TEST_CASE("recorded speech is taken from a folder, callee and caller in turn") {
  const Folder folder;
  const auto little = [](std::uint32_t value, int bytes) {
    std::string out;
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i);
    return out;
  };
  const auto write_wav = [&](const std::string& name, std::int16_t level, std::uint32_t rate) {
    std::string data;
    for (int i = 0; i < 8000; ++i) data += little(static_cast<std::uint16_t>(level + i % 100), 2);
    std::ofstream(folder / name, std::ios::binary)
        << "RIFF" << little(36 + 16000, 4) << "WAVEfmt " << little(16, 4) << little(1, 2)
        << little(1, 2) << little(rate, 4) << little(rate * 2, 4) << little(2, 2) << little(16, 2)
        << "data" << little(16000, 4) << data;
  };
  write_wav("1-callee.wav", 1000, 8000);
  write_wav("2-caller.wav", 2000, 8000);
  TrafficOptions options = short_calls(1);
  options.codec = "L16";
  options.talk = seconds(3);
  options.audio_directory = folder / ".";
  auto audio = KnownAudio::create(options);
  REQUIRE_MESSAGE(audio, audio.error().message);
  // 1 s of the first file, a pause of 0.3 s, 1 s of the second.
  const auto callee = audio->samples(0, Side::kCallee, {0, 8000});
  const auto caller = audio->samples(0, Side::kCaller, {10'400, 8000});
  for (int i = 0; i < 8000; ++i) {
    CHECK(callee[i] == 1000 + i % 100);
    CHECK(caller[i] == 2000 + i % 100);
  }
  for (const int sample : audio->samples(0, Side::kCaller, {0, 10'400}))
    CHECK(std::abs(sample) < 8);

  write_wav("3-fast.wav", 0, 16000);
  audio = KnownAudio::create(options);
  REQUIRE_FALSE(audio);
  CHECK(audio.error().message.find("3-fast.wav is not PCM of 8000 Hz") != std::string::npos);
  options.audio_directory = folder / "nowhere";
  CHECK(generate(options, folder / "a.pcap", "").error().message ==
        "cannot read " + (folder / "nowhere") + ": No such file or directory");
}
