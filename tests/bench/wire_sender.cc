// wire_sender: puts a capture file on a test interface as fast as told, for tests/bench/soak.
//
//   wire_sender IF FILE.pcap [PACKETS_PER_SECOND [FIRST COUNT]]
//
// Nothing of a frame is rewritten, and its times are ignored. Rate 0 is as fast as it goes. Prints
// one JSON object: what was sent, in what time. The one program of this tree that sends; it is no
// part of the recorder.
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 64;  // frames a system call
constexpr std::size_t kFileHeader = 24;
constexpr std::size_t kPacketHeader = 16;
constexpr std::uint32_t kMagicMicroseconds = 0xA1B2C3D4;
constexpr std::uint32_t kMagicNanoseconds = 0xA1B23C4D;

[[noreturn]] void fail(const char* what, const char* which) {
  std::fprintf(stderr, "wire_sender: %s: %s%s%s\n", which, what, errno != 0 ? ": " : "",
               errno != 0 ? std::strerror(errno) : "");
  std::exit(1);
}

struct Frame {
  const std::byte* bytes;
  std::size_t size;
};

std::uint32_t word_at(const std::byte* bytes) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// The frames of a pcap file in this machine's byte order, in memory that stays mapped.
std::vector<Frame> frames_of(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0) fail("cannot be opened", path);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (size < kFileHeader) fail("is no pcap file", path);
  void* map = mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (map == MAP_FAILED) fail("cannot be mapped", path);
  close(fd);
  const auto* file = static_cast<const std::byte*>(map);
  const std::uint32_t magic = word_at(file);
  errno = 0;
  if (magic != kMagicMicroseconds && magic != kMagicNanoseconds) fail("is no pcap file", path);
  std::vector<Frame> frames;
  for (std::size_t at = kFileHeader; at + kPacketHeader <= size;) {
    const std::size_t length = word_at(file + at + 8);
    at += kPacketHeader;
    if (length > size - at) fail("is cut off within a packet", path);
    frames.push_back({file + at, length});
    at += length;
  }
  return frames;
}

int open_wire(const char* interface) {
  const int wire = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);  // 0: it receives nothing
  if (wire < 0) fail("needs CAP_NET_RAW", interface);
  const int on = 1;
  setsockopt(wire, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof on);
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_ifindex = static_cast<int>(if_nametoindex(interface));
  if (address.sll_ifindex == 0) fail("there is no such interface", interface);
  if (bind(wire, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("cannot be bound to", interface);
  }
  return wire;
}

// Sends all of it; what the kernel has no room for is sent again.
void send_all(int wire, const Frame* frames, std::size_t count) {
  std::array<mmsghdr, kBatch> messages{};
  std::array<iovec, kBatch> vectors{};
  for (std::size_t i = 0; i < count; ++i) {
    vectors[i] = {const_cast<std::byte*>(frames[i].bytes), frames[i].size};
    messages[i].msg_hdr.msg_iov = &vectors[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  for (std::size_t sent = 0; sent < count;) {
    const int done = sendmmsg(wire, messages.data() + sent, static_cast<unsigned>(count - sent), 0);
    if (done > 0) sent += static_cast<std::size_t>(done);
    if (done < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) fail("send", "wire");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: wire_sender IF FILE.pcap [PACKETS_PER_SECOND [FIRST COUNT]]\n", stderr);
    return 2;
  }
  const int wire = open_wire(argv[1]);
  const std::vector<Frame> frames = frames_of(argv[2]);
  const double rate = argc > 3 ? std::atof(argv[3]) : 0;
  const std::size_t first =
      std::min<std::size_t>(argc > 4 ? std::strtoull(argv[4], nullptr, 10) : 0, frames.size());
  const std::size_t count = std::min<std::size_t>(
      argc > 5 ? std::strtoull(argv[5], nullptr, 10) : frames.size(), frames.size() - first);
  const Clock::time_point begin = Clock::now();
  for (std::size_t sent = 0; sent < count;) {
    const std::size_t batch = std::min(kBatch, count - sent);
    if (rate > 0) {  // busy: a sleep would make bursts of its own
      const auto due = begin + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>(static_cast<double>(sent) / rate));
      while (Clock::now() < due) continue;
    }
    send_all(wire, frames.data() + first + sent, batch);
    sent += batch;
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  std::printf("{\"sent\": %zu, \"seconds\": %.6f}\n", count, seconds);
  return 0;
}
