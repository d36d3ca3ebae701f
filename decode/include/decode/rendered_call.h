// RenderedCall: what decode emits: the call as it sounded, ready to be archived.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/finished_call.h"
#include "decode/call_quality.h"
#include "decode/fax.h"

namespace koegura::decode {

using capture::Side;

// A stretch of the call's timeline with a meaning. Seconds from the start of the call, which is
// the start of the audio.
enum class SpanKind : std::uint8_t {
  kRinging,     // from the first 180/183 to the answer (both channels)
  kEarlyMedia,  // audio before the answer
  kTalk,        // from the answer to the release
  kHold,
  kNoMedia,      // no packet of this channel's stream had begun, or none came any more
  kLoss,         // packets were lost: silence stands in for them
  kDtx,          // the sender was silent on purpose (discontinuous transmission, comfort noise)
  kLate,         // packets came too late to be placed
  kUndecodable,  // packets are kept, but the codec is unknown, broken or encrypted: silence
  kOutage,       // the recorder was away: nobody knows what was sent
  kTransfer,     // from a REFER until its outcome is known, or the leg's end
  kRepaired,   // packets were lost, and what they said stands as a later packet says it again (RFC
               // 2198, Opus FEC)
  kConcealed,  // packets were lost, and the decoder's guess of them is heard
  kMute,       // packets came, and for at least 2 s each sample was the same: digital silence
  kRedacted,   // a digit was heard here, and silence stands in for it
};
[[nodiscard]] std::string_view name_of(SpanKind kind);  // "early-media", "no-media"

struct Span {
  SpanKind kind = SpanKind::kTalk;
  std::optional<Side> channel;  // nothing = both; of a hold: who is held
  double from_s = 0;
  double to_s = 0;
  // Why, for kUndecodable, kLate and kOutage; "comfort noise", for kDtx where it stands in for
  // silence; else empty.
  std::string note;
  LostBy lost_by = LostBy::kUnknown;  // of kLoss: of all that is missing there
};

// A payload of a stream, by which a relayed copy of the stream is told (payload_sketch.h).
struct SketchEntry {
  std::uint32_t hash = 0;
  std::uint32_t at_ms = 0;  // since the start of the call
};

// Packets of a stream, numbered from 0 in order of arrival, as the spool has them.
struct PacketRange {
  std::uint32_t from = 0;
  std::uint32_t to = 0;  // the first behind it
};

// What arrivals and RTP timestamps say of a stream's sender.
struct SenderClock {
  // How much faster its clock ran than the recorder's, and how well that is known: one standard
  // deviation. 0 and 0 where it cannot be told: the stream is too short, or its delays vary too
  // much.
  double error_ppm = 0;
  double uncertainty_ppm = 0;
  // By so much its audio was shortened (of a fast clock) or stretched (negative), all in all, so
  // that it stands where it sounded. 0: every sample stands as it was sent.
  double corrected_ms = 0;
};

struct RenderedStream {
  Side side = Side::kCaller;
  capture::Endpoint source;
  capture::Endpoint destination;
  std::uint32_t ssrc = 0;
  std::string codec;  // the registry's name: "PCMU", "G722", "AMR-WB"; of the most packets
  std::uint32_t clock_rate = 0;
  std::uint32_t packets = 0;
  std::uint64_t bytes = 0;
  std::uint32_t lost = 0;
  std::uint32_t duplicates = 0;
  std::uint32_t reordered = 0;
  double jitter_ms = 0;  // RFC 3550 §6.4.1, at the end of the stream
  double mos = 0;        // E-model (G.107), 1.0 to 4.5; 0 where it cannot be told
  Timestamp first;
  Timestamp last;
  bool rendered = false;   // false: its packets are attached, but are not in the audio
  bool is_fax = false;     // T.38: see RenderedCall::fax
  bool encrypted = false;  // SRTP of which no packet could be opened
  // The suite by which SRTP was opened, as IANA names it; empty if it was none, or stayed sealed.
  std::string srtp_suite;
  std::uint32_t unauthenticated = 0;  // of a stream that was opened: packets that no key opens
  bool lossless = false;              // FLAC carries its audio's payload: G.711, L16
  // Payload types that are no audio (telephone events, comfort noise): FLAC does not carry them
  // even if the stream is lossless.
  std::vector<std::uint8_t> beside_audio;
  std::vector<SketchEntry> sketch;  // in order of time
  StreamQuality quality;
  SenderClock clock;
  // Those that tell a redacted digit, and are kept nowhere. In order, not touching each other.
  std::vector<PacketRange> redacted;
};

struct Digit {
  double at_s = 0;
  char digit = 0;  // 0: redacted
  Side channel = Side::kCaller;
  enum class Via : std::uint8_t { kRtpEvent, kInfo, kInband } via = Via::kRtpEvent;
  double duration_s = 0;  // as far as it is known; 0 for kInfo
};

struct Chapter {
  std::string title;  // "ringing", "talk", "hold", "transfer"
  double from_s = 0;
  double to_s = 0;
};

// The FLAC frames of the call's audio: in memory while they are few, in an unnamed temporary file
// beyond, so that memory does not grow with the call's length. Defined in decode/encoded_flac.h.
class EncodedFlac;

struct RenderedAudio {
  std::uint32_t sample_rate = 8000;
  std::uint8_t channels = 2;              // left caller, right callee
  std::uint64_t samples = 0;              // per channel
  std::array<std::uint8_t, 32> sha256{};  // of the samples as interleaved s16le
  std::unique_ptr<EncodedFlac> flac;      // null: the call has no audio
  // The destructor of EncodedFlac is not visible here.
  RenderedAudio();
  RenderedAudio(RenderedAudio&&) noexcept;
  RenderedAudio& operator=(RenderedAudio&&) noexcept;
  ~RenderedAudio();
};

struct RenderedCall {
  capture::FinishedCall call;
  std::vector<RenderedStream> streams;  // in the order of call.streams
  std::vector<Span> spans;              // in order of from_s
  std::vector<Digit> digits;
  std::vector<Chapter> chapters;
  RenderedAudio audio;
  // Level of each channel, by which a transcoded copy of the call is told (level_envelope.h).
  std::array<std::vector<std::uint8_t>, 2> levels;
  CallQuality quality;
  // Lowest and highest samples for viewers: audiowaveform's file (waveform.h); empty without audio.
  std::vector<std::byte> waveform;
  FaxDocument fax;               // what T.38 carried
  bool digits_redacted = false;  // RenderOptions::redact_digits was set
  std::string silent_because;    // why a call that had media has no audible audio, or empty
};

}  // namespace koegura::decode
