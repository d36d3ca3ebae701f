// Any bytes as a session description.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "capture/sdp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto sdp = koegura::capture::parse_sdp(text);
  if (!sdp) return 0;
  if (sdp->media.size() > koegura::capture::kMaxSdpMedia) std::abort();
  for (const auto& media : sdp->media) {
    if (media.formats.size() > koegura::capture::kMaxSdpFormats) std::abort();
    if (media.candidates.size() > koegura::capture::kMaxSdpCandidates) std::abort();
    if (media.crypto_lines.size() > koegura::capture::kMaxSdpCrypto) std::abort();
    for (const auto& format : media.formats) {
      if (format.fmtp.size() > koegura::capture::kMaxSdpText) std::abort();
    }
    for (const auto& candidate : media.candidates) {
      if (candidate.endpoint.port == 0 || candidate.endpoint.address.is_unspecified()) std::abort();
      (void)media.rtcp_of_candidate(candidate.endpoint).to_string();
    }
    if (media.awaits_candidates() && !media.endpoint()) std::abort();
    const auto endpoint = media.endpoint();
    if (endpoint) (void)media.rtcp_endpoint(*endpoint).to_string();
    (void)media.encrypted();
  }
  return 0;
}
