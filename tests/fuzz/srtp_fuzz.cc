// SRTP: any line of a=crypto, and any packets through the decryptor with its keys.
//
// Input: the line, a line feed, then packets (input_packets.h).
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "capture/rtp.h"
#include "input_packets.h"
#include "stream_decryptor.h"

namespace {

using namespace koegura;

void check(const capture::SrtpCrypto& line) {
  if (line.keys.empty() != line.defect.has_value()) std::abort();
  if (line.keys.size() > capture::kMaxInlineKeys || line.suite.size() > 64) std::abort();
  for (const capture::SrtpKey& key : line.keys) {
    if (key.mki.size() > capture::kMaxSrtpMkiBytes) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t end = text.find('\n');
  const capture::SrtpCrypto line = capture::parse_crypto(text.substr(0, end));
  check(line);
  if (end == std::string_view::npos) return 0;
  capture::FinishedCall call;
  capture::FinishedStream stream;
  for (const capture::SrtpKey& key : line.keys) call.srtp.keys.push_back({{}, stream.side, key});
  capture::NegotiatedMedia media;
  media.encrypted = true;
  call.media.push_back(media);  // of the stream's own endpoint: both are empty
  std::uint32_t packets = 0;
  auto input = std::as_bytes(std::span(data, size)).subspan(end + 1);
  stream.ssrc = 0xcafebabe;
  decode::StreamDecryptor decryptor(call, stream);
  while (!input.empty()) {
    const capture::Bytes packet = fuzz::take_packet(input).bytes;
    if (!capture::looks_like_rtp(packet)) continue;
    ++packets;
    const auto opened = decryptor.open({}, packet);
    if (opened.datagram.empty() || opened.datagram.size() > packet.size()) std::abort();
    if (opened.why != nullptr && opened.why->empty()) std::abort();
  }
  if (decryptor.opened() + decryptor.failed() != packets) std::abort();
  if (decryptor.suite().empty() != (decryptor.opened() == 0)) std::abort();
  return 0;
}
