// An interface through libpcap. libpcap lends a frame's bytes for the callback only (it gives a
// block of the ring back with the last frame of it), and a burst lives longer, so frames are
// copied, once, into one arena. pcap_set_rfmon is never called: it would change the card.
#include <net/if.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <vector>

#include "capture/live.h"
#include "frame_filter.h"

namespace koegura::capture {

namespace {

// The kernel gives a block of the ring away when it is full or this old. Shorter blocks mean more
// wake-ups and, at low rates, a ring that holds less time; longer ones delay signalling that
// another thread's media waits for. Immediate mode would hand over each frame by itself, in slots
// of the snapshot length.
constexpr int kBlockMilliseconds = 10;
constexpr std::size_t kArenaBytes = 4U << 20U;
constexpr std::uint32_t kMostSnapshot = 262144;  // libpcap's MAXIMUM_SNAPLEN, and a block's size
constexpr const char* kAnyInterface = "any";

struct CloseHandle {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};
using Handle = std::unique_ptr<pcap_t, CloseHandle>;

// A counter of the kernel that wraps at 32 bits, and ours that does not.
class WideCounter {
 public:
  std::uint64_t update(std::uint32_t now) {
    total_ += now - last_;
    last_ = now;
    return total_;
  }
  [[nodiscard]] std::uint64_t total() const { return total_; }

 private:
  std::uint64_t total_ = 0;
  std::uint32_t last_ = 0;
};

class PcapInterface final : public PacketSource {
 public:
  PcapInterface(Handle handle, std::string name, LinkType link, std::uint32_t snapshot_length)
      : handle_(std::move(handle)),
        name_(std::move(name)),
        link_(link),
        snapshot_length_(snapshot_length),
        arena_(kArenaBytes) {}

  Result<std::size_t> read(std::span<Frame> burst) override;
  [[nodiscard]] SourceProgress progress() const override { return {bytes_, 0}; }
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::optional<Timestamp> now() const override;
  [[nodiscard]] int wait_handle() const override { return pcap_get_selectable_fd(handle_.get()); }
  [[nodiscard]] SourceLosses losses() override;

 private:
  static void on_frame(u_char* self, const pcap_pkthdr* header, const u_char* bytes);
  void keep(const pcap_pkthdr& header, const u_char* bytes);

  Handle handle_;
  std::string name_;
  LinkType link_;
  std::size_t snapshot_length_;
  std::vector<std::byte> arena_;
  std::size_t used_ = 0;  // of the arena
  std::span<Frame> burst_;
  std::size_t filled_ = 0;
  std::uint64_t bytes_ = 0;
  bool ended_ = false;
  WideCounter ring_;
  WideCounter interface_;
};

void PcapInterface::on_frame(u_char* self, const pcap_pkthdr* header, const u_char* bytes) {
  reinterpret_cast<PcapInterface*>(self)->keep(*header, bytes);
}

// There is room: libpcap cuts frames at the snapshot length, and is stopped when less is left.
void PcapInterface::keep(const pcap_pkthdr& header, const u_char* bytes) {
  std::byte* copy = arena_.data() + used_;
  std::memcpy(copy, bytes, header.caplen);
  used_ += header.caplen;
  bytes_ += header.caplen;
  // With PCAP_TSTAMP_PRECISION_NANO tv_usec holds nanoseconds.
  const auto time = from_unix_ns(header.ts.tv_sec * 1'000'000'000LL + header.ts.tv_usec);
  burst_[filled_++] = {time, Bytes(copy, header.caplen), header.len, link_, 0};
  if (arena_.size() - used_ < snapshot_length_) pcap_breakloop(handle_.get());
}

Result<std::size_t> PcapInterface::read(std::span<Frame> burst) {
  if (ended_ || burst.empty()) return 0;
  burst_ = burst;
  filled_ = 0;
  used_ = 0;
  const int most = static_cast<int>(std::min<std::size_t>(burst.size(), 1U << 20U));
  const int given = pcap_dispatch(handle_.get(), most, on_frame, reinterpret_cast<u_char*>(this));
  if (given != PCAP_ERROR) return filled_;
  if (filled_ != 0) return filled_;  // libpcap meets the same error again
  ended_ = true;
  return failure(name_ + ": capturing ended: " + pcap_geterr(handle_.get()) +
                 ": check the card, then start the recorder again");
}

std::optional<Timestamp> PcapInterface::now() const {
  timespec time = {};
  clock_gettime(CLOCK_REALTIME, &time);
  return from_unix_ns(time.tv_sec * 1'000'000'000LL + time.tv_nsec);
}

// The kernel's counters of the ring, by getsockopt; those of the card libpcap reads from two files
// below /sys/class/net, a few microseconds, and only of an interface it made promiscuous.
SourceLosses PcapInterface::losses() {
  pcap_stat stat = {};
  if (pcap_stats(handle_.get(), &stat) != 0) return {ring_.total(), interface_.total()};
  return {ring_.update(stat.ps_drop), interface_.update(stat.ps_ifdrop)};
}

// ---- opening --------------------------------------------------------------------------------

std::optional<LinkType> link_type_of_dlt(int data_link) {
  for (const LinkType link :
       {LinkType::kEthernet, LinkType::kLinuxSll, LinkType::kLinuxSll2, LinkType::kRaw,
        LinkType::kNull, LinkType::kLoop, LinkType::kIpv4, LinkType::kIpv6}) {
    if (data_link_of(link) == data_link) return link;
  }
  return std::nullopt;
}

bool exists(const std::string& name) {
  return name == kAnyInterface || if_nametoindex(name.c_str()) != 0;
}

Error no_such_interface(const std::string& name) {
  std::string names;
  struct if_nameindex* const list = if_nameindex();
  for (auto* entry = list; entry != nullptr && entry->if_index != 0; ++entry) {
    names += (names.empty() ? "" : ", ") + std::string(entry->if_name);
  }
  if (list != nullptr) if_freenameindex(list);
  return {name + ": no such interface: there are " + names + ", and 'any' for all of them"};
}

Error activation_error(pcap_t* handle, const std::string& name, int status) {
  switch (status) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
      return no_such_interface(name);
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
      return {name +
                  ": not permitted to capture: run as root, or with the capability CAP_NET_RAW "
                  "(setcap cap_net_raw+ep, or AmbientCapabilities= of systemd)",
              ErrorKind::kNotPermitted};
    case PCAP_ERROR_IFACE_NOT_UP:
      return {name + ": the interface is down: ip link set " + name + " up"};
    default:
      break;
  }
  const std::string detail = pcap_geterr(handle);
  return {name + ": " + pcap_statustostr(status) + (detail.empty() ? "" : ": " + detail)};
}

// What is set before activation can only fail on a handle that is active already.
void set_up(pcap_t* handle, const LiveOptions& options) {
  constexpr std::uint32_t kMostRing = 1U << 30U;  // libpcap counts it in an int
  pcap_set_snaplen(handle, static_cast<int>(options.snapshot_length));
  pcap_set_promisc(handle, options.promiscuous ? 1 : 0);
  pcap_set_timeout(handle, kBlockMilliseconds);
  pcap_set_buffer_size(handle, static_cast<int>(std::min(options.ring_bytes, kMostRing)));
  pcap_set_tstamp_precision(handle, PCAP_TSTAMP_PRECISION_NANO);
}

// Also without an expression: it is the filter that makes the kernel cut frames, and not only us.
Result<void> set_filter(pcap_t* handle, const std::string& filter, LinkType link) {
  if (auto alone = FrameFilter::compile(filter, link); !alone) {
    return tl::make_unexpected(std::move(alone.error()));
  }
  const std::string widened = widened_filter(filter, link);
  bpf_program program = {};
  if (pcap_compile(handle, &program, widened.c_str(), 1, PCAP_NETMASK_UNKNOWN) != 0) {
    return tl::make_unexpected(filter_error(filter, pcap_geterr(handle)));
  }
  const int status = pcap_setfilter(handle, &program);
  pcap_freecode(&program);
  if (status != 0) return tl::make_unexpected(filter_error(filter, pcap_geterr(handle)));
  return {};
}

}  // namespace

Result<std::unique_ptr<PacketSource>> open_interface(const std::string& name,
                                                     const std::string& filter,
                                                     const LiveOptions& options) {
  // libpcap would also open what is no interface: "nflog", "usbmon0", "dbus-system".
  if (!exists(name)) return tl::make_unexpected(no_such_interface(name));
  LiveOptions bounded = options;
  bounded.snapshot_length = std::clamp<std::uint32_t>(options.snapshot_length, 1, kMostSnapshot);

  char reason[PCAP_ERRBUF_SIZE] = "";
  Handle handle(pcap_create(name.c_str(), reason));
  if (handle == nullptr) return failure(name + ": " + reason);
  set_up(handle.get(), bounded);
  // Above 0 are warnings: "any" cannot be promiscuous, for one.
  if (const int status = pcap_activate(handle.get()); status < 0) {
    return tl::make_unexpected(activation_error(handle.get(), name, status));
  }
  const int data_link = pcap_datalink(handle.get());
  const auto link = link_type_of_dlt(data_link);
  if (!link) {
    const char* type = pcap_datalink_val_to_name(data_link);
    return failure(name + ": its frames are " + (type != nullptr ? type : "of an unknown type") +
                   ", which cannot be taken apart: name an Ethernet interface");
  }
  if (auto set = set_filter(handle.get(), filter, *link); !set) {
    return tl::make_unexpected(std::move(set.error()).in(name));
  }
  if (pcap_setnonblock(handle.get(), 1, reason) != 0) return failure(name + ": " + reason);
  return std::make_unique<PcapInterface>(std::move(handle), name, *link, bounded.snapshot_length);
}

}  // namespace koegura::capture
