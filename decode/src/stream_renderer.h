// StreamRenderer: one stream out of the spool onto the call's timeline: ordered, placed, decoded,
// brought to the call's rate; holes filled with the reason for them.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "decode/rendered_call.h"
#include "digit_redaction.h"
#include "format_map.h"
#include "loss_runs.h"
#include "ordered_stream.h"
#include "piece_queue.h"
#include "placed_resampler.h"
#include "redacted_packets.h"
#include "resampler.h"
#include "span_list.h"
#include "stream_clock.h"
#include "telephone_events.h"

namespace koegura::decode {

// What the streams of a call write to beside their own pieces.
struct CallNotes {
  SpanList spans;
  TelephoneEvents events;
  DigitRedaction* redaction = nullptr;  // null: digits stay
};

class StreamRenderer {
 public:
  // REQUIRES: call, outages and notes outlive this.
  StreamRenderer(const capture::FinishedCall& call, std::size_t index, std::uint32_t call_rate,
                 const OutageMap& outages, CallNotes& notes);

  // What was found out of the sender's clock. Before the first advance.
  void know_clock(ClockLines lines);
  // Of the longest stretch: ClockLine::rate.
  [[nodiscard]] double clock_rate() const;
  // Reads on until the pieces reach beyond here or the stream is over.
  [[nodiscard]] Result<void> advance(Position until);
  [[nodiscard]] bool is_over() const { return over_; }
  [[nodiscard]] PieceQueue& pieces() { return pieces_; }
  // The elder is the same SSRC, heard on another hop. REQUIRES: elder outlives this.
  void follow(const StreamRenderer& elder) { clock_.follow(elder.clock_); }
  // So many of its samples are heard in the call.
  void on_heard(Position samples) { heard_ += samples; }
  [[nodiscard]] bool is_heard() const { return heard_ != 0; }

  // All digits up to here are known (CallNotes::redaction).
  void settle_redacted(Position until) {
    if (redacted_) redacted_->settle(until);
  }

  [[nodiscard]] const capture::FinishedStream& stream() const { return stream_; }
  // False: video or fax; it has no place in the audio.
  [[nodiscard]] bool carries_audio() const { return formats_.carries_audio(); }
  // delay_ms: from mouth to ear, for the MOS.
  [[nodiscard]] RenderedStream summary(double delay_ms) const;
  // For call_quality.cc: what was seen of the packets and what was missing.
  [[nodiscard]] RtpStatistics& statistics() { return packets_.statistics(); }
  [[nodiscard]] LossRuns& losses() { return losses_; }
  [[nodiscard]] Position heard() const { return heard_; }
  // Why its packets cannot be heard, or empty.
  [[nodiscard]] std::string silent_because() const;

 private:
  // A format's decoder and what follows it.
  struct Voice {
    PayloadMeaning* meaning = nullptr;
    std::unique_ptr<Decoder> decoder;
    std::unique_ptr<Resampler> resampler;  // null: the codec has the call's rate
    std::uint32_t frame_samples = 0;       // of the latest frame, at the codec's rate
    Position guessed = 0;                  // in place of lost ones since then
  };

  [[nodiscard]] Result<void> step();
  [[nodiscard]] Result<void> settle(std::uint32_t clock_rate);
  void place(const StreamPacket& packet);
  void place_audio(const StreamPacket& packet);
  // What stands from here on was lost, and is heard all the same: as the span says.
  void mark(SpanKind kind, Position from, Position to);
  // Up to where the run has come, what a PlacedResampler holds back included.
  [[nodiscard]] Position reached() const;
  void place_comfort_noise(const StreamPacket& packet);
  void place_undecodable(const StreamPacket& packet);
  void note_late();
  void redact_event(const StreamPacket& packet);
  // Fills the hole before a packet's position, or notes how much of the packet overlaps.
  void close_hole(Position at, std::size_t outages);
  // What the voice's decoder makes of the packets that were lost before this one: what it says
  // again, a guess of the first.
  void conceal(Voice& voice, const StreamPacket& packet, Position at);
  // Lost samples, by the decoder; marked.
  void conceal_samples(Voice& voice, Position samples, Bytes next);
  [[nodiscard]] static std::int64_t ticks_of(const Voice& voice, Position samples) {
    return samples * voice.meaning->clock_rate / voice.meaning->audio_rate;
  }
  // Of its latest frame.
  [[nodiscard]] static std::int64_t ticks_of(const Voice& voice) {
    return ticks_of(voice, voice.frame_samples);
  }
  // What of the hole is due to outages says so, the rest is of this kind. outages: that are over
  // where it ends.
  void fill_hole(Position to, PieceKind kind, std::size_t outages);
  void note_loss(Position from, Position to);
  [[nodiscard]] bool is_cut_by(const OutageMap::Stretch& away) const;
  // The stream ended with an outage, as far as anybody knows.
  void fill_end();
  // Ends what came before: nothing of it is in the resampler any more.
  void end_run();
  void decode_frame(Voice& voice, const CodecFrame& frame);
  // Noise that the decoder goes on making in announced silence, up to a packet's place.
  void keep_noise(Voice& voice, const StreamPacket& packet, Position at);
  // What is decoded from here on is of this kind.
  void switch_to(PieceKind kind);
  // Samples appended to the pieces' buffer become a piece.
  void commit();
  // Resampled and trimmed as needed.
  void emit(Voice& voice, std::span<const Sample> samples);
  void emit_placed(const Voice& voice, std::span<const Sample> samples);
  void emit_trimmed(std::span<const Sample> samples);
  void fill_frame(const Voice& voice, PieceKind kind, const std::string* note = nullptr);
  // Ends the run for the pieces, not for the voice.
  void pause_run();
  [[nodiscard]] Voice* voice_of(PayloadMeaning& meaning);
  [[nodiscard]] bool is_lossless() const;
  [[nodiscard]] SenderClock sender_clock() const;
  [[nodiscard]] const ClockLine* longest_line() const;

  const capture::FinishedCall& call_;
  const capture::FinishedStream& stream_;
  std::size_t index_;
  std::uint32_t call_rate_;
  const OutageMap& outages_;
  CallNotes& notes_;
  FormatMap formats_;
  OrderedStream packets_;
  StreamClock clock_;
  std::unique_ptr<RedactedPackets> redacted_;  // null: digits stay
  PieceQueue pieces_;
  std::vector<std::unique_ptr<Voice>> voices_;
  LossRuns losses_;
  FrameList frames_;
  SampleBuffer decoded_;              // before resampling or trimming
  SampleBuffer resampled_;            // before trimming
  PlacedResampler placed_resampler_;  // of the run, where the sender's clock is corrected

  PieceKind decoded_kind_ = PieceKind::kAudio;  // of samples that are no piece yet
  Voice* running_ = nullptr;                    // whose samples were the last, without a hole since
  std::int64_t expected_ = 0;                   // timestamp that continues the run
  Position overlap_ = 0;                        // samples to leave out: their place is taken
  std::int64_t last_sequence_ = 0;
  std::size_t last_outages_ = 0;              // over when the last packet arrived ...
  std::size_t placed_outages_ = 0;            // ... and the last one that was placed
  std::int64_t missing_ = 0;                  // packets lost since the last one that was placed
  Position packet_length_ = 0;                // of the latest one that was placed
  std::optional<Position> concealed_from_;    // the hole that is being closed began there
  bool new_segment_ = true;                   // what comes next has its place by arrival
  bool silent_ = false;                       // the sender announced silence
  std::uint8_t noise_ = 0;                    // how loud it is, if that was told: as Piece::noise
  const std::string* undecodable_ = nullptr;  // why, while nothing else was placed
  bool over_ = false;
  bool altered_ = false;        // something was trimmed, resampled, refused or late
  bool follows_clock_ = false;  // something stands where the sender's clock was corrected
  Position placed_ = 0;         // samples
  Position heard_ = 0;
};

}  // namespace koegura::decode
