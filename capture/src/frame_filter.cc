#include "frame_filter.h"

#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace koegura::capture {

namespace {

// Later fragments have no ports; of IPv6, whatever has an extension header before them: libpcap
// does not walk those. Tunnels by IP protocol (IP-in-IP, 6in4, GRE) and by port (GTP-U, VXLAN and
// Linux's old port for it, GENEVE, TZSP).
constexpr const char* kUnjudged =
    "ip[6:2] & 0x1fff != 0 or ip proto 4 or ip proto 41 or ip proto 47"
    " or ip6[6] = 0 or ip6[6] = 43 or ip6[6] = 44 or ip6[6] = 51 or ip6[6] = 60"
    " or ip6[6] = 4 or ip6[6] = 41 or ip6[6] = 47"
    " or udp port 2152 or udp port 4789 or udp port 8472 or udp port 6081 or udp port 37008";
constexpr const char* kMplsOrPppoe =
    "ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864";
constexpr const char* kTagged = "ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100";

// After these, offsets in an expression count from within what they name.
constexpr std::array<std::string_view, 5> kShiftingWords = {"vlan", "mpls", "pppoed", "pppoes",
                                                            "geneve"};

bool shifts_offsets(std::string_view filter) {
  constexpr std::string_view kWordCharacters = "abcdefghijklmnopqrstuvwxyz0123456789_-.";
  while (!filter.empty()) {
    const std::size_t end = std::min(filter.find_first_not_of(kWordCharacters), filter.size());
    if (std::ranges::find(kShiftingWords, filter.substr(0, end)) != kShiftingWords.end()) {
      return true;
    }
    filter.remove_prefix(std::max<std::size_t>(end, 1));
  }
  return false;
}

// Line breaks and the like are no words either.
bool says_nothing(const std::string& filter) {
  return filter.find_first_not_of(" \t\r\n\f\v") == std::string::npos;
}

struct CloseDeadHandle {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};

}  // namespace

std::string widened_filter(const std::string& filter, LinkType link) {
  if (says_nothing(filter)) return {};
  const std::string either = std::string(" or ") + kUnjudged + " or ";
  const std::string asked = '(' + filter + ')';
  if (shifts_offsets(filter)) {
    return std::string(kUnjudged) + " or " + kMplsOrPppoe + " or " + asked + " or " + kUnjudged;
  }
  const std::string here = asked + either + kMplsOrPppoe;
  if (link != LinkType::kEthernet) return here + " or " + kTagged;
  return here + " or (vlan and (" + here + " or (vlan and (" + here + "))))";
}

int data_link_of(LinkType link) {
  // LINKTYPE_RAW is the one of ours whose number in files is not that in memory.
  return link == LinkType::kRaw ? DLT_RAW : static_cast<int>(link);
}

Error filter_error(const std::string& filter, const std::string& reason) {
  return {"filter '" + filter + "': " + reason + ": see pcap-filter(7)", ErrorKind::kUsage};
}

struct FrameFilter::Program {
  Program() = default;
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program() { pcap_freecode(&code); }

  bool compile(pcap_t* handle, const std::string& expression) {
    pcap_freecode(&code);
    return pcap_compile(handle, &code, expression.c_str(), 1, PCAP_NETMASK_UNKNOWN) == 0;
  }

  bpf_program code = {};
};

FrameFilter::FrameFilter(std::unique_ptr<Program> program) : program_(std::move(program)) {}
FrameFilter::FrameFilter(FrameFilter&&) noexcept = default;
FrameFilter& FrameFilter::operator=(FrameFilter&&) noexcept = default;
FrameFilter::~FrameFilter() = default;

Result<FrameFilter> FrameFilter::compile(const std::string& filter, LinkType link) {
  if (says_nothing(filter)) return FrameFilter(nullptr);
  constexpr int kWhole = 262144;
  const std::unique_ptr<pcap_t, CloseDeadHandle> handle(pcap_open_dead(data_link_of(link), kWhole));
  if (handle == nullptr) return tl::make_unexpected(filter_error(filter, "out of memory"));

  // First as it was given: an error in it must not speak of what we put around it, and unbalanced
  // parentheses must not close ours.
  auto program = std::make_unique<Program>();
  if (!program->compile(handle.get(), filter)) {
    return tl::make_unexpected(filter_error(filter, pcap_geterr(handle.get())));
  }
  if (!program->compile(handle.get(), widened_filter(filter, link))) {
    return tl::make_unexpected(filter_error(filter, pcap_geterr(handle.get())));
  }
  return FrameFilter(std::move(program));
}

bool FrameFilter::passes(const Frame& frame) const {
  if (program_ == nullptr) return true;
  pcap_pkthdr header = {};
  header.caplen = static_cast<bpf_u_int32>(frame.bytes.size());
  header.len = frame.wire_length;
  const auto* bytes = reinterpret_cast<const u_char*>(frame.bytes.data());
  return pcap_offline_filter(&program_->code, &header, bytes) != 0;
}

}  // namespace koegura::capture
