// FrameFilter: a pcap-filter(7) expression, widened so that what it cannot judge by its first
// header passes: IP fragments, and the tunnels and tags that decapsulation takes apart.
#pragma once

#include <memory>
#include <string>

#include "capture/error.h"
#include "capture/frame.h"

namespace koegura::capture {

// "udp port 5060" → that, or a later fragment, or a tunnel; the same within up to two 802.1Q tags.
// MPLS and PPPoE pass whole, and so do tags where the link type knows no `vlan` (cooked): pcap's
// keywords for them shift every offset in the rest of the expression, so an expression can follow
// one kind of tag only, and `vlan` is the one that a city hall has. For the same reason an
// expression that names such a keyword itself is not repeated within tags: what it says of tags is
// meant. Empty stays empty.
[[nodiscard]] std::string widened_filter(const std::string& filter, LinkType link);

// The number by which libpcap knows the link type (DLT_).
[[nodiscard]] int data_link_of(LinkType link);

// What is wrong with a filter: the expression as it was given, libpcap's words, where to read on.
[[nodiscard]] Error filter_error(const std::string& filter, const std::string& reason);

// The same, run here and not in the kernel: for sources that have no kernel. An interface compiles
// widened_filter on its own handle, since only there libpcap knows that the kernel has put a
// frame's outer tag aside.
//
// Threads: compile on any; passes is const and may run on several at once.
class FrameFilter {
 public:
  // Empty passes everything.
  [[nodiscard]] static Result<FrameFilter> compile(const std::string& filter, LinkType link);
  FrameFilter(FrameFilter&&) noexcept;
  FrameFilter& operator=(FrameFilter&&) noexcept;
  ~FrameFilter();

  [[nodiscard]] bool passes(const Frame& frame) const;

 private:
  struct Program;
  explicit FrameFilter(std::unique_ptr<Program> program);
  std::unique_ptr<Program> program_;
};

}  // namespace koegura::capture
