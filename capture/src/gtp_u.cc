// GTP-U (3GPP TS 29.281 §5): the user's IP datagrams on their way through a mobile core, in UDP.
// Only G-PDUs carry them; echoes and error indications stay plain UDP.
#include <optional>

#include "layer.h"
#include "wire.h"

namespace koegura::capture {

namespace {

constexpr std::size_t kGtpHeaderSize = 8;
constexpr std::size_t kOptionalFieldsSize = 4;  // sequence number, N-PDU number, next extension
constexpr std::uint8_t kFixedBits = 0xF8;       // version, protocol type, and a spare bit
constexpr std::uint8_t kVersion1Gtp = 0x30;
constexpr std::uint8_t kExtensionFlag = 0x04;
constexpr std::uint8_t kAnyFlag = 0x07;  // one makes all the optional fields present
constexpr std::uint8_t kGpdu = 255;
constexpr int kMaxGtpExtensionHeaders = 8;  // a session's PDUs have one

// Where the chain of extension headers ends that begins at `at`, its first type announced in the
// byte before.
std::optional<std::size_t> end_of_extensions(Bytes bytes, std::size_t at) {
  for (int count = 0; load_u8(bytes.data() + at - 1) != 0; ++count) {
    if (count == kMaxGtpExtensionHeaders || at == bytes.size()) return std::nullopt;
    const std::size_t size = load_u8(bytes.data() + at) * std::size_t{4};
    if (size == 0 || size > bytes.size() - at) return std::nullopt;
    at += size;
  }
  return at;
}

std::optional<std::size_t> header_size(Bytes bytes) {
  const std::uint8_t flags = load_u8(bytes.data());
  if ((flags & kAnyFlag) == 0) return kGtpHeaderSize;
  const std::size_t size = kGtpHeaderSize + kOptionalFieldsSize;
  if (bytes.size() < size) return std::nullopt;
  return (flags & kExtensionFlag) != 0 ? end_of_extensions(bytes, size) : size;
}

}  // namespace

LayerResult read_gtp_u(Bytes& bytes) {
  if (bytes.size() < kGtpHeaderSize) return Protocol::kPlainUdp;
  const std::byte* at = bytes.data();
  if ((load_u8(at) & kFixedBits) != kVersion1Gtp || load_u8(at + 1) != kGpdu) {
    return Protocol::kPlainUdp;
  }
  if (load_be16(at + 2) != bytes.size() - kGtpHeaderSize) return Protocol::kPlainUdp;
  const auto size = header_size(bytes);
  if (!size || *size == bytes.size()) return Protocol::kPlainUdp;
  bytes = bytes.subspan(*size);
  const unsigned version = load_u8(bytes.data()) >> 4U;
  return version == 4 || version == 6 ? Protocol::kIp : Protocol::kPlainUdp;
}

}  // namespace koegura::capture
