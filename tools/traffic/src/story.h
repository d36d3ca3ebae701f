// Story: builds the plan of a conversation event by event: what is signalled on each leg, and who
// is heard where. A kind of conversation is a function that tells its story (conversation_kinds.h).
//
//   call → ring → answer → (speak | bridge | play | reinvite | refer | notify)* → hang_up
//   call → ring → cancel | refuse
//
// Events of one leg, and the sounds of one stream, are told in order of time; legs may interleave.
// All of a leg's messages that follow from an event (100, ACK, 200) come with it.
#pragma once

#include <string>

#include "conversation_plan.h"
#include "random.h"

namespace koegura::traffic {

// Who takes part in a leg: a phone by its number in the conversation.
struct Party {
  enum class Host : std::uint8_t { kSbc, kPbx, kPhone };
  Host host = Host::kPbx;
  std::uint32_t phone = 0;
  std::string number;  // that it bears in this leg
};

class Story {
 public:
  // REQUIRES: options outlive this. plan: its index, kind and number are given.
  Story(const TrafficOptions& options, ConversationPlan plan, Timestamp start);

  // The whole plan. Last of all.
  [[nodiscard]] ConversationPlan finish() &&;

  [[nodiscard]] Party citizen() const;                // behind the SBC
  [[nodiscard]] Party desk(std::uint32_t n) const;    // a phone, under its extension
  [[nodiscard]] Party pbx(std::string number) const;  // the PBX, for somebody else
  [[nodiscard]] static std::string pilot_number() { return "0312345600"; }

  [[nodiscard]] ConversationKind kind() const { return plan_.kind; }
  [[nodiscard]] Timestamp start() const { return start_; }
  [[nodiscard]] Duration ring_time() const { return ring_; }
  [[nodiscard]] Duration talk_time() const { return talk_; }
  [[nodiscard]] Random& random() { return random_; }
  [[nodiscard]] Duration between_ms(int low, int high);
  [[nodiscard]] const TrafficOptions& options() const { return options_; }

  // Signalling. The leg stays where it is. headers: whole lines, of the INVITE.
  LegPlan& call(const Party& from, const Party& to, Timestamp at, std::string headers = {});
  void ring(LegPlan& leg, Timestamp at);
  void answer(LegPlan& leg, Timestamp at);
  void hang_up(LegPlan& leg, Side by, Timestamp at);
  void cancel(LegPlan& leg, Timestamp at, std::string headers = {});
  void refuse(LegPlan& leg, Timestamp at, Outcome outcome);  // kMissed, kBusy
  Reoffer reinvite(LegPlan& leg, Side by, Timestamp at, SipLine::Media offer,
                   SipLine::Media answered);
  // RFC 3515: 202, and a NOTIFY of "100 Trying".
  void refer(LegPlan& leg, Side by, Timestamp at, std::string headers);
  void notify(LegPlan& leg, Side by, Timestamp at, const std::string& status_line);

  // Sound. A stream that has nothing to send for a while keeps its SSRC and its timeline.
  void speak(LegPlan& leg, Side side, ConversationSound voice, Timestamp from, Timestamp until);
  // The PBX sends on what each of the two far ends says, 10 to 40 ms later.
  void bridge(LegPlan& a, LegPlan& b, Timestamp from, Timestamp until);
  void play_music(LegPlan& leg, Timestamp from, Timestamp until);
  void play_announcement(LegPlan& leg, Timestamp from, Timestamp until);

  // From now on the phones speak this codec.
  void set_phone_codec(const Codec& codec) { plan_.phone_codec = &codec; }
  void set_recoded_gain(double gain) { plan_.recoded_gain = gain; }
  void stay_silent_for(Duration duration) { plan_.silent_for = duration; }

 private:
  [[nodiscard]] capture::IpAddress address_of(const Party& party) const;
  [[nodiscard]] std::uint32_t phone_number(std::uint32_t n) const;
  StreamPlan new_stream(const LegPlan& leg, Side side);
  static std::uint8_t add_extra(LegPlan& leg, SipExtra extra);
  SipLine request(LegPlan& leg, Side by, SipLine::Method method, Timestamp at);
  void relay(const StreamPlan& from, StreamPlan& to, Timestamp begin, Timestamp end);
  void append(StreamPlan& stream, ConversationSound sound, std::uint64_t place_ms, Timestamp begin,
              Timestamp end);

  const TrafficOptions& options_;
  ConversationPlan plan_;
  Timestamp start_;
  Random random_;
  Duration ring_;
  Duration talk_;
  Duration latency_;  // of the PBX, to its next packet
};

}  // namespace koegura::traffic
