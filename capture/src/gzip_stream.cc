// gzip by zlib: members one after another are one stream (RFC 1952 §2.2).
#include <zlib.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "byte_stream.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kInputSize = 256U << 10U;
constexpr int kGzipOnly = 16 + MAX_WBITS;

class GzipStream final : public ByteStream {
 public:
  explicit GzipStream(std::unique_ptr<ByteStream> raw) : raw_(std::move(raw)), input_(kInputSize) {}
  ~GzipStream() override {
    if (ready_) inflateEnd(&z_);
  }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;

  [[nodiscard]] bool start() {
    ready_ = inflateInit2(&z_, kGzipOnly) == Z_OK;
    return ready_;
  }

  Result<std::size_t> read(std::span<std::byte> out) override {
    z_.next_out = reinterpret_cast<Bytef*>(out.data());
    z_.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size(), kMaxOutput));
    const uInt wanted = z_.avail_out;
    while (z_.avail_out == wanted) {
      if (damage_) return tl::make_unexpected(*damage_);
      if (z_.avail_in == 0) {
        const auto got = fill();
        if (!got) return tl::make_unexpected(got.error());
        if (*got == 0) return at_end();
      }
      inflate_some();
    }
    return wanted - z_.avail_out;
  }
  SourceProgress progress() const override { return raw_->progress(); }

 private:
  static constexpr std::size_t kMaxOutput = 1U << 30U;  // avail_out has 32 bits

  [[nodiscard]] std::string where() const {
    return " at offset " + std::to_string(raw_->progress().done - z_.avail_in) +
           " of the compressed file";
  }

  Result<std::size_t> fill() {
    const auto got = raw_->read(input_);
    if (!got) return got;
    z_.next_in = reinterpret_cast<Bytef*>(input_.data());
    z_.avail_in = static_cast<uInt>(*got);
    return got;
  }

  Result<std::size_t> at_end() {
    if (between_members_) return std::size_t{0};
    return failure("the gzip data is cut off" + where());
  }

  // What comes out before damage is still given. REQUIRES: there is input.
  void inflate_some() {
    if (between_members_ && *z_.next_in == 0) {  // tapes and block devices pad with zeros
      ++z_.next_in;
      --z_.avail_in;
      return;
    }
    between_members_ = false;
    const int status = inflate(&z_, Z_NO_FLUSH);
    if (status == Z_STREAM_END) {
      between_members_ = true;
      inflateReset(&z_);
    } else if (status != Z_OK && status != Z_BUF_ERROR) {
      damage_ = Error{"the gzip data is damaged" + where() +
                      (z_.msg == nullptr ? "" : " (" + std::string(z_.msg) + ")")};
    }
  }

  std::unique_ptr<ByteStream> raw_;
  std::vector<std::byte> input_;
  z_stream z_{};
  bool ready_ = false;
  bool between_members_ = false;
  std::optional<Error> damage_;
};

}  // namespace

Result<std::unique_ptr<ByteStream>> make_gzip_stream(std::unique_ptr<ByteStream> raw) {
  auto stream = std::make_unique<GzipStream>(std::move(raw));
  if (!stream->start()) return failure("zlib has no memory");
  return stream;
}

}  // namespace koegura::capture
