#include "capture/decapsulation.h"

#include <array>
#include <cassert>
#include <optional>

#include "fragments.h"
#include "ip_header.h"
#include "layer.h"
#include "transport.h"

namespace koegura::capture {

namespace {

// Headers before the transport's: a carrier's QinQ in MPLS in GRE needs eight.
constexpr int kMaxLayers = 16;

using ReadLayer = LayerResult (*)(Bytes&);

// In the order of Protocol, up to kIp, which is no plain step. To add a protocol: one row here,
// one enumerator, one function in its own file, and whoever announces it (an EtherType, an IP
// protocol number, a link type).
constexpr std::array<ReadLayer, static_cast<std::size_t>(Protocol::kIp)> kReaders = {
    read_ethernet,  read_vlan,       read_llc,      read_mpls, read_pppoe,
    read_linux_sll, read_linux_sll2, read_loopback, read_gre,
};

std::optional<Protocol> protocol_of_link(LinkType link) {
  switch (link) {
    case LinkType::kEthernet:
      return Protocol::kEthernet;
    case LinkType::kNull:
    case LinkType::kLoop:
      return Protocol::kLoopback;
    case LinkType::kRaw:
    case LinkType::kIpv4:
    case LinkType::kIpv6:
      return Protocol::kIp;
    case LinkType::kLinuxSll:
      return Protocol::kLinuxSll;
    case LinkType::kLinuxSll2:
      return Protocol::kLinuxSll2;
  }
  return std::nullopt;  // a number that stands in the file and nowhere in LinkType
}

// What a datagram carries if it is a tunnel.
std::optional<Protocol> tunnel_in(const IpHeader& header) {
  switch (header.protocol) {
    case ip_protocol::kIpv4:
    case ip_protocol::kIpv6:
      return Protocol::kIp;
    case ip_protocol::kGre:
      return Protocol::kGre;
    default:
      return std::nullopt;
  }
}

class DecapsulationImpl final : public Decapsulation {
 public:
  DecapsulationImpl(const DecapsulationOptions& options, Accounting& accounting)
      : accounting_(accounting), fragments_(options, accounting) {}

  bool on_frame(const Frame& frame, Packet& packet) override;
  void advance(Timestamp now) override { fragments_.advance(now); }
  void finish() override { fragments_.finish(); }

 private:
  bool refuse(Defect defect, std::uint16_t frames) {
    accounting_.count(defect, frames);
    return false;
  }

  Accounting& accounting_;
  Fragments fragments_;
};

bool DecapsulationImpl::on_frame(const Frame& frame, Packet& packet) {
  const auto link = protocol_of_link(frame.link);
  if (!link) return refuse(Defect::kUnknownLinkType, 1);
  Protocol protocol = *link;
  Bytes bytes = frame.bytes;
  std::uint16_t frames = 1;  // more once a datagram is whole
  for (int depth = 0; depth < kMaxLayers; ++depth) {
    if (protocol == Protocol::kNotIp) {
      accounting_.count(Outcome::kNotVoip, frames);
      return false;
    }
    if (protocol != Protocol::kIp) {
      const auto inner = kReaders[static_cast<std::size_t>(protocol)](bytes);
      if (!inner) return refuse(inner.error(), frames);
      protocol = *inner;
      continue;
    }
    const auto header = read_ip_header(bytes);
    if (!header) return refuse(header.error(), frames);
    if (header->is_fragment()) {
      const auto whole = fragments_.add(*header, frame.time, frames);
      if (!whole) return false;
      frames = whole->frames;
      bytes = whole->bytes;
      continue;
    }
    if (const auto tunnel = tunnel_in(*header)) {
      protocol = *tunnel;
      bytes = header->payload();
      continue;
    }
    if (const auto defect = read_packet(frame.time, *header, packet)) {
      return refuse(*defect, frames);
    }
    packet.frames = frames;
    return true;
  }
  return refuse(Defect::kTooDeep, frames);
}

}  // namespace

std::unique_ptr<Decapsulation> Decapsulation::create(const DecapsulationOptions& options,
                                                     Accounting& accounting) {
  return std::make_unique<DecapsulationImpl>(options, accounting);
}

}  // namespace koegura::capture
