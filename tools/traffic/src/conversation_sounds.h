// ConversationSounds: the voices of one conversation as its legs carry them, and with them what the
// PBX plays to everybody.
#pragma once

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "conversation_plan.h"
#include "dialogue.h"
#include "payload_table.h"
#include "sound.h"

namespace koegura::traffic {

// What the PBX plays: the same for all.
class PbxSounds {
 public:
  [[nodiscard]] static Result<PbxSounds> create(const TrafficOptions& options);
  [[nodiscard]] Sound music() const { return {.samples = samples_[0], .payloads = &payloads_[0]}; }
  [[nodiscard]] Sound announcement() const {
    return {.samples = samples_[1], .payloads = &payloads_[1]};
  }

 private:
  std::vector<Samples> samples_;
  std::vector<PayloadTable> payloads_;
};

class ConversationSounds {
 public:
  // REQUIRES: pbx outlives this.
  [[nodiscard]] static Result<ConversationSounds> create(const TrafficOptions& options,
                                                         const ConversationPlan& plan,
                                                         const Speakers& speakers,
                                                         const PbxSounds& pbx);

  // By ConversationSound; views of this. Of voices that the conversation does not have, nothing.
  [[nodiscard]] std::span<const Sound> sounds() const { return sounds_; }

 private:
  struct Voice {
    Samples samples;  // as carried
    std::vector<PayloadTable> payloads;
  };
  // What is spoken into a codec.
  static Result<Voice> spoken(const TrafficOptions& options, const Codec& codec, Samples samples);
  // What the PBX makes of it for the other leg: decoded, amplified, encoded.
  static Result<Voice> recoded(const TrafficOptions& options, const Codec& from, const Voice& voice,
                               const Codec& to, double gain);
  Result<void> add(ConversationSound sound, Result<Voice> voice);

  std::array<Voice, kConversationSounds> voices_;
  std::array<Sound, kConversationSounds> sounds_{};
};

}  // namespace koegura::traffic
