#include "byte_stream.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "wire.h"

namespace koegura::capture {

namespace {

std::string why(int error) {
  return std::generic_category().message(error);
}

class FileStream final : public ByteStream {
 public:
  FileStream(int fd, std::uint64_t total) : fd_(fd), progress_{0, total} {}
  ~FileStream() override {
    if (fd_ != STDIN_FILENO) close(fd_);
  }
  FileStream(const FileStream&) = delete;
  FileStream& operator=(const FileStream&) = delete;

  Result<std::size_t> read(std::span<std::byte> out) override {
    ssize_t got = 0;
    do {
      got = ::read(fd_, out.data(), out.size());
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
      return failure("cannot be read at offset " + std::to_string(progress_.done) + ": " +
                     why(errno));
    }
    progress_.done += static_cast<std::uint64_t>(got);
    return static_cast<std::size_t>(got);
  }
  SourceProgress progress() const override { return progress_; }

 private:
  int fd_;
  SourceProgress progress_;
};

class MemoryStream final : public ByteStream {
 public:
  explicit MemoryStream(Bytes bytes) : bytes_(bytes) {}

  Result<std::size_t> read(std::span<std::byte> out) override {
    const Bytes rest = bytes_.subspan(done_);
    const std::size_t size = std::min(out.size(), rest.size());
    std::copy_n(rest.begin(), size, out.begin());
    done_ += size;
    return size;
  }
  SourceProgress progress() const override { return {done_, bytes_.size()}; }

 private:
  Bytes bytes_;
  std::size_t done_ = 0;
};

constexpr std::size_t kMagicSize = 4;

// A stream whose first bytes have been looked at and are given again.
class PeekedStream final : public ByteStream {
 public:
  explicit PeekedStream(std::unique_ptr<ByteStream> raw) : raw_(std::move(raw)) {}

  // Fewer than kMagicSize bytes only where the stream is that short.
  Result<Bytes> peek() {
    while (size_ < head_.size()) {
      const auto got = raw_->read(std::span(head_).subspan(size_));
      if (!got) return tl::make_unexpected(got.error());
      if (*got == 0) break;
      size_ += *got;
    }
    return Bytes(head_).first(size_);
  }

  Result<std::size_t> read(std::span<std::byte> out) override {
    if (given_ == size_) return raw_->read(out);
    const std::size_t size = std::min(out.size(), size_ - given_);
    std::copy_n(head_.begin() + static_cast<std::ptrdiff_t>(given_), size, out.begin());
    given_ += size;
    return size;
  }
  SourceProgress progress() const override { return raw_->progress(); }

 private:
  std::unique_ptr<ByteStream> raw_;
  std::array<std::byte, kMagicSize> head_{};
  std::size_t size_ = 0;
  std::size_t given_ = 0;
};

bool is_gzip(Bytes head) {
  constexpr std::uint32_t kGzipDeflate = 0x1F8B08;
  return head.size() == kMagicSize && load_be32(head.data()) >> 8U == kGzipDeflate;
}

bool is_zstd(Bytes head) {
  constexpr std::uint32_t kZstdFrame = 0xFD2FB528;
  return head.size() == kMagicSize && load_le32(head.data()) == kZstdFrame;
}

}  // namespace

Result<std::unique_ptr<ByteStream>> open_file_stream(const std::string& path) {
  const bool standard_input = path == "-";
  const int fd = standard_input ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    const int error = errno;
    const std::string advice = error == EACCES ? "; run as a user who may read it" : "";
    return failure("cannot be opened: " + why(error) + advice,
                   error == EACCES ? ErrorKind::kNotPermitted : ErrorKind::kFailed);
  }
  struct stat status = {};
  const bool known = fstat(fd, &status) == 0;
  if (known && S_ISDIR(status.st_mode)) {
    close(fd);
    return failure("is a directory; name the capture files in it");
  }
  const bool regular = known && S_ISREG(status.st_mode);
  if (regular) posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);  // only advice
  return std::make_unique<FileStream>(fd,
                                      regular ? static_cast<std::uint64_t>(status.st_size) : 0U);
}

std::unique_ptr<ByteStream> make_memory_stream(Bytes bytes) {
  return std::make_unique<MemoryStream>(bytes);
}

Result<DecodedStream> decompress_if_needed(std::unique_ptr<ByteStream> raw) {
  auto peeked = std::make_unique<PeekedStream>(std::move(raw));
  const auto head = peeked->peek();
  if (!head) return tl::make_unexpected(head.error());
  if (!is_gzip(*head) && !is_zstd(*head)) return DecodedStream{std::move(peeked), false};
  auto decoder =
      is_gzip(*head) ? make_gzip_stream(std::move(peeked)) : make_zstd_stream(std::move(peeked));
  if (!decoder) return tl::make_unexpected(decoder.error());
  return DecodedStream{std::move(*decoder), true};
}

}  // namespace koegura::capture
