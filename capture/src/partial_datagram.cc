#include "partial_datagram.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::uint32_t kUnit = 8;  // every fragment but the last is a multiple of this long
constexpr std::size_t kIpv4TotalLengthAt = 2;
constexpr std::size_t kIpv4FlagsAt = 6;
constexpr std::size_t kIpv4ChecksumAt = 10;
constexpr std::size_t kIpv6PayloadLengthAt = 4;

std::uint32_t begin_of(const IpHeader& fragment) {
  return fragment.fragment.offset;
}

std::uint32_t end_of(const IpHeader& fragment) {
  return fragment.fragment.offset + static_cast<std::uint32_t>(fragment.payload().size());
}

bool is_last(const IpHeader& fragment) {
  return !fragment.fragment.more;
}

// The part of the header that the whole datagram will have.
Bytes lasting_header(const IpHeader& fragment) {
  return fragment.datagram.first(fragment.is_v6 ? fragment.fragment.header_at : fragment.size);
}

// RFC 1071. REQUIRES: an even number of bytes (IPv4 headers are multiples of 4).
std::uint16_t internet_checksum(Bytes header) {
  std::uint32_t sum = 0;
  for (std::size_t at = 0; at < header.size(); at += 2) sum += load_be16(header.data() + at);
  while (sum > 0xFFFF) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::vector<PartialDatagram::Range>::const_iterator PartialDatagram::first_from(
    std::uint32_t begin) const {
  return std::lower_bound(ranges_.begin(), ranges_.end(), begin,
                          [](const Range& range, std::uint32_t at) { return range.begin < at; });
}

bool PartialDatagram::is_copy(const IpHeader& fragment) const {
  const auto range = first_from(begin_of(fragment));
  if (range == ranges_.end()) return false;
  if (range->begin != begin_of(fragment) || range->end != end_of(fragment)) return false;
  if (is_last(fragment) != (length_ == range->end)) return false;
  const Bytes payload = fragment.payload();
  // Not std::equal, which compares std::byte by std::byte.
  return std::memcmp(payload.data(), payload_.data() + range->begin, payload.size()) == 0;
}

std::optional<Defect> PartialDatagram::defect_of(const IpHeader& fragment) const {
  const std::uint32_t begin = begin_of(fragment);
  const std::uint32_t end = end_of(fragment);
  const std::size_t header = std::max(lasting_header(fragment).size(), header_.size());
  if (std::max<std::size_t>(end, payload_.size()) + header > kMaxDatagram) {
    return Defect::kFragmentTooLarge;
  }
  if (begin == end) return Defect::kFragmentBadLength;
  if (!is_last(fragment) && (end - begin) % kUnit != 0) return Defect::kFragmentBadLength;
  const bool beyond_the_end = length_ && (is_last(fragment) || end > *length_);
  if (beyond_the_end || (is_last(fragment) && end < payload_.size())) {
    return Defect::kFragmentBadLength;
  }
  const auto next = first_from(begin);
  if (next != ranges_.end() && next->begin < end) return Defect::kFragmentOverlap;
  if (next != ranges_.begin() && std::prev(next)->end > begin) return Defect::kFragmentOverlap;
  return std::nullopt;
}

void PartialDatagram::place(const IpHeader& fragment) {
  const std::uint32_t begin = begin_of(fragment);
  const std::uint32_t end = end_of(fragment);
  ranges_.insert(first_from(begin), Range{begin, end});
  received_ += end - begin;
  if (is_last(fragment)) length_ = end;
  if (payload_.size() < end) payload_.resize(end);
  const Bytes payload = fragment.payload();
  std::copy(payload.begin(), payload.end(), payload_.begin() + begin);
  if (begin != 0) return;
  const Bytes header = lasting_header(fragment);
  header_.assign(header.begin(), header.end());
  is_v6_ = fragment.is_v6;
  if (is_v6_) header_[fragment.fragment.next_header_at] = std::byte{fragment.protocol};
}

std::vector<std::byte> PartialDatagram::assemble() const {
  assert(complete());
  std::vector<std::byte> whole;
  whole.reserve(header_.size() + payload_.size());
  whole.insert(whole.end(), header_.begin(), header_.end());
  whole.insert(whole.end(), payload_.begin(), payload_.end());
  if (is_v6_) {
    store_be16(whole.data() + kIpv6PayloadLengthAt,
               static_cast<std::uint16_t>(whole.size() - kIpv6HeaderSize));
    return whole;
  }
  store_be16(whole.data() + kIpv4TotalLengthAt, static_cast<std::uint16_t>(whole.size()));
  store_be16(whole.data() + kIpv4FlagsAt, 0);
  store_be16(whole.data() + kIpv4ChecksumAt, 0);
  store_be16(whole.data() + kIpv4ChecksumAt, internet_checksum(Bytes(whole).first(header_.size())));
  return whole;
}

}  // namespace koegura::capture
