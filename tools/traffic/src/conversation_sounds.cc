#include "conversation_sounds.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "g726_codec.h"
#include "libavcodec_codec.h"

namespace koegura::traffic {
namespace {

using Heard = ConversationSound;

std::size_t samples_in(Duration duration) {
  return static_cast<std::size_t>(duration / std::chrono::milliseconds(1)) * kSamplesPerMs;
}

std::size_t whole_grains(std::size_t samples) {
  return (samples / kTableGrain + 1) * kTableGrain;
}

Result<Samples> decoded(const Codec& codec, const Samples& carried, const PayloadTable& payloads) {
  if (codec.lossless()) return carried;
  if (codec.encoding == Encoding::kG726) return decode_g726(codec, payloads.encoded());
  return decode_by_libavcodec(codec, payloads.encoded());
}

}  // namespace

Result<PbxSounds> PbxSounds::create(const TrafficOptions& options) {
  const Codec& codec = *find_codec(options.codec);
  PbxSounds sounds;
  sounds.samples_ = {built_in_music(),
                     built_in_announcement(options.seed, whole_grains(6 * kSourceRate))};
  for (Samples& samples : sounds.samples_) {
    for (std::int16_t& sample : samples) sample = as_carried(codec.encoding, sample);
    auto table = PayloadTable::create(codec, options.packet_time_ms, samples);
    if (!table) return tl::make_unexpected(std::move(table.error()));
    sounds.payloads_.push_back(std::move(*table));
  }
  return sounds;
}

Result<ConversationSounds::Voice> ConversationSounds::spoken(const TrafficOptions& options,
                                                             const Codec& codec, Samples samples) {
  for (std::int16_t& sample : samples) sample = as_carried(codec.encoding, sample);
  auto table = PayloadTable::create(codec, options.packet_time_ms, samples);
  if (!table) return tl::make_unexpected(std::move(table.error()));
  Voice voice{std::move(samples), {}};
  voice.payloads.push_back(std::move(*table));
  return voice;
}

Result<ConversationSounds::Voice> ConversationSounds::recoded(const TrafficOptions& options,
                                                              const Codec& from, const Voice& voice,
                                                              const Codec& to, double gain) {
  auto heard = decoded(from, voice.samples, voice.payloads.front());
  if (!heard) return tl::make_unexpected(std::move(heard.error()));
  heard->resize(voice.samples.size());
  for (std::int16_t& sample : *heard) {
    sample = static_cast<std::int16_t>(std::lround(sample * gain));
  }
  return spoken(options, to, std::move(*heard));
}

Result<void> ConversationSounds::add(ConversationSound sound, Result<Voice> voice) {
  if (!voice) return tl::make_unexpected(std::move(voice.error()));
  const auto place = static_cast<std::size_t>(sound);
  voices_[place] = std::move(*voice);
  sounds_[place] = {.samples = voices_[place].samples,
                    .payloads = &voices_[place].payloads.front()};
  return {};
}

Result<ConversationSounds> ConversationSounds::create(const TrafficOptions& options,
                                                      const ConversationPlan& plan,
                                                      const Speakers& speakers,
                                                      const PbxSounds& pbx) {
  ConversationSounds made;
  made.sounds_[static_cast<std::size_t>(Heard::kMusic)] = pbx.music();
  made.sounds_[static_cast<std::size_t>(Heard::kAnnouncement)] = pbx.announcement();
  if (plan.voices_last == Duration::zero()) return made;

  auto voices =
      speakers.dialogue(plan.index, {.voices = plan.voices,
                                     .samples = whole_grains(samples_in(plan.voices_last)),
                                     .silent = samples_in(plan.silent_for)});
  const Codec& trunk = *find_codec(options.codec);
  const Codec& phone = *plan.phone_codec;
  auto done = made.add(Heard::kCitizen, spoken(options, trunk, std::move(voices[0])));
  if (done) done = made.add(Heard::kDesk, spoken(options, phone, std::move(voices[1])));
  if (done && voices.size() > 2) {
    done = made.add(Heard::kSecondDesk, spoken(options, phone, std::move(voices[2])));
  }
  if (done && &trunk != &phone) {
    const double gain = plan.recoded_gain;
    const auto& citizen = made.voices_[static_cast<std::size_t>(Heard::kCitizen)];
    const auto& desk = made.voices_[static_cast<std::size_t>(Heard::kDesk)];
    done = made.add(Heard::kCitizenRecoded, recoded(options, trunk, citizen, phone, gain));
    if (done) done = made.add(Heard::kDeskRecoded, recoded(options, phone, desk, trunk, gain));
  }
  if (!done) return tl::make_unexpected(std::move(done.error()));
  return made;
}

}  // namespace koegura::traffic
