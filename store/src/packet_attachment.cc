#include "packet_attachment.h"

#include <algorithm>
#include <memory>

#include "capture/packet.h"
#include "capture/pcapng.h"
#include "capture/rtp.h"

namespace koegura::store {

namespace {

// A source and its packet that is next.
struct SelectionHead {
  SelectionHead(const PacketSelection& of, std::size_t number)
      : reader(*of.packets), selection(&of), order(number) {}

  capture::SpoolReader reader;
  const PacketSelection* selection;
  capture::SpooledPacket packet;
  std::size_t order;
  std::uint32_t next_number = 0;
  std::size_t next_range = 0;  // of leave_out: the first that is not behind

  [[nodiscard]] Result<bool> advance() {
    Result<bool> more = next();
    while (more && *more && (is_left_out() || !is_selected())) more = next();
    return more;
  }
  [[nodiscard]] Result<bool> next() {
    ++next_number;
    return reader.next(packet);
  }
  [[nodiscard]] bool is_left_out() {
    const std::span<const decode::PacketRange> ranges = selection->leave_out;
    const std::uint32_t number = next_number - 1;
    while (next_range < ranges.size() && ranges[next_range].to <= number) ++next_range;
    return next_range < ranges.size() && ranges[next_range].from <= number;
  }
  [[nodiscard]] bool is_selected() const {
    const std::vector<std::uint8_t>& wanted = selection->payload_types;
    if (wanted.empty()) return true;
    const auto datagram = capture::parse_ip(packet.time, packet.ip);
    const auto rtp = capture::parse_padded_rtp(datagram ? datagram->payload : capture::Bytes());
    return rtp && std::find(wanted.begin(), wanted.end(), rtp->payload_type) != wanted.end();
  }
};

// For a heap whose front is the earliest.
bool later(const std::unique_ptr<SelectionHead>& a, const std::unique_ptr<SelectionHead>& b) {
  return a->packet.time != b->packet.time ? a->packet.time > b->packet.time : a->order > b->order;
}

void append_packet(std::vector<std::byte>& out, const SelectionHead& head, Duration shift) {
  const capture::SpooledPacket& packet = head.packet;
  const std::size_t before = out.size();
  out.resize(before + capture::enhanced_packet_size(packet.ip.size()));
  std::byte* const block = out.data() + before;
  if (head.selection->mask == nullptr) {
    capture::write_enhanced_packet(block, packet.time + shift, packet.ip);
    return;
  }
  std::vector<std::byte> masked(packet.ip.begin(), packet.ip.end());
  head.selection->mask->apply(packet.time, masked);
  capture::write_enhanced_packet(block, packet.time + shift, masked);
}

}  // namespace

Result<std::unique_ptr<capture::DigitMask>> digit_mask_of(const capture::SpooledPackets& packets) {
  auto mask = std::make_unique<capture::DigitMask>();
  capture::SpoolReader reader(packets);
  capture::SpooledPacket packet;
  while (true) {
    const Result<bool> more = reader.next(packet);
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) break;
    mask->learn(packet.time, packet.ip);
  }
  mask->finish();
  return mask;
}

Result<std::vector<std::byte>> merge_to_pcapng(const std::vector<PacketSelection>& sources,
                                               Duration shift) {
  std::vector<std::byte> out = capture::pcapng_preamble(capture::LinkType::kRaw);
  std::uint64_t bytes = out.size();
  std::vector<std::unique_ptr<SelectionHead>> heads;
  heads.reserve(sources.size());
  for (const PacketSelection& source : sources) {
    if (source.payload_types.empty()) bytes += source.packets->bytes();
    auto head = std::make_unique<SelectionHead>(source, heads.size());
    Result<bool> more = head->advance();
    if (!more) return tl::make_unexpected(std::move(more).error());
    if (*more) heads.push_back(std::move(head));
  }
  out.reserve(bytes);
  std::make_heap(heads.begin(), heads.end(), later);
  while (!heads.empty()) {
    std::pop_heap(heads.begin(), heads.end(), later);
    append_packet(out, *heads.back(), shift);
    Result<bool> more = heads.back()->advance();
    if (!more) return tl::make_unexpected(std::move(more).error());
    if (*more) {
      std::push_heap(heads.begin(), heads.end(), later);
    } else {
      heads.pop_back();
    }
  }
  return out;
}

}  // namespace koegura::store
