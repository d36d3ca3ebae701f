#include "traffic/traffic.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "call_plan.h"
#include "capture_writer.h"
#include "codec.h"
#include "ladder.h"
#include "payload_table.h"
#include "random.h"
#include "rtp_sender.h"
#include "source_audio.h"
#include "tournament.h"
#include "trunk.h"
#include "truth_file.h"

namespace koegura::traffic {
namespace {

constexpr std::uint64_t kPause = 6;  // a purpose of Random

// One call going on: three sources of frames, of which the earliest goes first.
class LiveCall {
 public:
  LiveCall(CallPlan plan, const SharedMedia& media, Trunk& trunk, CaptureWriter& writer)
      : plan_(std::move(plan)),
        lines_(ladder_of(plan_)),
        wording_{media.codec, media.options->packet_time_ms,
                 media.options->transport == SipTransport::kTcp ? "TCP" : "UDP"},
        trunk_(trunk) {
    senders_.reserve(plan_.streams.size());
    for (const StreamPlan& stream : plan_.streams) {
      senders_.emplace_back(media, plan_, stream, writer);
    }
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
  [[nodiscard]] std::vector<StreamTally> tallies() const {
    std::vector<StreamTally> tallies;
    for (const RtpSender& sender : senders_) tallies.push_back(sender.tally());
    return tallies;
  }

 private:
  const CallPlan plan_;
  const std::vector<SipLine> lines_;
  const SipWording wording_;
  Trunk& trunk_;
  std::vector<RtpSender> senders_;
  std::size_t line_ = 0;
};

Result<std::vector<PayloadTable>> encode_voices(const TrafficOptions& options, const Codec& codec,
                                                const SourceAudio& audio) {
  std::vector<PayloadTable> payloads;
  for (const Voice voice : {Voice::kCaller, Voice::kCallee, Voice::kMusic}) {
    auto table = PayloadTable::create(codec, options.packet_time_ms, audio.table(voice));
    if (!table) return tl::make_unexpected(std::move(table.error()));
    payloads.push_back(std::move(*table));
  }
  return payloads;
}

// Merges the calls' frames by time. A slot holds one call after another, so that never more than
// `concurrency` are going on.
class Generator {
 public:
  Generator(const SharedMedia& media, CaptureWriter& writer, TruthFile& truth)
      : media_(media),
        options_(*media.options),
        writer_(writer),
        truth_(truth),
        trunk_(options_, plan_call(options_, 0, options_.start), writer),
        slots_(std::min(options_.calls, options_.concurrency)),
        order_(static_cast<std::uint32_t>(slots_.size())) {}

  Result<TrafficSummary> run() {
    begin_first_calls();
    while (order_.due() != kNever && writer_.healthy()) {
      const std::uint32_t slot = order_.first();
      now_ = order_.due();
      slots_[slot]->emit(now_);
      Timestamp due = slots_[slot]->due();
      if (due == kNever) {
        if (auto ended = end_call(slot); !ended) return tl::make_unexpected(ended.error());
        if (slots_[slot]) due = slots_[slot]->due();
      }
      order_.set(slot, due);
    }
    summary_.sip = trunk_.frames();
    summary_.frames = summary_.sip + summary_.rtp + summary_.rtcp;
    summary_.bytes = writer_.bytes();
    return summary_;
  }

 private:
  void begin(std::uint32_t slot, Timestamp start) {
    slots_[slot] = std::make_unique<LiveCall>(plan_call(options_, next_call_++, start), media_,
                                              trunk_, writer_);
  }
  // Spread over a quarter of a call, so that they do not march in step.
  void begin_first_calls() {
    const Duration step =
        (options_.ring + options_.talk) / 4 / static_cast<long long>(slots_.size());
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
      begin(slot, options_.start + step * slot);
      order_.set(slot, slots_[slot]->due());
    }
  }
  Result<void> end_call(std::uint32_t slot) {
    const LiveCall& call = *slots_[slot];
    const std::vector<StreamTally> tallies = call.tallies();
    for (const StreamTally& tally : tallies) {
      summary_.rtp += tally.packets + tally.duplicates;
      summary_.rtcp += tally.reports;
    }
    ++summary_.calls;
    auto added = truth_.add(call.plan(), tallies);
    slots_[slot].reset();
    if (!added || next_call_ == options_.calls) return added;
    Random random(options_.seed, kPause, next_call_);
    begin(slot,
          now_ + random.between(std::chrono::milliseconds(100), std::chrono::milliseconds(900)));
    return {};
  }

  const SharedMedia& media_;
  const TrafficOptions& options_;
  CaptureWriter& writer_;
  TruthFile& truth_;
  Trunk trunk_;
  std::vector<std::unique_ptr<LiveCall>> slots_;
  Tournament order_;
  std::uint32_t next_call_ = 0;
  Timestamp now_;
  TrafficSummary summary_;
};

Result<TrafficSummary> write_files(const SharedMedia& media, const std::string& capture_path,
                                   const std::string& truth_path) {
  auto writer = CaptureWriter::open(capture_path);
  if (!writer) return tl::make_unexpected(std::move(writer.error()));
  auto truth = TruthFile::open(truth_path, media);
  if (!truth) return tl::make_unexpected(std::move(truth.error()));
  auto summary = Generator(media, *writer, *truth).run();
  if (!summary) return summary;
  auto closed = writer->close();
  if (closed) closed = truth->close(*summary);
  if (!closed) return tl::make_unexpected(std::move(closed.error()));
  writer->keep();
  truth->keep();
  return summary;
}

}  // namespace

Result<TrafficSummary> generate(const TrafficOptions& options, const std::string& capture_path,
                                const std::string& truth_path) {
  if (auto sound = check(options); !sound) return tl::make_unexpected(std::move(sound.error()));
  if (capture_path == truth_path) {
    return failure("the capture and the truth cannot both go to " + capture_path,
                   ErrorKind::kUsage);
  }
  const Codec& codec = *find_codec(options.codec);
  auto audio = SourceAudio::create(options, codec);
  if (!audio) return tl::make_unexpected(std::move(audio.error()));
  auto payloads = encode_voices(options, codec, *audio);
  if (!payloads) return tl::make_unexpected(std::move(payloads.error()));
  return write_files({&options, &codec, &*audio, std::move(*payloads)}, capture_path, truth_path);
}

}  // namespace koegura::traffic
