// generate: SIP calls with RTP of known audio, to a capture file, and a truth file that says what
// a recorder must find in it. Citizens call a city hall: a carrier's SBC (caller's side) and a PBX
// (callee's side) exchange SIP and RTP, and the mirror port sees all of it.
//
// With `conversations`, every call goes through the PBX, a back-to-back user agent: it shows up as
// several legs, each with a Call-ID, tags and SDP of its own, on a mirror port that sees both sides
// of the PBX: SBC 198.51.100.x, PBX 192.0.2.10, phones 192.0.2.101 and on.
//
// The same options give the same bytes, in both files. Frames stand in order of time. Memory grows
// with concurrent calls, not with their length (but for 16 bytes a loss and a line a conversation,
// for the truth file); each conversation holds its voices, 24 kB a second of each.
//
// The truth file is one JSON object; times are RFC 3339 with nanoseconds, in UTC:
//
//   options   what was asked for, with the names of TrafficOptions
//   calls[]   in the order in which they ended:
//     index, call_id, from_tag, state: answered|missed|busy|cancelled
//     caller, callee      numbers, as in From and To
//     start, ringing, answered, end
//                         INVITE, 180, 200, and BYE, CANCEL or final response; what never happened
//                         is absent. Without a BYE, end is the last RTP packet.
//     release             {code, by: caller|callee|none}: code 200 for a BYE, 0 for none
//     holds[]             {by, from, to}: the 200s of the two re-INVITEs
//     digits[]            {digit, channel, at, via: rtp-event|inband|info}
//     streams[]           of answered calls, the caller's voice first:
//       channel: caller|callee, source, destination, ssrc: "0x…", codec, clock_rate, payload_type
//       first_sequence, first_timestamp
//                         of the first packet
//       packets_sent      by the sender: lost ones and events included, numbers left out are not
//       packets           distinct ones in the capture = numbers - lost packets
//       lost[]            [sequence, packets, sample]: packets in a row that never arrived; not
//                         the first or the last of a stream: nobody could know of those
//       lost_by[]         of each: network | tap (the receiver had them) | sender (there were none)
//       reordered         packets that stand in the capture after one with a later sequence number
//       duplicates        second copies of a packet
//       audio[]           [sample, samples]: the runs of the timeline that carried audio
//       audio_sha256      of the samples of all runs as s16le, lost packets included: what the
//                         packets decode to if the codec is lossless, else what was encoded
//       first, last       when the first and the last packet stand in the capture, copies aside
//     of a leg of a conversation also:
//       conversation, kind  its number and ConversationKind
//       joinable          false: nothing on the wire ties the leg to the others. It was cancelled
//                         without a Reason, and carried no sound; that it bears the same number at
//                         the same time proves nothing.
//     Of a direct conversation the streams stand with the first leg: both name their endpoints.
//   conversations[]  in the order in which they ended:
//     index, kind, legs   Call-IDs, in the order in which the legs began; the first is the first
//     leg number              the citizen's shares_number       another one with this number went
//     on at the same time
//   totals    {frames, sip, rtp, rtcp, bytes}: frames = sip + rtp + rtcp; sip counts frames of the
//             signalling transport, TCP's handshake included; rtp copies too; bytes are the file's
//             with conversations also {conversations, sharing_a_number}: how many of them do
//
// "sample" counts along a stream's RTP timeline at 8,000 Hz from its first packet (KnownAudio).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/error.h"
#include "capture/time.h"

namespace koegura::traffic {

enum class Outcome : std::uint8_t {
  kAnswered,
  kMissed,     // rings, then 480
  kBusy,       // 486
  kCancelled,  // rings, then CANCEL
};

// How a press of a key is told.
enum class DigitVia : std::uint8_t {
  kEvent,   // RFC 4733, in place of the voice
  kInband,  // a tone in place of the voice (ITU-T Q.23), -8 dBm0 each frequency
  kInfo,    // SIP INFO, application/dtmf-relay; the voice goes on
};

enum class SipTransport : std::uint8_t { kUdp, kTcp };

// The callee puts the caller on hold (RFC 3264 §8.4) and takes the call back.
struct Hold {
  Duration at{};  // since the answer
  Duration duration{};
  bool music = true;  // a=sendonly with music; false: a=inactive and no packets at all
};

// What becomes of a conversation.
enum class ConversationKind : std::uint8_t {
  kTwin,        // trunk leg and phone leg, the PBX relays the packets
  kTranscoded,  // … and transcodes them: no payload of one leg is on the other
  kFork,        // three phones ring, one answers; mostly CANCEL tells the others why (RFC 3326)
  kBlind,       // the phone sends REFER (RFC 3515), the PBX calls another one
  kAttended,    // … after asking there: REFER with Replaces (RFC 3891)
  kReinvite,    // the PBX itself moves the call to another phone, without a header that says so
  kPickup,      // a neighbour's phone takes the call: by Replaces, or by a code of the PBX
  kHold,        // the phone holds, the PBX plays music; the trunk's signalling shows nothing of it
  kAnnouncement,  // the PBX answers and announces before it calls the phone
  kSessionId,     // as kTwin, with Session-ID (RFC 7989)
  kDirect,        // the PBX is in the signalling alone: both legs name the same media endpoints
  kInternal,      // phone to phone
  kSingle,        // no partner: busy, missed, or the mail box of the PBX
};

struct TrafficOptions {
  std::uint32_t calls = 10;
  // At most so many calls at once; once the first ones have begun (within a quarter of a call's
  // length) there are always so many, until none is left to begin.
  std::uint32_t concurrency = 10;
  Duration ring = std::chrono::seconds(2);   // 180 to the answer, or to the call's failing
  Duration talk = std::chrono::seconds(20);  // answer to BYE
  // Call i ends as outcomes[i % size].
  std::vector<Outcome> outcomes = {Outcome::kAnswered};
  bool bye = true;  // false: the media stops and no BYE is ever seen

  // Above 0: so many conversations, at most `concurrency` at once, in place of `calls`. Each rings
  // and talks for about as long as ring and talk say. They speak PCMU, PCMA and G722, over SIP on
  // UDP, and have no digits, hold, drift or missing BYE of these options.
  std::uint32_t conversations = 0;
  std::vector<ConversationKind>
      kinds;  // drawn from these; empty: from all. Some are more frequent.
  // So large a part of them bears the number of another one that goes on at the same time.
  double shared_numbers = 0.3;

  std::string codec = "PCMU";  // a name of codec_names(), any case
  std::uint32_t packet_time_ms = 20;
  // Sender reports (RFC 3550 §6.4.1) every 5 s; of calls (not of conversations) with what their
  // sender has received of the other side.
  bool rtcp = true;
  Duration round_trip{};  // between the two ends, as their RTCP tells; the tap is in the middle
  std::string digits;     // the caller presses them from 1 s after the answer
  std::vector<DigitVia> digits_by = {DigitVia::kEvent};  // digit i is told by digits_by[i % size]
  std::optional<Hold> hold;
  // SRTP with keys in the SDP (RFC 4568): a suite's name, as IANA has it; empty for plain RTP. A
  // re-INVITE brings new keys.
  std::string srtp;
  bool srtp_tells_keys = true;  // false: no a=crypto
  Duration rekey_at{};          // since the answer: a re-INVITE of the caller; 0 for none
  std::optional<std::uint16_t> first_sequence;  // of RTP, of every stream; absent: random
  std::uint32_t padding = 0;  // bytes behind every RTP payload (RFC 3550 §5.1), of calls
  // The caller's and the callee's sample clocks are fast by so much. What they say is taken and
  // sent by them: packets come in their time, samples sound in it, and the timestamps show nothing
  // of it.
  std::array<double, 2> clock_error_ppm{};

  // What the network does to RTP, each packet for itself. Fractions: 0.01 is 1 %.
  double loss = 0;
  double tap_loss = 0;   // the receiver has the packet, and the mirror port does not
  double unsent = 0;     // the sender leaves the packet's number out
  double reorder = 0;    // the packet changes places with the next one
  double duplicate = 0;  // the mirror shows the same frame a second time
  Duration jitter{};     // each packet arrives 0 to so much late, and may overtake others

  SipTransport transport = SipTransport::kUdp;
  std::uint16_t tcp_segment_bytes = 1460;  // SIP payload a TCP segment; small ones split messages
  bool ipv6 = false;
  std::uint16_t vlan = 0;  // 802.1Q id, 0 for none

  // A folder of WAV files (8 kHz, 16-bit, mono): in order of name they make one conversation,
  // callee and caller in turn. Empty: a built-in voice-like source.
  std::string audio_directory;
  std::uint64_t seed = 1;
  Timestamp start = from_unix_ns(1'795'223'702'000'000'000);  // 2026-11-21T10:15:02+09:00
};

struct TrafficSummary {
  std::uint64_t conversations = 0;
  std::uint64_t sharing_a_number = 0;  // conversations
  std::uint64_t calls = 0;             // legs count each
  std::uint64_t frames = 0;            // = sip + rtp + rtcp
  std::uint64_t sip = 0;
  std::uint64_t rtp = 0;
  std::uint64_t rtcp = 0;
  std::uint64_t bytes = 0;  // of the capture file
};

// The codecs that can be made here: "PCMU", "PCMA", "L16" always, others as far as the installed
// FFmpeg has their encoder.
[[nodiscard]] std::vector<std::string> codec_names();

// By ConversationKind: "twin", "session-id".
[[nodiscard]] std::vector<std::string> conversation_kind_names();

// Refuses options that contradict each other, with a sentence (kind kUsage). generate does so too.
[[nodiscard]] Result<void> check(const TrafficOptions& options);

// capture_path: "-" for standard output; a name that ends in ".pcapng" makes pcapng, any other
// classic pcap (nanoseconds, Ethernet). truth_path: empty for none. Both files are replaced if they
// exist; after a failure neither is left behind.
[[nodiscard]] Result<TrafficSummary> generate(const TrafficOptions& options,
                                              const std::string& capture_path,
                                              const std::string& truth_path);

}  // namespace koegura::traffic
