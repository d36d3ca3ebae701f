#include "udptl.h"

#include <optional>

namespace koegura::decode {
namespace {

constexpr std::size_t kSequenceBytes = 2;
constexpr unsigned kParityChoice = 0x80;  // of the octet before error recovery

// The subset of aligned PER (X.691) that UDPTL needs.
class PerCursor {
 public:
  explicit PerCursor(Bytes rest) : rest_(rest) {}

  [[nodiscard]] bool at_end() const { return rest_.empty(); }

  std::optional<unsigned> octet() {
    if (rest_.empty()) return std::nullopt;
    const auto value = std::to_integer<unsigned>(rest_[0]);
    rest_ = rest_.subspan(1);
    return value;
  }

  // X.691 §11.9; lengths from 16,384 on would be fragmented, and fit into no datagram of a fax.
  std::optional<std::size_t> length() {
    constexpr unsigned kLong = 0x80;
    constexpr unsigned kFragmented = 0x40;
    const auto first = octet();
    if (!first || (*first & kLong) == 0) return first;
    if ((*first & kFragmented) != 0) return std::nullopt;
    const auto second = octet();
    if (!second) return std::nullopt;
    return (*first & ~kLong) << 8U | *second;
  }

  std::optional<Bytes> open_type() {
    const auto size = length();
    if (!size || *size > rest_.size()) return std::nullopt;
    const Bytes value = rest_.first(*size);
    rest_ = rest_.subspan(*size);
    return value;
  }

  bool list(std::vector<Bytes>& out) {
    const auto count = length();
    if (!count || *count > rest_.size()) return false;  // each takes an octet at least
    for (std::size_t i = 0; i < *count; ++i) {
      const auto value = open_type();
      if (!value) return false;
      out.push_back(*value);
    }
    return true;
  }

 private:
  Bytes rest_;
};

}  // namespace

bool read_udptl(Bytes datagram, UdptlDatagram& out) {
  out.secondaries.clear();
  out.parity.clear();
  out.parity_span = 0;
  if (datagram.size() < kSequenceBytes + 1) return false;
  out.sequence = static_cast<std::uint16_t>(std::to_integer<unsigned>(datagram[0]) << 8U |
                                            std::to_integer<unsigned>(datagram[1]));
  PerCursor cursor(datagram.subspan(kSequenceBytes));
  const auto primary = cursor.open_type();
  if (!primary) return false;
  out.primary = *primary;
  if (cursor.at_end()) return true;  // not as the Recommendation says, and clear all the same
  const auto choice = cursor.octet();
  if ((*choice & kParityChoice) == 0) return cursor.list(out.secondaries);
  // fec-npackets is an INTEGER without bounds: its own length, then its value.
  const auto size = cursor.octet();
  const auto span = cursor.octet();
  if (!size || *size != 1 || !span) return false;
  out.parity_span = *span;
  return cursor.list(out.parity);
}

}  // namespace koegura::decode
