#include "ifp.h"

#include <optional>

namespace koegura::decode {
namespace {

constexpr unsigned kFirstExtendedField = static_cast<unsigned>(IfpField::kCm);
constexpr unsigned kLastField = static_cast<unsigned>(IfpField::kV34Rate);
constexpr unsigned kFirstExtendedIndicator = 16;  // v8-ansam
constexpr unsigned kFirstExtendedModulation = 9;  // v8

// How field heads stand in a packet.
enum class Heads : std::uint8_t {
  kFirst,   // version 0: four bits each
  kOctets,  // with an extension marker, each in an octet of its own, as everybody sends them
  kPacked,  // the same without padding between them, as PER has it
};

// The subset of aligned PER (X.691) that IFP needs.
class BitCursor {
 public:
  explicit BitCursor(Bytes packet) : packet_(packet) {}

  // Most significant bit first; nothing if there are not so many.
  std::optional<unsigned> bits(unsigned count) {
    if (at_ + count > packet_.size() * kOctet) return std::nullopt;
    unsigned value = 0;
    for (; count > 0; --count, ++at_) {
      const auto octet = std::to_integer<unsigned>(packet_[at_ / kOctet]);
      value = value << 1U | (octet >> (kOctet - 1 - at_ % kOctet) & 1U);
    }
    return value;
  }

  // A value behind an extension marker (X.691 §11.6), which is small.
  std::optional<unsigned> small_number() {
    constexpr unsigned kBits = 6;
    const auto is_large = bits(1);
    return is_large && *is_large == 0 ? bits(kBits) : std::nullopt;
  }

  // False: what is passed over is no padding.
  bool align() {
    const auto skipped = bits(static_cast<unsigned>((kOctet - at_ % kOctet) % kOctet));
    return skipped && *skipped == 0;
  }

  // REQUIRES: aligned.
  std::optional<Bytes> octets(std::size_t count) {
    if (at_ / kOctet + count > packet_.size()) return std::nullopt;
    const Bytes value = packet_.subspan(at_ / kOctet, count);
    at_ += count * kOctet;
    return value;
  }

  // REQUIRES: aligned.
  [[nodiscard]] bool rest_is_zero() const {
    for (const std::byte octet : packet_.subspan(at_ / kOctet)) {
      if (octet != std::byte{}) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kOctet = 8;
  Bytes packet_;
  std::size_t at_ = 0;  // bits
};

struct Head {
  unsigned type = 0;
  bool has_data = false;
};

// An enumeration of so many bits, with or without an extension marker.
std::optional<unsigned> read_enumerated(BitCursor& cursor, unsigned count, unsigned extended_from) {
  const auto is_extended = cursor.bits(1);
  if (!is_extended) return std::nullopt;
  if (*is_extended == 0) return cursor.bits(count);
  const auto number = cursor.small_number();
  if (!number) return std::nullopt;
  return extended_from + *number;
}

std::optional<Head> read_head(BitCursor& cursor, Heads heads) {
  constexpr unsigned kTypeBits = 3;
  const auto has_data = cursor.bits(1);
  if (!has_data) return std::nullopt;
  const auto type = heads == Heads::kFirst
                        ? cursor.bits(kTypeBits)
                        : read_enumerated(cursor, kTypeBits, kFirstExtendedField);
  if (!type || *type > kLastField) return std::nullopt;
  const bool follows_on = *has_data == 0 && heads != Heads::kOctets;
  if (!follows_on && !cursor.align()) return std::nullopt;
  return Head{.type = *type, .has_data = *has_data != 0};
}

// What only ends something carries no octets; what is data has some.
bool makes_sense(const Head& head) {
  const auto type = static_cast<IfpField>(head.type);
  if (type >= IfpField::kCm || type == IfpField::kNonEcmSigEnd) return true;
  return head.has_data == (type == IfpField::kHdlcData || type == IfpField::kNonEcmData);
}

bool read_field(BitCursor& cursor, Heads heads, Ifp& out) {
  constexpr unsigned kLengthBits = 16;
  const auto head = read_head(cursor, heads);
  if (!head || !makes_sense(*head)) return false;
  Bytes data;
  if (head->has_data) {
    const auto size = cursor.bits(kLengthBits);  // of 1 to 65,536
    const auto octets = size ? cursor.octets(std::size_t{*size} + 1) : std::nullopt;
    if (!octets) return false;
    data = *octets;
  }
  out.fields.push_back({.type = static_cast<IfpField>(head->type), .data = data});
  return true;
}

bool read_fields(BitCursor& cursor, Heads heads, Ifp& out) {
  constexpr unsigned kCountBits = 8;
  constexpr unsigned kMaxFields = 0x7F;  // more would need a longer count
  const auto count = cursor.bits(kCountBits);
  if (!count || *count > kMaxFields) return false;
  for (unsigned i = 0; i < *count; ++i) {
    if (!read_field(cursor, heads, out)) return false;
  }
  return cursor.align();
}

bool read_as(Bytes packet, Heads heads, Ifp& out) {
  constexpr unsigned kCodeBits = 4;
  BitCursor cursor(packet);
  out.fields.clear();
  const auto has_fields = cursor.bits(1);
  const auto is_data = cursor.bits(1);
  if (!has_fields || !is_data) return false;
  out.type = *is_data != 0 ? Ifp::Type::kData : Ifp::Type::kIndicator;
  const auto code = read_enumerated(
      cursor, kCodeBits, *is_data != 0 ? kFirstExtendedModulation : kFirstExtendedIndicator);
  if (!code || !cursor.align()) return false;
  out.code = static_cast<std::uint8_t>(*code);
  if (*has_fields != 0 && !read_fields(cursor, heads, out)) return false;
  return cursor.rest_is_zero();
}

}  // namespace

bool read_ifp(Bytes packet, IfpVersion version, Ifp& out) {
  if (version == IfpVersion::kFirst) return read_as(packet, Heads::kFirst, out);
  return read_as(packet, Heads::kOctets, out) || read_as(packet, Heads::kPacked, out);
}

}  // namespace koegura::decode
