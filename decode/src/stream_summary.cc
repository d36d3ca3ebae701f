// StreamRenderer: what is told of a stream once all of it was read.
#include <utility>

#include "stream_renderer.h"

namespace koegura::decode {

bool StreamRenderer::is_lossless() const {
  for (const PayloadMeaning& meaning : formats_.meanings()) {
    if (meaning.role == PayloadRole::kRedundant)
      return false;  // what it said again is not in the audio
    if (meaning.role != PayloadRole::kAudio) continue;
    if (!meaning.codec->lossless || meaning.format.channels > 1) return false;
  }
  return placed_ != 0 && heard_ == placed_ && !altered_;
}

const ClockLine* StreamRenderer::longest_line() const {
  const ClockLine* longest = nullptr;
  for (const ClockLine& line : clock_.lines()) {
    if (longest == nullptr || line.to - line.from > longest->to - longest->from) longest = &line;
  }
  return longest;
}

void StreamRenderer::know_clock(ClockLines lines) {
  clock_.know(std::move(lines));
  packets_.statistics().know_rate(clock_rate());
}

double StreamRenderer::clock_rate() const {
  const ClockLine* longest = longest_line();
  return longest == nullptr ? 1 : longest->rate;
}

SenderClock StreamRenderer::sender_clock() const {
  constexpr double kMsPerSecond = 1e3;
  SenderClock out;
  for (const ClockLine& line : clock_.lines()) {
    if (!follows_clock_) continue;
    out.corrected_ms += to_seconds(line.to - line.from) * (1 / line.rate - 1) * kMsPerSecond;
  }
  const ClockLine* longest = longest_line();
  if (longest == nullptr || !longest->is_error_known()) return out;
  out.error_ppm = longest->error_ppm;
  out.uncertainty_ppm = longest->uncertainty_ppm;
  return out;
}

std::string StreamRenderer::silent_because() const {
  if (placed_ != 0) return {};
  if (stream_.kind == capture::MediaKind::kImage) return "a fax was sent (T.38), and no sound";
  const PayloadMeaning* most = nullptr;
  for (const PayloadMeaning& meaning : formats_.meanings()) {
    if (meaning.why.empty()) continue;
    if (most == nullptr || meaning.packets > most->packets) most = &meaning;
  }
  if (most != nullptr) return most->why;
  return "nothing but comfort noise and telephone events was sent";
}

RenderedStream StreamRenderer::summary(double delay_ms) const {
  const PayloadMeaning* main = nullptr;
  std::vector<std::uint8_t> beside_audio;
  for (const PayloadMeaning& meaning : formats_.meanings()) {
    const bool kept_event = meaning.role == PayloadRole::kEvent && !redacted_;
    const bool beside = kept_event || meaning.role == PayloadRole::kComfortNoise;
    if (beside) beside_audio.push_back(meaning.format.payload_type);
    const auto is_voice = [](const PayloadMeaning& m) {
      return m.role == PayloadRole::kAudio || m.role == PayloadRole::kUndecodable;
    };
    const bool better = main == nullptr || is_voice(meaning) > is_voice(*main) ||
                        (is_voice(meaning) == is_voice(*main) && meaning.packets > main->packets);
    if (better) main = &meaning;
  }
  RenderedStream out;
  if (redacted_) out.redacted = redacted_->ranges();
  out.side = stream_.side;
  out.source = stream_.source;
  out.destination = stream_.destination;
  out.ssrc = stream_.ssrc;
  out.packets = stream_.packets;
  out.bytes = stream_.bytes;
  out.first = stream_.first;
  out.last = stream_.last;
  const RtpStatistics& statistics = packets_.statistics();
  out.lost = statistics.lost();
  out.duplicates = stream_.duplicates + statistics.duplicates();
  out.reordered = statistics.reordered();
  out.jitter_ms = statistics.jitter_ms();
  out.rendered = is_heard();
  const StreamDecryptor& decryptor = packets_.decryptor();
  out.encrypted = decryptor.failed() != 0 && decryptor.opened() == 0;
  out.srtp_suite = decryptor.suite();
  out.unauthenticated = out.encrypted ? 0 : decryptor.failed();
  out.lossless = is_lossless();
  out.clock = sender_clock();
  out.beside_audio = std::move(beside_audio);
  out.sketch = packets_.sketch().entries();
  out.is_fax = stream_.kind == capture::MediaKind::kImage;
  if (out.is_fax) out.codec = "T.38";
  if (main != nullptr) {
    out.codec = main->codec != nullptr ? std::string(main->codec->name) : main->format.encoding;
    if (out.codec.empty()) out.codec = "PT " + std::to_string(main->format.payload_type);
    out.clock_rate = main->clock_rate;
    out.mos =
        out.encrypted ? 0 : statistics.mos(main->codec, losses_.burst_ratio(out.packets), delay_ms);
  }
  return out;
}

}  // namespace koegura::decode
