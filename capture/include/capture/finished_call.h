// FinishedCall: what capture emits: one leg as the wire told it, and where its packets are.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/address.h"
#include "capture/spool.h"
#include "capture/srtp_key.h"
#include "capture/time.h"

namespace koegura::capture {

// caller = who sent the INVITE (left channel), callee = the other side (right channel).
// For a stream: whose voice it carries.
enum class Side : std::uint8_t { kCaller, kCallee };
inline constexpr Side other(Side side) {
  return side == Side::kCaller ? Side::kCallee : Side::kCaller;
}

enum class CallState : std::uint8_t {
  kAnswered,     // a 2xx to the INVITE, and a BYE or a silence that ended it
  kMissed,       // it rang or waited, and nobody answered (408, 480, 487 without CANCEL, 603)
  kBusy,         // 486, 600
  kCancelled,    // the caller gave up: CANCEL before the answer
  kFailed,       // any other final response
  kInterrupted,  // the capture does not hold its beginning or its end
  kMediaOnly,    // RTP that no SIP claimed
};

// A party as the wire named it. Numbers are normalised later, in store.
struct Identity {
  std::string uri;           // "sip:0312345678@example.jp", as written
  std::string user;          // the user part, unescaped; the number of a tel: URI
  std::string display_name;  // UTF-8; quotes and escapes removed
  std::string withheld;  // why the number is hidden ("Anonymous", "Coin line/payphone"), or empty
};

enum class ReleasedBy : std::uint8_t { kCaller, kCallee, kRecorder };

// How it ended. code is the final response (486) or 200 for a BYE; 0 where no final response
// was seen. reason is the phrase, or what the recorder saw ("media silence", "capture ended").
struct Release {
  std::uint16_t code = 0;
  std::string reason;
  ReleasedBy by = ReleasedBy::kRecorder;
  // Reason: SIP;cause=200 (RFC 3326): somebody else answered, and nothing was missed here.
  bool elsewhere = false;
};

// A dialog as Replaces names it (RFC 3891 §3): to_tag is the tag of whoever receives the header.
struct DialogId {
  std::string call_id;
  std::string to_tag;
  std::string from_tag;
  bool early_only = false;
};

// A REFER within the leg (RFC 3515): `by` asks the other side to call the target.
struct Refer {
  Timestamp at;
  Side by = Side::kCaller;
  Identity target;                   // Refer-To, without the header fields in its URI
  std::optional<DialogId> replaces;  // those name a dialog: an attended transfer
  // What became of it: the last status that a NOTIFY told (RFC 3515 §2.4.5), or the REFER's own
  // failure; 0 if neither was seen.
  std::uint16_t status = 0;
  std::optional<Timestamp> done;  // when that status was final
};

// Who had been called, and why the call went on from there: Diversion (RFC 5806), History-Info
// (RFC 7044).
struct Diversion {
  Identity party;
  std::string reason;  // RFC 5806's words: "no-answer", "user-busy", "unconditional"; may be empty
};

// What ties the leg to other legs of one conversation, as its messages say it.
struct Links {
  std::vector<std::string> session_ids;  // RFC 7989: 32 lower case hex digits; no nil UUIDs
  std::optional<DialogId> replaces;      // of its INVITE
  std::string referred_by;               // of its INVITE: the URI (RFC 3892)
  std::vector<Refer> refers;
  std::vector<std::string> callee_tags;  // of its dialogs, early ones too: what a Replaces may name
};

// Seen from those who register with the registrar: they are inside.
enum class CallDirection : std::uint8_t { kUnknown, kIn, kOut, kInternal };

// One a=rtpmap (or a static type of RFC 3551 §6), a=fmtp included.
struct MediaFormat {
  std::uint8_t payload_type = 0;
  std::string encoding;  // as written: "PCMU", "opus", "telephone-event"
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
  std::string fmtp;  // the parameters as written, may be empty
};

enum class MediaKind : std::uint8_t { kAudio, kVideo, kImage /* T.38 */, kOther };
enum class MediaDirection : std::uint8_t { kSendRecv, kSendOnly, kRecvOnly, kInactive };

// One media line of one offer or answer: from this moment, `side` wants to receive at `endpoint`
// in these formats. Payload type numbers of a stream are its receiver's (RFC 3264 §5.1).
struct NegotiatedMedia {
  Timestamp since;
  Side side = Side::kCaller;
  MediaKind kind = MediaKind::kAudio;
  MediaDirection direction = MediaDirection::kSendRecv;
  bool encrypted = false;            // RTP/SAVP, RTP/SAVPF, UDP/TLS/…
  bool keyed = false;                // a=crypto or a=fingerprint, whatever the profile (RFC 8643)
  bool candidate = false;            // the endpoint is ICE's (RFC 8839), not that of c= and m=
  std::uint16_t packet_time_ms = 0;  // a=ptime, 0 if absent
  std::uint8_t t38_version = 0;      // a=T38FaxVersion, 0 if absent (T.38 Annex D.2.3)
  Endpoint endpoint;
  Endpoint rtcp;  // a=rtcp, or port + 1; equal to endpoint with a=rtcp-mux
  std::vector<MediaFormat> formats;

  [[nodiscard]] bool may_be_sealed() const { return encrypted || keyed; }  // SRTP
};

// What the session descriptions told of the keys of SRTP. Secret (srtp_key.h).
struct SrtpKeys {
  struct Key {
    Timestamp since;            // told; a sender may be slow to follow, or quicker than its SDP
    Side side = Side::kCaller;  // protects with it what it sends
    SrtpKey key;
  };
  // A line that gave no key.
  struct Refusal {
    Side side = Side::kCaller;
    SrtpKeyDefect defect = SrtpKeyDefect::kBadLine;
    std::string suite;  // as written
  };
  std::vector<Key> keys;  // in order of time
  std::vector<Refusal> refusals;
  bool by_dtls = false;  // a=fingerprint: keys are agreed on beside the media (RFC 5763)
};

// One RTP SSRC towards one endpoint. Its packets stand in order of arrival, duplicates left out.
// kImage is T.38: UDPTL datagrams, no RTP header.
struct FinishedStream {
  Side side = Side::kCaller;  // whose voice
  MediaKind kind = MediaKind::kAudio;
  Endpoint source;
  Endpoint destination;
  std::uint32_t ssrc = 0;
  Timestamp first;
  Timestamp last;
  std::uint32_t packets = 0;     // distinct packets kept
  std::uint32_t duplicates = 0;  // copies that were seen and not kept
  std::uint64_t bytes = 0;       // RTP payload
  SpooledPackets spooled;
};

// A stretch that signalling alone knows.
struct SignalledHold {
  Side by = Side::kCaller;  // who put the other on hold
  Timestamp from;
  Timestamp to;
};

// SIP INFO digits (application/dtmf-relay, application/dtmf).
struct InfoDigit {
  Timestamp at;
  char digit = 0;
  Side side = Side::kCaller;  // who pressed it
};

// A stretch in which nothing was recorded: the recorder was away (killed, restarted, without
// power).
struct Outage {
  Timestamp from;  // the last packet before it that is kept
  Timestamp to;    // recording again
};

// The wall clock was set while the call went on.
struct ClockStep {
  Timestamp at;
  Duration by{};  // forwards if positive
};

// Every time of a call is on the capture's clock, which no step of the wall clock moves: what was a
// second apart on the wire is a second apart here.
struct FinishedCall {
  std::string call_id;   // SIP Call-ID; empty for media-only
  std::string from_tag;  // of the first INVITE
  CallState state = CallState::kInterrupted;
  Identity caller;
  Identity callee;
  Identity answered_by;  // empty unless answered
  Timestamp start;       // first INVITE; where it was not seen, the first packet of the call
  std::optional<Timestamp> ringing;  // first 180 or 183
  // The first provisional response with a session description: sound may come before the answer.
  std::optional<Timestamp> early_media;
  std::optional<Timestamp> answered;  // first 2xx to the INVITE
  Timestamp end;                      // release, or the last packet seen
  Release release;
  Endpoint caller_hop;  // between these two the first INVITE was seen
  Endpoint callee_hop;
  CallDirection direction = CallDirection::kUnknown;  // as REGISTER transactions tell
  std::vector<Diversion> diversions;                  // the latest first
  Links links;
  std::vector<NegotiatedMedia> media;  // in order of time
  SrtpKeys srtp;
  std::vector<FinishedStream> streams;
  std::vector<SignalledHold> holds;
  std::vector<InfoDigit> digits;
  SpooledPackets signalling;  // IP datagrams that carried its SIP messages
  // The wall clock as it stood when the call began: the capture's clock + this. 0 unless it has
  // been set since the recorder started.
  Duration wall_offset{};
  std::vector<ClockStep> clock_steps;  // while the call went on
  std::vector<Outage> outages;         // within the call

  // Both let go of all the call's packets, and leave its lists of them empty. release says that
  // they are archived: after a crash none of them comes back, or all do (what has not been read,
  // and so may not be written yet, is noted by itself). keep says that they could not be: they stay
  // on disk, and the next start of the recorder reads them again.
  void release_packets();
  void keep_packets();
};

// Where finished calls go. Called on capture's thread: hand over and return.
class CallSink {
 public:
  virtual ~CallSink() = default;
  virtual void take(FinishedCall call) = 0;
};

}  // namespace koegura::capture
