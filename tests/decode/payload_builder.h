// RTP payloads of fixtures and of frames, and calls made of them.
#pragma once

#include <random>
#include <span>
#include <string>
#include <vector>

#include "call_builder.h"

namespace koegura::decode::test {

using capture::Bytes;

inline Octets fixture(const std::string& name) {
  const std::string path = std::string(KOEGURA_SOURCE_ROOT) + "/tests/decode/fixtures/" + name;
  return capture::test::octets(read_file(path));
}

// Frames of a fixture, one behind the other.
inline std::vector<Octets> fixture(const std::string& name, std::size_t frame_bytes) {
  const Octets bytes = fixture(name);
  REQUIRE(bytes.size() % frame_bytes == 0);
  std::vector<Octets> frames;
  for (std::size_t at = 0; at < bytes.size(); at += frame_bytes) {
    frames.emplace_back(bytes.begin() + static_cast<long>(at),
                        bytes.begin() + static_cast<long>(at + frame_bytes));
  }
  return frames;
}

// G.729 with annex B: frames each behind its length; of silence that goes on nothing is sent.
inline std::vector<Octets> annex_b_fixture(const std::string& name) {
  std::vector<Octets> payloads;
  const Octets bytes = fixture(name);
  for (auto at = bytes.begin(); at != bytes.end();) {
    const auto end = at + 1 + std::to_integer<long>(*at);
    payloads.emplace_back(at + 1, end);
    at = end;
  }
  return payloads;
}

// For codecs to which any bits are a frame.
inline std::vector<Octets> random_frames(std::size_t bytes, std::size_t count) {
  std::mt19937 random(1);
  std::vector<Octets> frames(count, Octets(bytes));
  for (Octets& frame : frames) {
    for (std::byte& byte : frame) byte = static_cast<std::byte>(random());
  }
  return frames;
}

// Bits, most significant first, as RFC 4867 counts them.
class BitWriter {
 public:
  BitWriter& put(unsigned value, unsigned bits) {
    while (bits-- != 0) put_bit((value >> bits) & 1U);
    return *this;
  }
  BitWriter& put(Bytes bytes, unsigned bits) {
    for (unsigned i = 0; i < bits; ++i) {
      put_bit((static_cast<unsigned>(bytes[i / 8]) >> (7U - i % 8U)) & 1U);
    }
    return *this;
  }
  BitWriter& align() {
    while (bits_ % 8 != 0) put_bit(0);
    return *this;
  }
  [[nodiscard]] Octets bytes() const { return bytes_; }

 private:
  void put_bit(unsigned bit) {
    if (bits_ % 8 == 0) bytes_.push_back(std::byte{0});
    bytes_.back() |= static_cast<std::byte>(bit << (7U - bits_ % 8U));
    ++bits_;
  }
  Octets bytes_;
  std::size_t bits_ = 0;
};

// Speech bits of a frame in storage format (RFC 4867 §5.3).
inline unsigned amr_bits(const Octets& frame, bool wide) {
  constexpr unsigned kNarrow[] = {95, 103, 118, 134, 148, 159, 204, 244, 39, 0, 0, 0, 0, 0, 0, 0};
  constexpr unsigned kWide[] = {132, 177, 253, 285, 317, 365, 397, 461, 477, 40, 0, 0, 0, 0, 0, 0};
  const unsigned type = (static_cast<unsigned>(frame[0]) >> 3U) & 15U;
  return wide ? kWide[type] : kNarrow[type];
}

// Frames in storage format, one behind the other.
inline std::vector<Octets> amr_frames(const Octets& bytes, bool wide) {
  std::vector<Octets> frames;
  for (auto at = bytes.begin(); at != bytes.end();) {
    const auto size = static_cast<long>(1 + (amr_bits({*at}, wide) + 7) / 8);
    REQUIRE(bytes.end() - at >= size);
    frames.emplace_back(at, at + size);
    at += size;
  }
  return frames;
}

// An AMR payload of frames in storage format, in either framing.
inline Octets amr_payload(std::span<const Octets> frames, bool aligned, bool wide) {
  BitWriter out;
  out.put(15, 4);  // no codec mode request
  if (aligned) out.align();
  for (std::size_t i = 0; i < frames.size(); ++i) {
    out.put(i + 1 < frames.size() ? 1 : 0, 1).put(static_cast<unsigned>(frames[i][0]) >> 2U, 5);
    if (aligned) out.align();
  }
  for (const Octets& frame : frames) {
    out.put(Bytes(frame).subspan(1), amr_bits(frame, wide));
    if (aligned) out.align();
  }
  return out.bytes();
}

// Renders payloads of the caller's voice, each so many ticks long.
inline RenderedCall render_payloads(CallBuilder& call, const capture::MediaFormat& format,
                                    const std::vector<Octets>& payloads, std::uint32_t ticks) {
  StreamBuilder& stream = call.format(Side::kCaller, format).stream(Side::kCaller);
  for (std::uint32_t i = 0; i < payloads.size(); ++i) {
    stream.rtp({.at_ms = 1000.0 * i * ticks / format.clock_rate,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = i * ticks,
                .payload_type = format.payload_type,
                .payload = payloads[i]});
  }
  return call.render();
}

}  // namespace koegura::decode::test
