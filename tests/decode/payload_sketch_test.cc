// Sketches of payload hashes: what two streams share of them, and what has no place in them.
#include "payload_sketch.h"

#include <algorithm>
#include <bit>
#include <map>
#include <random>
#include <set>

#include "speech.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr std::size_t kPayload = 160;  // 20 ms of G.711

Octets random_payload(std::mt19937& random, std::size_t bytes = kPayload) {
  Octets payload(bytes);
  for (std::byte& byte : payload) byte = static_cast<std::byte>(random());
  return payload;
}

// Payloads of 20 ms that say what the recordings say, one after the other, and again; never cut at
// the same places.
std::vector<Octets> spoken(const std::vector<std::string>& recordings) {
  constexpr long kRounds = 4;
  Samples samples;
  for (long round = 0; round < kRounds; ++round) {
    for (const std::string& name : recordings) {
      const Samples part = recording(name, 8000);
      samples.insert(samples.end(), part.begin() + 37 * round, part.end());
    }
  }
  std::vector<Octets> payloads;
  for (std::size_t at = 0; at + kPayload <= samples.size(); at += kPayload) {
    Octets& payload = payloads.emplace_back();
    for (std::size_t i = 0; i < kPayload; ++i) {
      payload.push_back(static_cast<std::byte>(mu_law_code(samples[at + i])));
    }
  }
  return payloads;
}

struct Sending {
  double from_ms = 0;
  std::uint16_t sequence = 0;
  std::uint32_t timestamp = 0;
  std::uint8_t payload_type = 0;
};

void send(StreamBuilder& stream, const std::vector<Octets>& payloads, const Sending& sending) {
  for (unsigned i = 0; i < payloads.size(); ++i) {
    stream.rtp({.at_ms = sending.from_ms + 20.0 * i,
                .sequence = static_cast<std::uint16_t>(sending.sequence + i),
                .timestamp = sending.timestamp + 160 * i,
                .payload_type = sending.payload_type,
                .payload = payloads[i]});
  }
}

std::vector<SketchEntry> sketch_of(const std::vector<Octets>& payloads, const Sending& sending) {
  CallBuilder call;
  send(call.stream(Side::kCaller), payloads, sending);
  return call.render().streams.at(0).sketch;
}

bool same(const std::vector<SketchEntry>& a, const std::vector<SketchEntry>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const SketchEntry& x, const SketchEntry& y) {
                      return x.hash == y.hash && x.at_ms == y.at_ms;
                    });
}

using Windows = std::map<std::int64_t, std::set<std::uint32_t>>;

std::int64_t window_of(Timestamp time) {
  return std::chrono::floor<PayloadSketch::Window>(time.time_since_epoch()).count();
}

Windows windows_of(const std::vector<SketchEntry>& sketch) {
  Windows windows;
  for (const SketchEntry& entry : sketch) {
    windows[window_of(at_ms(entry.at_ms))].insert(entry.hash);
  }
  return windows;
}

std::size_t shared(const std::set<std::uint32_t>& a, const std::set<std::uint32_t>& b) {
  std::vector<std::uint32_t> both;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both.size();
}

std::set<std::uint32_t> hashes_of(const std::vector<SketchEntry>& sketch) {
  std::set<std::uint32_t> hashes;
  for (const SketchEntry& entry : sketch) hashes.insert(entry.hash);
  return hashes;
}

const std::vector<std::string> kCitizen = {"water-question.wav", "pension.wav", "goodbye.wav",
                                           "callback.wav"};
const std::vector<std::string> kClerk = {"switchboard.wav", "transfer.wav", "water-answer.wav",
                                         "announcement.wav"};

struct Arrival {
  Timestamp time;
  Octets payload;
};

// What the header says, done the slow way.
std::vector<SketchEntry> by_definition(const std::vector<Arrival>& arrivals) {
  std::map<std::int64_t, std::map<std::uint32_t, std::vector<Timestamp>>> windows;
  for (const Arrival& arrival : arrivals) {
    windows[window_of(arrival.time)][payload_hash(arrival.payload)].push_back(arrival.time);
  }
  std::vector<SketchEntry> sketch;
  for (const auto& [number, hashes] : windows) {
    std::size_t considered = 0;
    std::size_t taken = 0;
    for (const auto& [hash, times] : hashes) {
      if (considered++ == 16 || taken == 8) break;
      if (times.size() > 1) continue;
      const auto at = std::chrono::floor<std::chrono::milliseconds>(times[0] - at_ms(0)).count();
      sketch.push_back({.hash = hash, .at_ms = static_cast<std::uint32_t>(at)});
      ++taken;
    }
  }
  std::sort(sketch.begin(), sketch.end(),
            [](const SketchEntry& a, const SketchEntry& b) { return a.at_ms < b.at_ms; });
  return sketch;
}

}  // namespace

TEST_CASE("the hash of a payload is what archive files hold: it never changes") {
  // From a program of its own that follows the header's words.
  struct Known {
    std::size_t length;
    std::uint32_t hash;
  };
  constexpr Known kKnown[] = {{0, 0x00000000},   {1, 0x4F6C81D9},  {20, 0x624DE62E},
                              {31, 0xD80A8981},  {32, 0xBB880065}, {33, 0x11825791},
                              {160, 0x021566EF}, {640, 0x247ECAAF}};
  for (const Known& known : kKnown) {
    CAPTURE(known.length);
    Octets payload;
    for (std::size_t i = 0; i < known.length; ++i) {
      payload.push_back(static_cast<std::byte>(7 * i + 1));
    }
    CHECK(payload_hash(payload) == known.hash);
  }
}

TEST_CASE("any bit of a payload changes half of the hash's bits") {
  std::mt19937 random(1);
  for (const std::size_t length : {20U, 33U, 160U}) {
    CAPTURE(length);
    std::vector<unsigned> flips(32);
    unsigned changes = 0;
    for (unsigned round = 0; round < 20; ++round) {
      Octets payload = random_payload(random, length);
      const std::uint32_t before = payload_hash(payload);
      for (std::size_t bit = 0; bit < 8 * length; ++bit, ++changes) {
        payload[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const std::uint32_t changed = before ^ payload_hash(payload);
        payload[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        REQUIRE(changed != 0);
        for (unsigned i = 0; i < 32; ++i) flips[i] += changed >> i & 1U;
      }
    }
    for (const unsigned count : flips) {
      CHECK(count / static_cast<double>(changes) == doctest::Approx(0.5).epsilon(0.08));
    }
  }
}

TEST_CASE("payloads that hardly differ have hashes that do, spread evenly") {
  constexpr unsigned kCount = 100'000;
  std::set<std::uint32_t> hashes;
  std::vector<unsigned> shares(64);
  Octets payload(kPayload, std::byte{0xFF});
  for (unsigned i = 0; i < kCount; ++i) {
    std::memcpy(payload.data() + 100, &i, sizeof i);
    const std::uint32_t hash = payload_hash(payload);
    hashes.insert(hash);
    ++shares[hash >> 26U];
  }
  CHECK(hashes.size() > kCount - 10);  // by chance alone one or two are equal
  for (const unsigned share : shares) {
    CHECK(share / (kCount / 64.0) == doctest::Approx(1).epsilon(0.15));
  }
}

TEST_CASE("a sketch is what its definition says, whatever the order of the packets in a window") {
  std::mt19937 random(2);
  std::vector<Octets> tones;
  for (int i = 0; i < 40; ++i) tones.push_back(random_payload(random));
  std::vector<Arrival> arrivals;
  for (unsigned i = 0; i < 7000; ++i) {
    const bool tone = i / 400 % 3 == 1;
    arrivals.push_back({.time = at_ms(20.0 * i + 0.3),
                        .payload = tone ? tones[i % tones.size()] : random_payload(random)});
  }
  const std::vector<SketchEntry> wanted = by_definition(arrivals);
  CHECK(windows_of(wanted).size() == 6);
  for (const std::size_t reach : {1U, 100U, 700U}) {  // packets; a window has 1,500
    CAPTURE(reach);
    for (auto part = arrivals.begin(); part != arrivals.end();) {
      const auto rest = static_cast<std::size_t>(arrivals.end() - part);
      const auto end = part + static_cast<std::ptrdiff_t>(std::min(rest, reach));
      std::shuffle(part, end, random);
      part = end;
    }
    PayloadSketch sketch(at_ms(0));
    for (const Arrival& arrival : arrivals) sketch.add(arrival.time, arrival.payload);
    CHECK(same(sketch.entries(), wanted));
  }
}

TEST_CASE("a relayed copy has the entries of its original wherever both were heard") {
  const std::vector<Octets> payloads = spoken(kCitizen);
  const std::vector<Octets> second_half(payloads.begin() + payloads.size() / 2, payloads.end());
  const double half_ms = 20.0 * static_cast<double>(payloads.size() / 2);
  CallBuilder leg;
  send(leg.stream(Side::kCaller, 0x1234), payloads,
       {.from_ms = 0, .sequence = 100, .timestamp = 8000});
  CallBuilder relayed;
  send(relayed.stream(Side::kCallee, 0xABCD), second_half,
       {.from_ms = half_ms + 40, .sequence = 65'500, .timestamp = 0xFFFFFF00});
  const Windows original = windows_of(leg.render().streams.at(0).sketch);
  const Windows copy = windows_of(relayed.render().streams.at(0).sketch);
  // It begins within the first window that both have.
  const std::int64_t first = window_of(at_ms(half_ms + 40));
  REQUIRE(original.size() >= 2);
  REQUIRE(copy.begin()->first == first);
  CHECK(shared(copy.at(first), original.at(first)) >= 3);
  std::size_t whole = 0;
  for (auto window = std::next(copy.begin()); window != copy.end(); ++window) {
    CHECK(shared(window->second, original.at(window->first)) >= PayloadSketch::kEntries - 1);
    ++whole;
  }
  CHECK(whole >= 1);
}

TEST_CASE("other speech, and the same speech cut into other packets, share nothing") {
  const std::vector<Octets> payloads = spoken(kCitizen);
  const std::set<std::uint32_t> citizen = hashes_of(sketch_of(payloads, {}));
  CHECK(citizen.size() >= 3 * PayloadSketch::kEntries);
  CHECK(shared(citizen, hashes_of(sketch_of(spoken(kClerk), {}))) == 0);
  std::vector<Octets> shifted;
  for (std::size_t i = 0; i + 1 < payloads.size(); ++i) {
    Octets& payload = shifted.emplace_back(payloads[i].begin() + 80, payloads[i].end());
    payload.insert(payload.end(), payloads[i + 1].begin(), payloads[i + 1].begin() + 80);
  }
  CHECK(shared(citizen, hashes_of(sketch_of(shifted, {}))) == 0);
}

TEST_CASE("copies of packets, and packets that overtake each other, leave the sketch as it is") {
  const std::vector<Octets> payloads = spoken(kCitizen);
  const std::vector<SketchEntry> wanted = sketch_of(payloads, {});
  std::mt19937 random(3);
  std::vector<unsigned> order;
  for (unsigned i = 0; i < payloads.size(); ++i) order.insert(order.end(), 1 + random() % 3, i);
  for (std::size_t at = 0; at < order.size(); at += 50) {
    std::shuffle(order.begin() + static_cast<long>(at),
                 order.begin() + static_cast<long>(std::min(at + 50, order.size())), random);
  }
  CallBuilder call;
  StreamBuilder& stream = call.stream(Side::kCaller);
  for (const unsigned i : order) {
    stream.rtp({.at_ms = 20.0 * i,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = 160 * i,
                .payload = payloads[i]});
  }
  const RenderedCall rendered = call.render();
  CHECK(rendered.streams.at(0).duplicates > payloads.size() / 2);
  CHECK(rendered.streams.at(0).reordered > payloads.size() / 2);
  CHECK(same(rendered.streams.at(0).sketch, wanted));
}

TEST_CASE("silence, comfort noise, events, keepalives and tones have no entry") {
  std::mt19937 random(4);
  const auto empty = [](const std::vector<Octets>& payloads, std::uint8_t payload_type = 0) {
    CallBuilder call;
    call.format(Side::kCaller, format(101, "telephone-event"));
    send(call.stream(Side::kCaller), payloads, {.payload_type = payload_type});
    const RenderedCall rendered = call.render();
    CHECK(rendered.streams.at(0).packets == payloads.size());
    return rendered.streams.at(0).sketch.empty();
  };
  CHECK(empty({Octets(kPayload, std::byte{0xFF})}));  // once
  CHECK(empty(std::vector<Octets>(3000, Octets(kPayload, std::byte{0xD5})), 8));
  std::vector<Octets> idle(100);
  for (Octets& payload : idle) {
    const std::byte codes[] = {std::byte{0xFF}, std::byte{0x7F}, std::byte{0xFE}, std::byte{0x7E}};
    for (std::size_t i = 0; i < kPayload; ++i) payload.push_back(codes[random() % 4]);
  }
  CHECK(empty(idle));
  std::vector<Octets> others(100);
  for (Octets& payload : others) payload = random_payload(random, 12);
  CHECK(empty(others, 13));
  CHECK(empty(others, 101));
  CHECK(empty(std::vector<Octets>(10)));
  // A ringing tone of 400 Hz, switched 16 times a second, comes back every half a second.
  std::vector<Octets> tone(500);
  for (unsigned i = 0; i < tone.size(); ++i) {
    for (unsigned k = 0; k < kPayload; ++k) {
      const double t = (i * kPayload + k) % 4000 / 8000.0;
      const double sound = std::sin(2 * M_PI * 400 * t) * (1 + std::sin(2 * M_PI * 16 * t));
      tone[i].push_back(
          static_cast<std::byte>(mu_law_code(static_cast<std::int16_t>(4000 * sound))));
    }
  }
  CHECK(empty(tone));
  CHECK_FALSE(empty(spoken({"goodbye.wav"})));
}

TEST_CASE("speech between tones is found, and the tones are not") {
  std::mt19937 random(5);
  const std::vector<Octets> tone = {random_payload(random), random_payload(random)};
  std::vector<Octets> payloads = spoken(kCitizen);
  const std::vector<SketchEntry> speech = sketch_of(payloads, {});
  std::set<std::uint32_t> wanted;
  for (const Octets& payload : payloads) wanted.insert(payload_hash(payload));
  for (std::size_t i = 0; i < payloads.size(); i += 3) payloads[i] = tone[i / 3 % 2];
  const std::vector<SketchEntry> mixed = sketch_of(payloads, {});
  CHECK(mixed.size() + 4 >= speech.size());
  for (const SketchEntry& entry : mixed) CHECK(wanted.contains(entry.hash));
}

TEST_CASE("streams that cannot be decoded have a sketch, video and fax have none") {
  std::mt19937 random(6);
  std::vector<Octets> payloads(200);
  for (Octets& payload : payloads) payload = random_payload(random);
  CallBuilder call;
  call.format(Side::kCaller, format(96, "EVS", 16000));
  capture::NegotiatedMedia secret;
  secret.side = Side::kCaller;
  secret.encrypted = true;
  secret.endpoint = capture::test::endpoint("192.0.2.1:4000");
  secret.formats = {format(0, "PCMU")};
  call.call().media.push_back(secret);
  capture::NegotiatedMedia video;
  video.kind = capture::MediaKind::kVideo;
  video.side = Side::kCallee;
  video.endpoint = capture::test::endpoint("192.0.2.2:5002");
  video.formats = {format(97, "VP8", 90000)};
  call.call().media.push_back(video);
  send(call.stream(Side::kCaller, 1), payloads, {.payload_type = 96});
  send(call.stream(Side::kCallee, 2), payloads, {.payload_type = 0});
  send(call.stream(Side::kCaller, 3).towards("192.0.2.2:5002"), payloads, {.payload_type = 97});
  const RenderedCall rendered = call.lasts_ms(4000).render();
  CHECK_FALSE(rendered.streams[0].rendered);
  CHECK(rendered.streams[1].encrypted);
  CHECK(rendered.streams[0].sketch.size() == PayloadSketch::kEntries);
  CHECK(same(rendered.streams[0].sketch, rendered.streams[1].sketch));
  CHECK(rendered.streams[2].packets == payloads.size());
  CHECK(rendered.streams[2].sketch.empty());
}

TEST_CASE("the first two hours of a call are sketched, and no more") {
  constexpr unsigned kSeconds = 3 * 3600;
  std::mt19937 random(7);
  PayloadSketch sketch(at_ms(0));
  for (unsigned i = 0; i < 5 * kSeconds; ++i) sketch.add(at_ms(200.0 * i), random_payload(random));
  const std::vector<SketchEntry> entries = sketch.entries();
  const Windows windows = windows_of(entries);
  CHECK(windows.size() == 2 * 120 + 1);  // the call begins within a window
  CHECK(entries.size() == windows.size() * PayloadSketch::kEntries);
  CHECK(entries.back().at_ms < 2 * 3600 * 1000);
  CHECK(entries.back().at_ms > (2 * 3600 - 20) * 1000);
}
