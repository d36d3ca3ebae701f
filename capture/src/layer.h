// Layers: the headers that may lie around an IP datagram. Each protocol is one function, which
// takes its header off the front of the bytes and says which protocol reads on; decapsulation.cc
// holds the table of them.
//
// A tunnel over UDP has no number of its own, only a destination port that anybody may use, a
// call's audio too. Its function therefore checks every bit that the protocol fixes, and what fails
// is plain UDP: no RTP (first bits 10), no SIP (a letter first), no STUN (a cookie in bytes 4-7)
// and no UDPTL passes. Where the header says IP, the inner version must agree.
#pragma once

#include <tl/expected.hpp>

#include "capture/defect.h"
#include "capture/frame.h"

namespace koegura::capture {

enum class Protocol : std::uint8_t {
  kEthernet,
  kVlan,  // 802.1Q and 802.1ad
  kLlc,   // 802.2
  kMpls,
  kPppoe,
  kLinuxSll,
  kLinuxSll2,
  kLoopback,  // BSD
  kGre,
  kErspan,  // II and III; type I is Ethernet in GRE
  kVxlan,   // this and the next: over UDP
  kGeneve,
  kGtpU,
  kTzsp,
  kIp,
  kNotIp,     // well formed, and nothing that could carry a call
  kPlainUdp,  // not the tunnel that its port announced
};

// bytes is of no use after a defect.
using LayerResult = tl::expected<Protocol, Defect>;

[[nodiscard]] LayerResult read_ethernet(Bytes& bytes);
[[nodiscard]] LayerResult read_vlan(Bytes& bytes);
[[nodiscard]] LayerResult read_llc(Bytes& bytes);
[[nodiscard]] LayerResult read_mpls(Bytes& bytes);
[[nodiscard]] LayerResult read_pppoe(Bytes& bytes);
[[nodiscard]] LayerResult read_linux_sll(Bytes& bytes);
[[nodiscard]] LayerResult read_linux_sll2(Bytes& bytes);
[[nodiscard]] LayerResult read_loopback(Bytes& bytes);
[[nodiscard]] LayerResult read_gre(Bytes& bytes);
[[nodiscard]] LayerResult read_erspan(Bytes& bytes);

// Of what a UDP datagram carries to the tunnel's port. After kPlainUdp bytes is of no use.
[[nodiscard]] LayerResult read_vxlan(Bytes& bytes);
[[nodiscard]] LayerResult read_geneve(Bytes& bytes);
[[nodiscard]] LayerResult read_gtp_u(Bytes& bytes);
[[nodiscard]] LayerResult read_tzsp(Bytes& bytes);

// The protocol of an EtherType; a value up to 1500 is a length, and LLC follows (802.3 §3.2.6).
[[nodiscard]] Protocol protocol_of_ether_type(std::uint16_t type);

}  // namespace koegura::capture
