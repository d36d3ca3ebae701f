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

  [[nodiscard]] Result<bool> advance() {
    Result<bool> more = reader.next(packet);
    while (more && *more && !is_selected()) more = reader.next(packet);
    return more;
  }
  [[nodiscard]] bool is_selected() const {
    const std::vector<std::uint8_t>& wanted = selection->payload_types;
    if (wanted.empty()) return true;
    const auto datagram = capture::parse_ip(packet.time, packet.ip);
    const auto rtp = capture::parse_rtp(datagram ? datagram->payload : capture::Bytes());
    return rtp && std::find(wanted.begin(), wanted.end(), rtp->payload_type) != wanted.end();
  }
};

// For a heap whose front is the earliest.
bool later(const std::unique_ptr<SelectionHead>& a, const std::unique_ptr<SelectionHead>& b) {
  return a->packet.time != b->packet.time ? a->packet.time > b->packet.time : a->order > b->order;
}

void append_packet(std::vector<std::byte>& out, const capture::SpooledPacket& packet,
                   Duration shift) {
  const std::size_t before = out.size();
  out.resize(before + capture::enhanced_packet_size(packet.ip.size()));
  capture::write_enhanced_packet(out.data() + before, packet.time + shift, packet.ip);
}

}  // namespace

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
    append_packet(out, heads.back()->packet, shift);
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
