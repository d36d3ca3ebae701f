#include "packet_attachment.h"

#include <algorithm>

#include "capture/pcapng.h"

namespace koegura::store {

namespace {

// A source and its packet that is next.
struct Head {
  capture::SpoolReader reader;
  capture::SpooledPacket packet;
  std::size_t order = 0;

  [[nodiscard]] Result<bool> advance() { return reader.next(packet); }
};

// For a heap whose front is the earliest.
bool later(const Head& a, const Head& b) {
  return a.packet.time != b.packet.time ? a.packet.time > b.packet.time : a.order > b.order;
}

void append_packet(std::vector<std::byte>& out, const capture::SpooledPacket& packet) {
  const std::size_t before = out.size();
  out.resize(before + capture::enhanced_packet_size(packet.ip.size()));
  capture::write_enhanced_packet(out.data() + before, packet.time, packet.ip);
}

}  // namespace

Result<std::vector<std::byte>> merge_to_pcapng(
    const std::vector<const capture::SpooledPackets*>& sources) {
  std::vector<std::byte> out = capture::pcapng_preamble(capture::LinkType::kRaw);
  std::uint64_t bytes = out.size();
  std::vector<Head> heads;
  heads.reserve(sources.size());
  for (const capture::SpooledPackets* source : sources) {
    bytes += source->bytes();
    Head head{capture::SpoolReader(*source), {}, heads.size()};
    Result<bool> more = head.advance();
    if (!more) return tl::make_unexpected(std::move(more).error());
    if (*more) heads.push_back(std::move(head));
  }
  out.reserve(bytes);
  std::make_heap(heads.begin(), heads.end(), later);
  while (!heads.empty()) {
    std::pop_heap(heads.begin(), heads.end(), later);
    append_packet(out, heads.back().packet);
    Result<bool> more = heads.back().advance();
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
