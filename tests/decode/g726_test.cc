// G.726: every rate, read from the end that its sender fills it from, whatever SDP calls it.
#include <doctest/doctest.h>

// spandsp's headers need these before them.
#include <cstdint>
#include <ctime>

#include <spandsp.h>

#include <memory>
#include <random>

#include "speech.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

constexpr std::uint32_t kRate = 8000;
constexpr std::uint32_t kPacketSamples = 160;
constexpr int kBits[] = {2, 3, 4, 5};

std::string name_of(int bits, bool from_high_bit) {
  return (from_high_bit ? "AAL2-G726-" : "G726-") + std::to_string(bits * 8);
}

struct FreeEncoder {
  void operator()(g726_state_t* state) const { g726_free(state); }
};
using Encoder = std::unique_ptr<g726_state_t, FreeEncoder>;

Encoder open_spandsp(int bits, bool from_high_bit) {
  return Encoder(g726_init(nullptr, bits * static_cast<int>(kRate), G726_ENCODING_LINEAR,
                           from_high_bit ? G726_PACKING_LEFT : G726_PACKING_RIGHT));
}

// Packets of 20 ms.
std::vector<EncodedPacket> encode_g726(const Samples& said, int bits, bool from_high_bit) {
  const Encoder encoder = open_spandsp(bits, from_high_bit);
  std::vector<EncodedPacket> packets;
  for (std::size_t at = 0; at + kPacketSamples <= said.size(); at += kPacketSamples) {
    Octets bytes(kPacketSamples * static_cast<std::size_t>(bits) / 8);
    const int encoded = g726_encode(encoder.get(), reinterpret_cast<std::uint8_t*>(bytes.data()),
                                    said.data() + at, static_cast<int>(kPacketSamples));
    REQUIRE(encoded == static_cast<int>(bytes.size()));
    packets.push_back({.bytes = std::move(bytes), .samples = kPacketSamples});
  }
  return packets;
}

Samples decode_g726(const std::vector<EncodedPacket>& packets, int bits, bool from_high_bit) {
  const Encoder decoder = open_spandsp(bits, from_high_bit);
  Samples out(packets.size() * kPacketSamples);
  std::size_t at = 0;
  for (const EncodedPacket& packet : packets) {
    at += static_cast<std::size_t>(g726_decode(
        decoder.get(), out.data() + at, reinterpret_cast<const std::uint8_t*>(packet.bytes.data()),
        static_cast<int>(packet.bytes.size())));
  }
  REQUIRE(at == out.size());
  return out;
}

RenderedCall render_as(CallBuilder& call, const std::string& told,
                       const std::vector<EncodedPacket>& packets) {
  const capture::MediaFormat format{
      .payload_type = 96, .encoding = told, .clock_rate = kRate, .channels = 1, .fmtp = {}};
  StreamBuilder& stream = call.format(Side::kCaller, format).stream(Side::kCaller);
  std::uint32_t samples = 0;
  std::uint16_t sequence = 0;
  for (const EncodedPacket& packet : packets) {
    stream.rtp({.at_ms = 1000.0 * samples / kRate,
                .sequence = sequence++,
                .timestamp = samples,
                .payload_type = 96,
                .payload = packet.bytes});
    samples += packet.samples;
  }
  return call.render();
}

Samples noise(double seconds) {
  std::mt19937 random(1);
  std::normal_distribution<double> level(0, 2000);
  Samples out(static_cast<std::size_t>(seconds * kRate));
  for (std::int16_t& sample : out) sample = static_cast<std::int16_t>(level(random));
  return out;
}

}  // namespace

TEST_CASE("a voice is read from the end that makes it a voice, and the record names that codec") {
  Samples said = recording("pension.wav", kRate);
  said.resize(4 * kRate);
  for (const int bits : kBits) {
    for (const bool from_high_bit : {false, true}) {
      const std::vector<EncodedPacket> packets = encode_g726(said, bits, from_high_bit);
      const Samples expected = decode_g726(packets, bits, from_high_bit);
      for (const bool told : {false, true}) {
        CAPTURE(bits);
        CAPTURE(from_high_bit);
        CAPTURE(told);
        CallBuilder call;
        const RenderedCall rendered = render_as(call, name_of(bits, told), packets);
        CHECK(listen(rendered, call.folder()).caller == expected);
        CHECK(rendered.streams[0].codec == name_of(bits, from_high_bit));
      }
    }
  }
}

TEST_CASE("a voice comes out as it was said; and nearly as libavcodec has it, below 40 kbit/s") {
  struct Bound {
    int bits;
    double said;
    double libavcodec;  // 0: it leaves the standard there (g726.cc)
  };
  Samples said = recording("water-question.wav", kRate);
  said.resize(3 * kRate);
  for (const Bound& bound :
       {Bound{2, 0.95, 0.99}, Bound{3, 0.98, 0.99}, Bound{4, 0.99, 0.99}, Bound{5, 0.99, 0}}) {
    CAPTURE(bound.bits);
    const std::vector<EncodedPacket> packets = encode_g726(said, bound.bits, false);
    CallBuilder call;
    const RenderedCall rendered = render_as(call, name_of(bound.bits, false), packets);
    const Samples heard = listen(rendered, call.folder()).caller;
    CHECK(likeness(heard, said, 0) > bound.said);
    if (bound.libavcodec == 0) continue;
    CHECK(likeness(heard, decode_directly({"g726le", kRate, bound.bits}, packets), 0) >
          bound.libavcodec);
  }
}

TEST_CASE("what is no voice, or too little of one, is read as SDP says") {
  Samples short_voice = recording("pension.wav", kRate);
  short_voice.resize(kRate / 5);
  for (const int bits : kBits) {
    for (const Samples& said : {noise(5), Samples(5 * kRate, 0), short_voice}) {
      for (const bool told : {false, true}) {
        CAPTURE(bits);
        CAPTURE(said.size());
        CAPTURE(told);
        CallBuilder call;
        const RenderedCall rendered =
            render_as(call, name_of(bits, told), encode_g726(said, bits, told));
        CHECK(rendered.streams[0].codec == name_of(bits, told));
      }
    }
  }
}
