#include "libav_output.h"

extern "C" {
#include <libavformat/avformat.h>
}

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "libav_log.h"

namespace koegura::decode {
namespace {

constexpr int kBufferBytes = 64 << 10;

// 0 or errno.
int write_fully(int fd, const std::uint8_t* data, std::size_t bytes) {
  while (bytes != 0) {
    const ssize_t wrote = ::write(fd, data, bytes);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno;
    data += wrote;
    bytes -= static_cast<std::size_t>(wrote);
  }
  return 0;
}

}  // namespace

LibavOutput::LibavOutput(int fd, Seekable seekable) : fd_(fd) {
  auto* buffer = static_cast<std::uint8_t*>(av_malloc(kBufferBytes));
  context_ = avio_alloc_context(buffer, kBufferBytes, 1, this, nullptr, write,
                                seekable == Seekable::kYes ? seek : nullptr);
  if (context_ == nullptr) av_free(buffer);
}

LibavOutput::~LibavOutput() {
  if (context_ != nullptr) av_freep(&context_->buffer);
  avio_context_free(&context_);
}

int LibavOutput::write(void* self, std::uint8_t* data, int bytes) {
  auto& me = *static_cast<LibavOutput*>(self);
  if (me.error_ == 0) me.error_ = write_fully(me.fd_, data, static_cast<std::size_t>(bytes));
  return me.error_ == 0 ? bytes : AVERROR(me.error_);
}

std::int64_t LibavOutput::seek(void* self, std::int64_t offset, int whence) {
  const int fd = static_cast<LibavOutput*>(self)->fd_;
  if (whence == AVSEEK_SIZE) return AVERROR(ENOSYS);
  const off_t at = lseek(fd, offset, whence);
  return at < 0 ? AVERROR(errno) : at;
}

Result<void> LibavOutput::check(int libav_result, const char* doing) const {
  if (error_ != 0) return failure(std::string(doing) + ": " + std::strerror(error_));
  if (libav_result < 0) return failure(std::string(doing) + ": " + libav_message(libav_result));
  return {};
}

void MuxerFree::operator()(AVFormatContext* muxer) const {
  avformat_free_context(muxer);
}

Muxer open_muxer(const char* format, LibavOutput& output) {
  silence_libav();
  if (output.context() == nullptr) return nullptr;
  AVFormatContext* context = nullptr;
  if (avformat_alloc_output_context2(&context, nullptr, format, nullptr) < 0) return nullptr;
  context->pb = output.context();
  context->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
  return Muxer(context);
}

std::string libav_message(int libav_result) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(libav_result, text, sizeof text);
  return text;
}

Result<void> write_all(int fd, const void* data, std::size_t bytes) {
  const int error = write_fully(fd, static_cast<const std::uint8_t*>(data), bytes);
  if (error != 0) return failure(std::string("cannot write: ") + std::strerror(error));
  return {};
}

}  // namespace koegura::decode
