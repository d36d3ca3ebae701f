#include "conversation_run.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <unordered_map>
#include <utility>

#include "conversation_plan.h"
#include "conversation_sounds.h"
#include "dialogue.h"
#include "path.h"
#include "rtp_sender.h"
#include "schedule.h"

namespace koegura::traffic {
namespace {

// SIP messages as datagrams between any two hosts.
class Datagrams {
 public:
  Datagrams(const TrafficOptions& options, CaptureWriter& writer)
      : vlan_(options.vlan), writer_(writer) {}

  void send(Timestamp time, const CallPlan& call, Side sender, std::string_view message) {
    const Path path({.sender = sender, .vlan = vlan_, .tos = kTosSignalling},
                    call.sip[index_of(sender)], call.sip[index_of(other(sender))]);
    std::byte* frame = writer_.frame(time, path.frame_size(message.size()));
    std::memcpy(path.payload_of(frame), message.data(), message.size());
    path.seal_udp(frame, message.size(), packet_id_++);
    ++frames_;
  }
  [[nodiscard]] std::uint64_t frames() const { return frames_; }

 private:
  std::uint16_t vlan_;
  CaptureWriter& writer_;
  std::uint16_t packet_id_ = 0;
  std::uint64_t frames_ = 0;
};

// One conversation going on: its legs' messages, and their streams.
class LiveConversation {
 public:
  LiveConversation(const TrafficOptions& options, ConversationPlan plan, ConversationSounds sounds,
                   Datagrams& datagrams, CaptureWriter& writer)
      : options_(options),
        plan_(std::move(plan)),
        sounds_(std::move(sounds)),
        datagrams_(datagrams) {
    for (const LegPlan& leg : plan_.legs) {
      for (const SipLine& line : leg.lines) lines_.push_back({&leg, &line});
      for (const StreamPlan& stream : leg.call.streams) {
        senders_.emplace_back(options, leg.call.index, stream, sounds_.sounds(), writer);
      }
    }
    std::stable_sort(lines_.begin(), lines_.end(), [](const Message& a, const Message& b) {
      return a.line->time < b.line->time;
    });
  }
  LiveConversation(const LiveConversation&) = delete;  // the senders refer to the plan
  LiveConversation& operator=(const LiveConversation&) = delete;

  [[nodiscard]] Timestamp due() const {
    Timestamp due = next_ < lines_.size() ? lines_[next_].line->time : kNever;
    for (const RtpSender& sender : senders_) due = std::min(due, sender.due());
    return due;
  }
  // REQUIRES: now == due(), and that is not kNever
  void emit(Timestamp now) {
    if (next_ < lines_.size() && lines_[next_].line->time == now) return send_message();
    for (RtpSender& sender : senders_) {
      if (sender.due() == now) return sender.emit();
    }
  }

  [[nodiscard]] const ConversationPlan& plan() const { return plan_; }
  [[nodiscard]] std::span<const Sound> sounds() const { return sounds_.sounds(); }
  // Of all legs' streams, in order.
  [[nodiscard]] std::vector<StreamTally> tallies() const {
    std::vector<StreamTally> tallies;
    for (const RtpSender& sender : senders_) tallies.push_back(sender.tally());
    return tallies;
  }
  [[nodiscard]] bool overlaps(const LiveConversation& that) const {
    return plan_.start < that.plan_.end && that.plan_.start < plan_.end;
  }
  void set_shares_number() { shares_number_ = true; }
  [[nodiscard]] bool shares_number() const { return shares_number_; }

 private:
  struct Message {
    const LegPlan* leg;
    const SipLine* line;
  };

  void send_message() {
    const auto& [leg, line] = lines_[next_++];
    const SipWording wording = {leg->codec, options_.packet_time_ms, "UDP"};
    datagrams_.send(line->time, leg->call, line->sender, text_of(*line, leg->call, wording));
  }

  const TrafficOptions& options_;
  const ConversationPlan plan_;
  const ConversationSounds sounds_;
  Datagrams& datagrams_;
  std::vector<Message> lines_;
  std::deque<RtpSender> senders_;  // they stay where they are
  std::size_t next_ = 0;
  bool shares_number_ = false;
};

class ConversationRun {
 public:
  ConversationRun(const TrafficOptions& options, const Speakers& speakers, const PbxSounds& pbx,
                  CaptureWriter& writer, TruthFile& truth)
      : options_(options),
        speakers_(speakers),
        pbx_(pbx),
        writer_(writer),
        truth_(truth),
        datagrams_(options, writer) {}

  Result<std::unique_ptr<LiveConversation>> begin(std::uint32_t index, Timestamp start) {
    ConversationPlan plan = plan_conversation(options_, index, start);
    auto sounds = ConversationSounds::create(options_, plan, speakers_, pbx_);
    if (!sounds) return tl::make_unexpected(std::move(sounds.error()));
    auto begun = std::make_unique<LiveConversation>(options_, std::move(plan), std::move(*sounds),
                                                    datagrams_, writer_);
    auto& same_number = by_number_[begun->plan().number];
    for (LiveConversation* another : same_number) {
      if (!another->overlaps(*begun)) continue;
      another->set_shares_number();
      begun->set_shares_number();
    }
    same_number.push_back(begun.get());
    return begun;
  }

  Result<void> end(const LiveConversation& conversation) {
    const ConversationPlan& plan = conversation.plan();
    forget_number_of(conversation);
    ++summary_.conversations;
    summary_.sharing_a_number += conversation.shares_number() ? 1 : 0;
    const std::vector<StreamTally> tallies = conversation.tallies();
    std::span<const StreamTally> rest(tallies);
    for (const LegPlan& leg : plan.legs) {
      const auto of_leg = rest.first(leg.call.streams.size());
      rest = rest.subspan(of_leg.size());
      const LegFacts facts = {plan.index, kind_name(plan.kind), leg.joinable};
      auto added = truth_.add(leg.call, conversation.sounds(), of_leg, facts);
      if (!added) return added;
      ++summary_.calls;
    }
    for (const StreamTally& tally : tallies) {
      summary_.rtp += tally.packets + tally.duplicates;
      summary_.rtcp += tally.reports;
    }
    truth_.add_conversation(plan, conversation.shares_number());
    return {};
  }

  [[nodiscard]] bool healthy() const { return writer_.healthy(); }
  [[nodiscard]] TrafficSummary summary() const {
    TrafficSummary summary = summary_;
    summary.sip = datagrams_.frames();
    return summary;
  }

 private:
  void forget_number_of(const LiveConversation& conversation) {
    const auto found = by_number_.find(conversation.plan().number);
    auto& same_number = found->second;
    same_number.erase(std::find(same_number.begin(), same_number.end(), &conversation));
    if (same_number.empty()) by_number_.erase(found);
  }

  const TrafficOptions& options_;
  const Speakers& speakers_;
  const PbxSounds& pbx_;
  CaptureWriter& writer_;
  TruthFile& truth_;
  Datagrams datagrams_;
  std::unordered_map<std::string, std::vector<LiveConversation*>> by_number_;  // going on
  TrafficSummary summary_;
};

}  // namespace

Result<TrafficSummary> run_conversations(const TrafficOptions& options, CaptureWriter& writer,
                                         TruthFile& truth) {
  const auto speakers = Speakers::create(options);
  if (!speakers) return tl::make_unexpected(speakers.error());
  const auto pbx = PbxSounds::create(options);
  if (!pbx) return tl::make_unexpected(pbx.error());
  ConversationRun run(options, *speakers, *pbx, writer, truth);
  // The first ones are spread over one conversation: later ones follow as those end.
  const auto slots = static_cast<long long>(std::min(options.conversations, options.concurrency));
  const Pace pace = {.count = options.conversations,
                     .concurrency = options.concurrency,
                     .start = options.start,
                     .step = (options.ring + options.talk) / slots,
                     .seed = options.seed};
  if (auto done = Schedule(pace, run).run(); !done) return tl::make_unexpected(done.error());
  return run.summary();
}

}  // namespace koegura::traffic
