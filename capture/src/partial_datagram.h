// PartialDatagram: the fragments of one IP datagram that have come so far (RFC 791 §3.2, RFC 8200
// §4.5), in any order.
#pragma once

#include <optional>
#include <vector>

#include "capture/defect.h"
#include "ip_header.h"

namespace koegura::capture {

class PartialDatagram {
 public:
  // The same bytes at the same place are here already.
  [[nodiscard]] bool is_copy(const IpHeader& fragment) const;
  // What is wrong with the fragment by itself or beside those that are here.
  [[nodiscard]] std::optional<Defect> defect_of(const IpHeader& fragment) const;
  // REQUIRES: !defect_of(fragment).
  void place(const IpHeader& fragment);

  [[nodiscard]] bool complete() const { return length_ && received_ == *length_; }
  // The datagram as if it had never been cut: lengths, flags and checksum put right, IPv6's
  // fragment header gone. REQUIRES: complete().
  [[nodiscard]] std::vector<std::byte> assemble() const;

 private:
  struct Range {
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
  };
  [[nodiscard]] std::vector<Range>::const_iterator first_from(std::uint32_t begin) const;

  std::vector<Range> ranges_;  // in order, without overlap
  std::vector<std::byte> payload_;
  std::vector<std::byte> header_;        // of the fragment at offset 0
  std::optional<std::uint32_t> length_;  // of the payload, once the last fragment is here
  std::uint32_t received_ = 0;
  bool is_v6_ = false;
};

}  // namespace koegura::capture
