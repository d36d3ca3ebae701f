#include "channel_tones.h"

#include <algorithm>
#include <cmath>

namespace koegura::decode {
namespace {

// Q.24 has receivers take tones that are 1.5 % off: a third of that is no matter.
constexpr double kRightEnough = 0.005;

}  // namespace

void ChannelTones::follow(double rate) {
  if (std::fabs(rate - 1) <= kRightEnough) return;
  rate_ = rate;
  sent_ = std::make_unique<ToneDigits>(call_rate_);
  to_sent_.begin(0, 1 / rate);
}

void ChannelTones::add(std::span<const Sample> samples) {
  heard_.add(samples);
  if (!sent_) return;
  buffer_.clear();
  to_sent_.convert(samples, buffer_);
  sent_->add(buffer_.samples());
}

void ChannelTones::finish() {
  heard_.finish();
  if (!sent_) return;
  buffer_.clear();
  to_sent_.end(buffer_);
  sent_->add(buffer_.samples());
  sent_->finish();
}

void ChannelTones::redact(DigitRedaction& redaction, Side side, Position until) {
  for (; redacted_heard_ < heard_.tones().size(); ++redacted_heard_) {
    const Tone& tone = heard_.tones()[redacted_heard_];
    redaction.add(side, tone.from, tone.to);
  }
  if (const auto since = heard_.sounding_since()) redaction.add(side, *since, until);
  if (!sent_) return;
  for (; redacted_sent_ < sent_->tones().size(); ++redacted_sent_) {
    const Tone& tone = sent_->tones()[redacted_sent_];
    redaction.add(side, in_call(tone.from), in_call(tone.to));
  }
  if (const auto since = sent_->sounding_since()) redaction.add(side, in_call(*since), until);
}

std::vector<Tone> ChannelTones::tones() const {
  std::vector<Tone> tones = heard_.tones();
  if (!sent_) return tones;
  for (const Tone& sent : sent_->tones()) {
    const Tone tone{.digit = sent.digit, .from = in_call(sent.from), .to = in_call(sent.to)};
    const bool known =
        std::any_of(heard_.tones().begin(), heard_.tones().end(), [&](const Tone& other) {
          return other.digit == tone.digit && other.from < tone.to && tone.from < other.to;
        });
    if (!known) tones.push_back(tone);
  }
  std::stable_sort(tones.begin(), tones.end(),
                   [](const Tone& a, const Tone& b) { return a.from < b.from; });
  return tones;
}

}  // namespace koegura::decode
