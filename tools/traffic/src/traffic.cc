#include "traffic/traffic.h"

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <utility>

#include "call_plan.h"
#include "capture_writer.h"
#include "codec.h"
#include "conversation_run.h"
#include "ladder.h"
#include "payload_table.h"
#include "rtp_sender.h"
#include "schedule.h"
#include "source_audio.h"
#include "trunk.h"
#include "truth_file.h"

namespace koegura::traffic {
namespace {

// What all calls of a run share.
struct SharedMedia {
  const Codec* codec = nullptr;
  SourceAudio audio;
  std::vector<PayloadTable> payloads;  // by Voice
};

Result<SharedMedia> make_media(const TrafficOptions& options) {
  const Codec& codec = *find_codec(options.codec);
  auto audio = SourceAudio::create(options, codec);
  if (!audio) return tl::make_unexpected(std::move(audio.error()));
  SharedMedia media{&codec, std::move(*audio), {}};
  for (const Voice voice : {Voice::kCaller, Voice::kCallee, Voice::kMusic, Voice::kTones}) {
    auto table = PayloadTable::create(codec, options.packet_time_ms, media.audio.table(voice));
    if (!table) return tl::make_unexpected(std::move(table.error()));
    media.payloads.push_back(std::move(*table));
  }
  return media;
}

std::array<Sound, kVoices> sounds_of(const SharedMedia& media, std::uint32_t call) {
  auto sounds = media.audio.sounds_of(call);
  for (std::size_t voice = 0; voice < kVoices; ++voice) {
    sounds[voice].payloads = &media.payloads[voice];
  }
  return sounds;
}

// One call going on: three sources of frames, of which the earliest goes first.
class LiveCall {
 public:
  LiveCall(CallPlan plan, const TrafficOptions& options, const SharedMedia& media, Trunk& trunk,
           CaptureWriter& writer)
      : plan_(std::move(plan)),
        sounds_(sounds_of(media, plan_.index)),
        lines_(ladder_of(plan_)),
        wording_{media.codec, options.packet_time_ms,
                 options.transport == SipTransport::kTcp ? "TCP" : "UDP"},
        trunk_(trunk) {
    for (const StreamPlan& stream : plan_.streams) {
      senders_.emplace_back(options, plan_.index, stream, sounds_, writer);
    }
    if (senders_.size() != 2) return;  // not answered
    senders_[0].hears(senders_[1]);
    senders_[1].hears(senders_[0]);
  }
  LiveCall(const LiveCall&) = delete;  // the senders refer to the plan
  LiveCall& operator=(const LiveCall&) = delete;

  [[nodiscard]] Timestamp due() const {
    Timestamp due = line_ < lines_.size() ? lines_[line_].time : kNever;
    for (const RtpSender& sender : senders_) due = std::min(due, sender.due());
    return due;
  }
  // REQUIRES: now == due(), and that is not kNever
  void emit(Timestamp now) {
    if (line_ < lines_.size() && lines_[line_].time == now) {
      trunk_.send(now, lines_[line_].sender, text_of(lines_[line_], plan_, wording_));
      ++line_;
      return;
    }
    for (RtpSender& sender : senders_) {
      if (sender.due() == now) return sender.emit();
    }
  }
  [[nodiscard]] const CallPlan& plan() const { return plan_; }
  [[nodiscard]] std::span<const Sound> sounds() const { return sounds_; }
  [[nodiscard]] std::vector<StreamTally> tallies() const {
    std::vector<StreamTally> tallies;
    for (const RtpSender& sender : senders_) tallies.push_back(sender.tally());
    return tallies;
  }

 private:
  const CallPlan plan_;
  const std::array<Sound, kVoices> sounds_;
  const std::vector<SipLine> lines_;
  const SipWording wording_;
  Trunk& trunk_;
  std::deque<RtpSender> senders_;  // they stay where they are
  std::size_t line_ = 0;
};

// Single calls between the SBC and the PBX.
class CallRun {
 public:
  CallRun(const TrafficOptions& options, const SharedMedia& media, CaptureWriter& writer,
          TruthFile& truth)
      : options_(options),
        media_(media),
        writer_(writer),
        truth_(truth),
        trunk_(options, plan_call(options, 0, options.start), writer) {}

  Result<std::unique_ptr<LiveCall>> begin(std::uint32_t call, Timestamp start) {
    return std::make_unique<LiveCall>(plan_call(options_, call, start), options_, media_, trunk_,
                                      writer_);
  }
  Result<void> end(const LiveCall& call) {
    const std::vector<StreamTally> tallies = call.tallies();
    for (const StreamTally& tally : tallies) {
      summary_.rtp += tally.packets + tally.duplicates;
      summary_.rtcp += tally.reports;
    }
    ++summary_.calls;
    return truth_.add(call.plan(), call.sounds(), tallies);
  }
  [[nodiscard]] bool healthy() const { return writer_.healthy(); }
  [[nodiscard]] TrafficSummary summary() const {
    TrafficSummary summary = summary_;
    summary.sip = trunk_.frames();
    return summary;
  }

 private:
  const TrafficOptions& options_;
  const SharedMedia& media_;
  CaptureWriter& writer_;
  TruthFile& truth_;
  Trunk trunk_;
  TrafficSummary summary_;
};

Result<TrafficSummary> run_calls(const TrafficOptions& options, CaptureWriter& writer,
                                 TruthFile& truth) {
  const auto media = make_media(options);
  if (!media) return tl::make_unexpected(media.error());
  CallRun run(options, *media, writer, truth);
  // The first ones are spread over a quarter of a call, so that they do not march in step.
  const auto slots = static_cast<long long>(std::min(options.calls, options.concurrency));
  const Pace pace = {.count = options.calls,
                     .concurrency = options.concurrency,
                     .start = options.start,
                     .step = (options.ring + options.talk) / 4 / slots,
                     .seed = options.seed};
  if (auto done = Schedule(pace, run).run(); !done) return tl::make_unexpected(done.error());
  return run.summary();
}

}  // namespace

Result<TrafficSummary> generate(const TrafficOptions& options, const std::string& capture_path,
                                const std::string& truth_path) {
  if (auto sound = check(options); !sound) return tl::make_unexpected(std::move(sound.error()));
  if (capture_path == truth_path) {
    return failure("the capture and the truth cannot both go to " + capture_path,
                   ErrorKind::kUsage);
  }
  auto writer = CaptureWriter::open(capture_path);
  if (!writer) return tl::make_unexpected(std::move(writer.error()));
  auto truth = TruthFile::open(truth_path, options);
  if (!truth) return tl::make_unexpected(std::move(truth.error()));
  auto summary = options.conversations > 0 ? run_conversations(options, *writer, *truth)
                                           : run_calls(options, *writer, *truth);
  if (!summary) return summary;
  summary->frames = summary->sip + summary->rtp + summary->rtcp;
  summary->bytes = writer->bytes();
  auto closed = writer->close();
  if (closed) closed = truth->close(*summary);
  if (!closed) return tl::make_unexpected(std::move(closed.error()));
  writer->keep();
  truth->keep();
  return summary;
}

}  // namespace koegura::traffic
