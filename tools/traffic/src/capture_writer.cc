#include "capture_writer.h"

#include <array>
#include <bit>
#include <cassert>
#include <cstring>
#include <initializer_list>

namespace koegura::traffic {
namespace {

constexpr std::size_t kCaptureBufferBytes = 2U << 20U;
constexpr std::size_t kLargestRecord = 65'535 + 36;  // a frame, its padding and a block's headers

constexpr std::uint32_t kPcapNanoseconds = 0xA1B23C4D;
constexpr std::uint32_t kSnapLength = 262'144;
constexpr std::uint32_t kLinkEthernet = 1;
constexpr long long kSecond = 1'000'000'000;

// Fields stand in the order of the writing machine; both formats say which that is.
std::byte* put_words(std::byte* out, std::initializer_list<std::uint32_t> words) {
  std::memcpy(out, words.begin(), words.size() * sizeof(std::uint32_t));
  return out + words.size() * sizeof(std::uint32_t);
}

constexpr std::uint32_t two_shorts(std::uint16_t first, std::uint16_t second) {
  return std::endian::native == std::endian::little ? first | std::uint32_t{second} << 16U
                                                    : std::uint32_t{first} << 16U | second;
}

}  // namespace

Result<CaptureWriter> CaptureWriter::open(const std::string& path) {
  auto file = OutputFile::open(path);
  if (!file) return tl::make_unexpected(std::move(file.error()));
  const auto format = path.ends_with(".pcapng") ? CaptureFormat::kPcapng : CaptureFormat::kPcap;
  return CaptureWriter(format, std::move(*file));
}

CaptureWriter::CaptureWriter(CaptureFormat format, std::unique_ptr<OutputFile> file)
    : format_(format), file_(std::move(file)), buffer_(new std::byte[kCaptureBufferBytes]) {
  write_file_header();
}

void CaptureWriter::write_file_header() {
  std::byte* out = buffer_.get();
  if (format_ == CaptureFormat::kPcap) {
    out = put_words(out, {kPcapNanoseconds, two_shorts(2, 4), 0, 0, kSnapLength, kLinkEthernet});
  } else {
    const std::uint32_t unknown = 0xFFFFFFFF;  // the section's length
    out = put_words(out, {0x0A0D0D0A, 28, 0x1A2B3C4D, two_shorts(1, 0), unknown, unknown, 28});
    // The one option, if_tsresol (9), is one byte long: 9, for units of 10^-9 s.
    constexpr std::array<char, 4> kResolution = {9, 0, 0, 0};
    out = put_words(out, {1, 32, two_shorts(kLinkEthernet, 0), kSnapLength, two_shorts(9, 1),
                          std::bit_cast<std::uint32_t>(kResolution), 0, 32});
  }
  used_ = static_cast<std::size_t>(out - buffer_.get());
}

std::byte* CaptureWriter::frame(Timestamp time, std::size_t size) {
  assert(size <= 65'535);
  if (kCaptureBufferBytes - used_ < kLargestRecord) flush();
  return format_ == CaptureFormat::kPcap ? pcap_record(time, size) : pcapng_block(time, size);
}

std::byte* CaptureWriter::pcap_record(Timestamp time, std::size_t size) {
  const auto ns = static_cast<std::uint64_t>(to_unix_ns(time));
  const auto length = static_cast<std::uint32_t>(size);
  std::byte* out =
      put_words(buffer_.get() + used_, {static_cast<std::uint32_t>(ns / kSecond),
                                        static_cast<std::uint32_t>(ns % kSecond), length, length});
  used_ += 16 + size;
  return out;
}

std::byte* CaptureWriter::pcapng_block(Timestamp time, std::size_t size) {
  const auto ns = static_cast<std::uint64_t>(to_unix_ns(time));
  const auto length = static_cast<std::uint32_t>(size);
  const std::uint32_t padded = (length + 3U) & ~3U;
  const std::uint32_t block = 32 + padded;
  std::byte* out =
      put_words(buffer_.get() + used_, {6, block, 0, static_cast<std::uint32_t>(ns >> 32U),
                                        static_cast<std::uint32_t>(ns), length, length});
  std::memset(out + size, 0, padded - length);
  put_words(out + padded, {block});
  used_ += block;
  return out;
}

void CaptureWriter::flush() {
  if (status_) status_ = file_->write({buffer_.get(), used_});
  flushed_ += used_;
  used_ = 0;
}

Result<void> CaptureWriter::close() {
  flush();
  return status_ ? file_->close() : status_;
}

}  // namespace koegura::traffic
