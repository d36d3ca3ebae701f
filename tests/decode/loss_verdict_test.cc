#include "loss_verdict.h"

#include <doctest/doctest.h>

#include <map>
#include <utility>
#include <vector>

namespace koegura::decode {
namespace {

constexpr std::int64_t kFirst = 65'500;  // the 16 bits wrap soon
constexpr std::int64_t kEvery = 250;     // packets between reports: 5 s

enum class Fate { kArrives, kNetwork, kTap, kUnsent };

// A stream of packets with known fates, and the reports that both ends send after every kEvery
// numbers: told packet by packet, so that the truth is counted and not computed.
class Story {
 public:
  Story& fate(std::int64_t from, std::int64_t packets, Fate fate) {
    for (std::int64_t i = from; i < from + packets; ++i) fates_[i] = fate;
    return *this;
  }
  // What passes the tap early or late against the sender's reports: the mark is off by so much.
  Story& mark_off(std::size_t report, std::int64_t by) {
    off_[report] = by;
    return *this;
  }
  Story& without_sender() {
    sender_reports_ = false;
    return *this;
  }
  Story& without_receiver() {
    receiver_reports_ = false;
    return *this;
  }
  Story& midcall() {
    from_the_beginning_ = false;
    return *this;
  }

  // Plays so many numbers.
  LossShares play(std::int64_t numbers) {
    std::uint32_t sent = from_the_beginning_ ? 0 : 77'777;
    std::int32_t receiver_lost = from_the_beginning_ ? 0 : 55;
    std::int32_t receiver_misses = 0;
    for (std::int64_t i = 0; i < numbers; ++i) {
      const auto found = fates_.find(i);
      const Fate fate = found == fates_.end() ? Fate::kArrives : found->second;
      if (fate != Fate::kUnsent) ++sent;
      // The receiver learns of a loss from the next packet that it gets (RFC 3550 appendix A.3).
      if (fate == Fate::kNetwork || fate == Fate::kUnsent) ++receiver_misses;
      if (fate == Fate::kArrives) {
        arrive(i);
      } else {
        miss(i);
      }
      if (fate == Fate::kArrives || fate == Fate::kTap) {
        receiver_highest_ = kFirst + i;
        receiver_lost += std::exchange(receiver_misses, 0);
      }
      if ((i + 1) % kEvery == 0) report(sent, receiver_lost);
    }
    LossEvidence evidence;
    if (sender_reports_) {
      evidence.sent = sent_;
      evidence.at_sent = at_sent_;
    }
    if (receiver_reports_) {
      evidence.received = received_;
      evidence.at_received = at_received_;
    }
    evidence.first_sequence = kFirst;
    evidence.from_the_beginning = from_the_beginning_;
    return judge_losses(evidence, losses_.runs());
  }
  // Of the n-th run.
  [[nodiscard]] LostBy lost_by(std::size_t n) { return losses_.runs()[n].lost_by; }
  [[nodiscard]] std::size_t runs() { return losses_.runs().size(); }

 private:
  void arrive(std::int64_t i) {
    if (missing_ != 0) {
      losses_.add({.sequence = kFirst + i - missing_, .packets = missing_});
      missing_ = 0;
    }
    highest_ = kFirst + i;
    ++packets_;
  }
  void miss(std::int64_t) { ++missing_; }
  void report(std::uint32_t sent, std::int32_t receiver_lost) {
    const auto off = off_.find(sent_.size());
    sent_.push_back({.at = {}, .packets = sent});
    at_sent_.push_back(
        {.highest = highest_ + (off == off_.end() ? 0 : off->second), .packets = packets_});
    // The receiver's count of cycles is its own.
    received_.push_back(
        {.at = {},
         .lost = receiver_lost,
         .highest = 0x70000U | (static_cast<std::uint32_t>(receiver_highest_) & 0xFFFFU)});
    at_received_.push_back({.highest = highest_, .packets = packets_});
  }

  std::map<std::int64_t, Fate> fates_;
  std::map<std::size_t, std::int64_t> off_;
  bool sender_reports_ = true;
  bool receiver_reports_ = true;
  bool from_the_beginning_ = true;
  std::int64_t missing_ = 0;
  std::int64_t highest_ = 0;
  std::int64_t receiver_highest_ = 0;
  std::uint32_t packets_ = 0;
  LossRuns losses_;
  std::vector<SentReport> sent_;
  std::vector<ReportMark> at_sent_;
  std::vector<ReceivedReport> received_;
  std::vector<ReportMark> at_received_;
};

TEST_CASE("what the receiver missed as well was lost on the network") {
  Story story;
  const LossShares shares =
      story.fate(100, 3, Fate::kNetwork).fate(600, 1, Fate::kNetwork).play(2000);
  REQUIRE(story.runs() == 2);
  CHECK(story.lost_by(0) == LostBy::kNetwork);
  CHECK(story.lost_by(1) == LostBy::kNetwork);
  CHECK(shares.network == 4);
  CHECK(shares.tap + shares.sender + shares.unknown == 0);
}

TEST_CASE("what the receiver had was lost on the way to us") {
  Story story;
  const LossShares shares = story.fate(10, 1, Fate::kTap).fate(700, 40, Fate::kTap).play(2000);
  CHECK(story.lost_by(0) == LostBy::kTap);
  CHECK(story.lost_by(1) == LostBy::kTap);
  CHECK(shares.tap == 41);
  CHECK(shares.network + shares.sender + shares.unknown == 0);
}

TEST_CASE("numbers that the sender left out were lost by nobody") {
  Story story;
  const LossShares shares = story.fate(300, 1, Fate::kUnsent)
                                .fate(800, 20, Fate::kUnsent)
                                .fate(1300, 2, Fate::kNetwork)
                                .play(3000);
  CHECK(story.lost_by(0) == LostBy::kSender);
  CHECK(story.lost_by(1) == LostBy::kSender);
  CHECK(story.lost_by(2) == LostBy::kNetwork);
  CHECK(shares.sender == 21);
  CHECK(shares.network == 2);
  CHECK(shares.unknown == 0);
}

TEST_CASE("each window between two reports is judged by itself") {
  Story story;
  const LossShares shares = story.fate(100, 5, Fate::kNetwork)
                                .fate(400, 5, Fate::kTap)
                                .fate(900, 5, Fate::kUnsent)
                                .play(3000);
  CHECK(story.lost_by(0) == LostBy::kNetwork);
  CHECK(story.lost_by(1) == LostBy::kTap);
  CHECK(story.lost_by(2) == LostBy::kSender);
  CHECK(shares.network == 5);
  CHECK(shares.tap == 5);
  CHECK(shares.sender == 5);
}

TEST_CASE("of several causes in one window the numbers are known, and of no packet which") {
  Story story;
  const LossShares shares = story.fate(100, 3, Fate::kNetwork).fate(150, 2, Fate::kTap).play(1000);
  CHECK(story.lost_by(0) == LostBy::kUnknown);
  CHECK(story.lost_by(1) == LostBy::kUnknown);
  CHECK(shares.network == 3);
  CHECK(shares.tap == 2);
}

TEST_CASE("without a receiver's report nobody says where packets were lost") {
  Story story;
  const LossShares shares =
      story.without_receiver().fate(300, 2, Fate::kNetwork).fate(600, 9, Fate::kUnsent).play(3000);
  CHECK(story.lost_by(0) == LostBy::kUnknown);
  CHECK(story.lost_by(1) == LostBy::kSender);
  CHECK(shares.unknown == 2);
  CHECK(shares.sender == 9);
}

TEST_CASE("without any report, and behind the last one, nothing is known") {
  Story silent;
  CHECK(silent.without_receiver().without_sender().fate(100, 3, Fate::kTap).play(1000).unknown ==
        3);
  Story tail;
  const LossShares shares = tail.fate(100, 1, Fate::kTap).fate(1100, 2, Fate::kNetwork).play(1200);
  CHECK(tail.lost_by(0) == LostBy::kTap);
  CHECK(tail.lost_by(1) == LostBy::kUnknown);
  CHECK(shares.unknown == 2);
}

TEST_CASE("where the beginning was not seen, the first window says nothing") {
  Story story;
  const LossShares shares = story.midcall()
                                .fate(100, 2, Fate::kNetwork)
                                .fate(400, 2, Fate::kNetwork)
                                .fate(900, 7, Fate::kUnsent)
                                .play(3000);
  CHECK(story.lost_by(0) == LostBy::kUnknown);
  CHECK(story.lost_by(1) == LostBy::kNetwork);
  CHECK(story.lost_by(2) == LostBy::kSender);
  CHECK(shares.unknown == 2);
}

TEST_CASE("a report that passes beside its packets is not taken for numbers left out") {
  Story late;
  late.mark_off(2, -1).fate(800, 1, Fate::kNetwork);
  CHECK(late.play(3000).network == 1);
  CHECK(late.lost_by(0) == LostBy::kNetwork);
  Story early;
  early.mark_off(3, 1).fate(800, 1, Fate::kTap);
  CHECK(early.play(3000).tap == 1);
  CHECK(early.lost_by(0) == LostBy::kTap);
}

TEST_CASE("a burst over a report is one cause, if both windows agree") {
  Story story;
  const LossShares shares = story.fate(480, 40, Fate::kNetwork).play(2000);
  REQUIRE(story.runs() == 1);
  CHECK(story.lost_by(0) == LostBy::kNetwork);
  CHECK(shares.network == 40);
  Story tap;
  CHECK(tap.fate(480, 40, Fate::kTap).play(2000).tap == 40);
  CHECK(tap.lost_by(0) == LostBy::kTap);
}

TEST_CASE("the burst ratio is 1 for single losses, and the mean length for bursts") {
  LossRuns singles;
  for (int i = 0; i < 10; ++i) singles.add({.sequence = i * 100, .packets = 1});
  CHECK(singles.burst_ratio(990) == doctest::Approx(0.99));
  CHECK(singles.longest() == 1);
  LossRuns bursts;
  for (int i = 0; i < 10; ++i) bursts.add({.sequence = i * 100, .packets = 5});
  CHECK(bursts.burst_ratio(950) == doctest::Approx(5 * 0.95));
  CHECK(bursts.longest() == 5);
  CHECK(LossRuns().burst_ratio(100) == 0);
}

TEST_CASE("runs are bounded, and count the same packets") {
  LossRuns runs;
  constexpr std::int64_t kMany = 100'000;
  for (std::int64_t i = 0; i < kMany; ++i) {
    runs.add({.sequence = i * 10, .packets = 2, .from_s = i * 0.2, .to_s = i * 0.2 + 0.04});
  }
  CHECK(runs.runs().size() <= LossRuns::kMaxRuns);
  std::int64_t packets = 0;
  for (const LossRun& run : runs.runs()) packets += run.packets;
  CHECK(packets == 2 * kMany);
  CHECK(runs.burst_ratio(900'000) == doctest::Approx(2 * 0.9 / 1.1).epsilon(0.01));
}

}  // namespace
}  // namespace koegura::decode
