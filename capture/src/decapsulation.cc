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
    read_ethernet, read_vlan, read_llc,    read_mpls,  read_pppoe,  read_linux_sll, read_linux_sll2,
    read_loopback, read_gre,  read_erspan, read_vxlan, read_geneve, read_gtp_u,     read_tzsp,
};

LayerResult read_layer(Protocol protocol, Bytes& bytes) {
  return kReaders[static_cast<std::size_t>(protocol)](bytes);
}

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

// The tunnel whose destination port this is (IANA's, but for the second and TZSP's, which are
// habit: Linux sends VXLAN to 8472 unless told otherwise). Nothing follows from a source port:
// senders choose it by the inner flow (RFC 7348 §5, RFC 8926 §3.3) or freely (TS 29.281 §4.4.2.0).
std::optional<Protocol> tunnel_at(std::uint16_t port) {
  switch (port) {
    case 4789:
    case 8472:
      return Protocol::kVxlan;
    case 6081:
      return Protocol::kGeneve;
    case 2152:
      return Protocol::kGtpU;
    case 37008:
      return Protocol::kTzsp;
    default:
      return std::nullopt;
  }
}

// Takes a tunnel over UDP off; kPlainUdp if the packet is none.
LayerResult read_udp_tunnel(const Packet& packet, Bytes& bytes) {
  if (packet.transport != Transport::kUdp) return Protocol::kPlainUdp;
  const auto tunnel = tunnel_at(packet.destination.port);
  if (!tunnel) return Protocol::kPlainUdp;
  bytes = packet.payload;
  return read_layer(*tunnel, bytes);
}

class DecapsulationImpl final : public Decapsulation {
 public:
  DecapsulationImpl(const DecapsulationOptions& options, Accounting& accounting)
      : accounting_(accounting), fragments_(options, accounting, stats_) {}

  bool on_frame(const Frame& frame, Packet& packet) override;
  void advance(Timestamp now) override { fragments_.advance(now); }
  void finish() override { fragments_.finish(); }
  [[nodiscard]] std::uint64_t waiting() const override { return fragments_.waiting(); }
  [[nodiscard]] const DecapsulationStats& stats() const override { return stats_; }

 private:
  // What a frame's headers were, for the stats.
  struct Seen {
    bool vlan_tag = false;
    bool tunnel = false;
  };

  bool take_apart(const Frame& frame, Packet& packet, Seen& seen);
  bool refuse(Defect defect, std::uint16_t frames) {
    accounting_.count(defect, frames);
    return false;
  }

  Accounting& accounting_;
  DecapsulationStats stats_;
  Fragments fragments_;
};

bool DecapsulationImpl::on_frame(const Frame& frame, Packet& packet) {
  Seen seen;
  const bool whole = take_apart(frame, packet, seen);
  if (seen.vlan_tag) ++stats_.vlan_tagged;
  if (whole && seen.tunnel) ++stats_.tunnelled;
  return whole;
}

bool DecapsulationImpl::take_apart(const Frame& frame, Packet& packet, Seen& seen) {
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
      seen.vlan_tag |= protocol == Protocol::kVlan;
      const auto inner = read_layer(protocol, bytes);
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
      seen.tunnel = true;
      continue;
    }
    if (const auto defect = read_packet(frame.time, *header, packet)) {
      return refuse(*defect, frames);
    }
    const auto inner = read_udp_tunnel(packet, bytes);
    if (!inner) return refuse(inner.error(), frames);
    if (*inner == Protocol::kPlainUdp) {
      packet.frames = frames;
      return true;
    }
    protocol = *inner;
    seen.tunnel = true;
  }
  return refuse(Defect::kTooDeep, frames);
}

}  // namespace

std::unique_ptr<Decapsulation> Decapsulation::create(const DecapsulationOptions& options,
                                                     Accounting& accounting) {
  return std::make_unique<DecapsulationImpl>(options, accounting);
}

}  // namespace koegura::capture
