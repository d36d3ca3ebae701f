#include "decode/flac_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "decode/encoded_flac.h"
#include "flac_decoder.h"
#include "sample_hash.h"

namespace koegura::decode {
namespace {

constexpr std::size_t kBlock = 256U << 10U;
// "fLaC", and the header of STREAMINFO as the last metadata block.
constexpr std::array<unsigned char, 8> kBegin = {'f', 'L', 'a', 'C', 0x80, 0, 0, 34};

class OpenedFlac {
 public:
  explicit OpenedFlac(const std::string& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  OpenedFlac(const OpenedFlac&) = delete;
  OpenedFlac& operator=(const OpenedFlac&) = delete;
  ~OpenedFlac() {
    if (fd_ >= 0) ::close(fd_);
  }
  // The next block, until it is asked again; empty at the end.
  [[nodiscard]] Result<capture::Bytes> read(std::size_t most = kBlock) {
    block_.resize(most);
    ssize_t got = 0;
    do {
      got = ::read(fd_, block_.data(), block_.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) return failure(std::strerror(errno));
    return capture::Bytes(block_.data(), static_cast<std::size_t>(got));
  }

 private:
  int fd_;
  std::vector<std::byte> block_;
};

}  // namespace

Result<FlacDigest> digest_of_flac(const std::string& path) {
  OpenedFlac file(path);
  FlacStreamInfo info{};
  const Result<capture::Bytes> head = file.read(kBegin.size() + info.size());
  if (!head) return failure(path + ": " + head.error().message);
  const bool begins = head->size() == kBegin.size() + info.size() &&
                      std::memcmp(head->data(), kBegin.data(), kBegin.size()) == 0;
  if (!begins) return failure(path + ": it does not begin as a FLAC file of a call does");
  std::copy(head->begin() + kBegin.size(), head->end(), info.begin());
  const FlacProperties flac = read_stream_info(info);
  if (flac.channels != 2 || flac.bits_per_sample != 16) {
    return failure(path + ": its audio is not 16-bit stereo");
  }
  FlacDigest digest{.sample_rate = flac.sample_rate};
  SampleHash hash;
  const Result<void> decoded = decode_flac(
      info, [&] { return file.read(); },
      [&](std::span<const std::span<const Sample>> planes) -> Result<void> {
        hash.update(planes[0], planes[1]);
        digest.samples += planes[0].size();
        return {};
      });
  if (!decoded) return failure(path + ": " + decoded.error().message);
  digest.sha256 = hash.finish();
  return digest;
}

}  // namespace koegura::decode
