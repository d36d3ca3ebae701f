// zstd by libzstd: frames one after another, skippable ones included, are one stream (RFC 8878 §3).
#include <zstd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "byte_stream.h"

namespace koegura::capture {

namespace {

// What `zstd -d` takes without being asked; a frame that wants more is refused, not obeyed.
constexpr int kMaxWindowLog = 27;

constexpr std::size_t kFrameHeaderMin = 5;

struct FreeContext {
  void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

class ZstdStream final : public ByteStream {
 public:
  explicit ZstdStream(std::unique_ptr<ByteStream> raw)
      : raw_(std::move(raw)), input_(ZSTD_DStreamInSize()), context_(ZSTD_createDCtx()) {}

  [[nodiscard]] bool start() {
    return context_ != nullptr && ZSTD_isError(ZSTD_DCtx_setParameter(
                                      context_.get(), ZSTD_d_windowLogMax, kMaxWindowLog)) == 0;
  }

  Result<std::size_t> read(std::span<std::byte> out) override {
    ZSTD_outBuffer output = {out.data(), out.size(), 0};
    while (output.pos == 0) {
      if (taken_ == filled_ && !flushing_) {
        const auto got = raw_->read(input_);
        if (!got) return got;
        if (*got == 0) return at_end();
        taken_ = 0;
        filled_ = *got;
      }
      const std::size_t status = decode_one_block(output);
      if (ZSTD_isError(status) != 0) {
        return failure("the zstd data is damaged" + where() + " (" + ZSTD_getErrorName(status) +
                       ")");
      }
      between_frames_ = status == 0;
      wanted_ = between_frames_ ? kFrameHeaderMin : status;
      flushing_ = output.pos == output.size && !between_frames_;
    }
    return output.pos;
  }
  SourceProgress progress() const override { return raw_->progress(); }

 private:
  [[nodiscard]] std::string where() const {
    return " at offset " + std::to_string(raw_->progress().done - (filled_ - taken_)) +
           " of the compressed file";
  }

  // A call that fails gives nothing of what it had decoded before, so that each gets no more input
  // than the library wants for its next block.
  std::size_t decode_one_block(ZSTD_outBuffer& output) {
    ZSTD_inBuffer in = {input_.data(), std::min(filled_, taken_ + wanted_), taken_};
    const std::size_t status = ZSTD_decompressStream(context_.get(), &output, &in);
    taken_ = in.pos;
    return status;
  }

  Result<std::size_t> at_end() const {
    if (between_frames_) return std::size_t{0};
    return failure("the zstd data is cut off" + where());
  }

  std::unique_ptr<ByteStream> raw_;
  std::vector<std::byte> input_;
  std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  std::size_t taken_ = 0;   // of the input in memory
  std::size_t filled_ = 0;  // so much is in memory
  std::size_t wanted_ = kFrameHeaderMin;
  bool between_frames_ = false;
  bool flushing_ = false;  // the library holds decoded bytes that did not fit
};

}  // namespace

Result<std::unique_ptr<ByteStream>> make_zstd_stream(std::unique_ptr<ByteStream> raw) {
  auto stream = std::make_unique<ZstdStream>(std::move(raw));
  if (!stream->start()) return failure("libzstd has no memory");
  return stream;
}

}  // namespace koegura::capture
