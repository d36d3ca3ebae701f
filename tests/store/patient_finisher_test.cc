// The finisher of a live recorder: calls wait for the disk, and their packets in the spool.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <mutex>
#include <thread>
#include <vector>

#include "capture/spool_folder.h"
#include "store/finisher.h"
#include "temporary_folder.h"
#include "watched_archive.h"

namespace koegura::store {
namespace {

using std::chrono::milliseconds;

FinisherOptions patient(unsigned threads) {
  FinisherOptions options;
  options.threads = threads;
  options.queue_limit = 1;  // means nothing to it
  options.patient = true;
  options.retry_after = milliseconds(1);
  return options;
}

template <typename Condition>
bool comes_true(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(milliseconds(1));
  }
  return true;
}

// What was put, in order; and a disk that can be full.
class Story {
 public:
  WatchedArchive archive{[this](const decode::RenderedCall& call) { return put(call); },
                         [this]() -> Result<void> {
                           if (full) return failure("disk full: 3 MB are free on the disk at /x");
                           return {};
                         }};
  std::atomic<bool> full{false};
  std::function<Result<Added>(const std::string& call_id)> answer;

  std::vector<std::string> tried() {
    const std::lock_guard lock(mutex_);
    return tried_;
  }

 private:
  Result<Added> put(const decode::RenderedCall& call) {
    {
      const std::lock_guard lock(mutex_);
      tried_.push_back(call.call.call_id);
    }
    return answer ? answer(call.call.call_id) : Added{call.call.call_id, false};
  }
  std::mutex mutex_;
  std::vector<std::string> tried_;
};

// A live spool, and calls whose signalling is in it.
class SpoolUnderTest {
 public:
  SpoolUnderTest() {
    auto opened = capture::SpoolFolder::open(folder_ / "spool",
                                             {.segment_bytes = 1U << 20U, .run_bytes = 4096});
    if (!opened) FAIL(opened.error().message);
    folder_of_segments_ = std::move(*opened);
    spool_ = folder_of_segments_->make_spool("rx0");
  }
  capture::FinishedCall call(int number) {
    capture::FinishedCall finished_call = finished(number);
    PacketBuilder packets(*spool_);
    finished_call.signalling = packets.at(kMorning, datagram(1)).take();
    return finished_call;
  }
  // Whether the next start of a recorder finds the packets of the calls, all of them.
  bool keeps_packets() {
    const std::string before = content_of(folder_ / "spool/released");
    spool_.reset();
    CHECK(folder_of_segments_->close(std::chrono::seconds(10)));
    folder_of_segments_.reset();
    return content_of(folder_ / "spool/released") == before;
  }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<capture::SpoolFolder> folder_of_segments_;
  std::unique_ptr<capture::Spool> spool_;
};

TEST_CASE("with a full disk nothing is tried, nobody waits, and the reason is told") {
  Story story;
  story.full = true;
  const auto finisher = Finisher::create(patient(2), story.archive);
  for (int i = 0; i < 50; ++i) finisher->take(finished(i));
  REQUIRE(comes_true([&] { return !finisher->stats().disk_refusal.empty(); }));
  FinisherStats stats = finisher->stats();
  CHECK(stats.disk_refusal.find("disk full") != std::string::npos);
  CHECK(stats.seen == 50);
  CHECK(stats.waiting == 50);
  CHECK(stats.failed == 0);
  CHECK(story.tried().empty());

  story.full = false;
  finisher->drain();
  stats = finisher->stats();
  CHECK(stats.archived == 50);
  CHECK(stats.waiting == 0);
  CHECK(stats.disk_refusal == "");
}

TEST_CASE("the backlog is archived oldest first") {
  Story story;
  story.full = true;
  const auto finisher = Finisher::create(patient(1), story.archive);
  std::vector<std::string> order;
  for (int i = 0; i < 20; ++i) {
    finisher->take(finished(i));
    order.push_back("c" + std::to_string(i));
  }
  REQUIRE(comes_true([&] { return !finisher->stats().disk_refusal.empty(); }));
  story.full = false;
  finisher->drain();
  CHECK(story.tried() == order);
}

TEST_CASE("a call that found the disk full at its turn waits, however often that happens") {
  Story story;
  std::atomic<int> refusals{0};
  story.answer = [&](const std::string& call_id) -> Result<Added> {
    if (refusals++ < 1) {
      story.full = true;
      return failure("No space left on device");
    }
    return Added{call_id, false};
  };
  FinisherOptions options = patient(1);
  options.attempts = 1;  // another failure would be the end of it
  const auto finisher = Finisher::create(options, story.archive);
  finisher->take(finished(1));
  REQUIRE(comes_true([&] { return !finisher->stats().disk_refusal.empty(); }));
  story.full = false;
  finisher->drain();
  CHECK(finisher->stats().archived == 1);
  CHECK(finisher->stats().failed == 0);
  CHECK(story.tried() == std::vector<std::string>{"c1", "c1"});
}

TEST_CASE("a call that fails for itself is tried again after the others, and then given up") {
  Story story;
  story.answer = [](const std::string& call_id) -> Result<Added> {
    if (call_id == "c0") return failure("c0 cannot be read");
    return Added{call_id, false};
  };
  FinisherOptions options = patient(1);
  options.attempts = 3;
  const auto finisher = Finisher::create(options, story.archive);
  for (int i = 0; i < 5; ++i) finisher->take(finished(i));
  finisher->drain();
  const FinisherStats stats = finisher->stats();
  CHECK(stats.archived == 4);
  CHECK(stats.failed == 1);
  CHECK(stats.first_error == "c0 cannot be read");
  CHECK(stats.disk_refusal == "");
  const auto tried = story.tried();
  CHECK(std::count(tried.begin(), tried.end(), "c0") == 3);
}

TEST_CASE("a failure that passes costs nothing") {
  Story story;
  std::atomic<int> failures{0};
  story.answer = [&](const std::string& call_id) -> Result<Added> {
    if (failures++ < 3) return failure("the index is busy");
    return Added{call_id, false};
  };
  const auto finisher = Finisher::create(patient(1), story.archive);
  finisher->take(finished(1));
  finisher->drain();
  CHECK(finisher->stats().archived == 1);
  CHECK(finisher->stats().failed == 0);
}

TEST_CASE("an archived call's packets leave the spool, a failed one's stay") {
  SpoolUnderTest spool;
  Story story;
  SUBCASE("archived") {
    const auto finisher = Finisher::create(patient(1), story.archive);
    finisher->take(spool.call(1));
    finisher->drain();
    CHECK(finisher->stats().archived == 1);
    CHECK_FALSE(spool.keeps_packets());
  }
  SUBCASE("given up") {
    story.answer = [](const std::string&) -> Result<Added> { return failure("no"); };
    const auto finisher = Finisher::create(patient(1), story.archive);
    finisher->take(spool.call(1));
    finisher->drain();
    CHECK(finisher->stats().failed == 1);
    CHECK(spool.keeps_packets());
  }
  SUBCASE("waiting for the disk as the recorder stops") {
    story.full = true;
    const auto finisher = Finisher::create(patient(1), story.archive);
    finisher->take(spool.call(1));
    finisher->take(spool.call(2));
    finisher->stop();
    finisher->take(spool.call(3));
    CHECK(finisher->stats().seen == 3);
    CHECK(finisher->stats().waiting == 3);
    CHECK(spool.keeps_packets());
  }
}

TEST_CASE("a call whose packets cannot be read is not lost, and is rendered when they can") {
  const TemporaryFolder folder;
  auto spool = capture::Spool::open(folder / "spool", {});
  REQUIRE(spool);
  capture::FinishedCall call = finished(1);
  PacketBuilder packets(**spool);
  capture::FinishedStream stream;
  stream.packets = 1;
  stream.spooled = packets.at(kMorning, datagram(1)).take();
  call.streams.push_back(std::move(stream));
  const std::string segment = folder / "spool/" + files_below(folder / "spool").front();
  std::filesystem::rename(segment, segment + ".away");

  Story story;
  FinisherOptions options = patient(1);
  options.attempts = 100'000;
  options.retry_after = Duration(1);
  const auto finisher = Finisher::create(options, story.archive);
  finisher->take(std::move(call));
  std::filesystem::rename(segment + ".away", segment);
  finisher->drain();
  CHECK(finisher->stats().archived == 1);
  CHECK(story.tried().size() == 1);
}

TEST_CASE("stop ends what is in work, and keeps what waits") {
  Story story;
  std::atomic<bool> working{false};
  std::atomic<bool> go_on{false};
  story.answer = [&](const std::string& call_id) -> Result<Added> {
    working = true;
    while (!go_on) std::this_thread::yield();
    return Added{call_id, false};
  };
  const auto finisher = Finisher::create(patient(1), story.archive);
  for (int i = 0; i < 3; ++i) finisher->take(finished(i));
  REQUIRE(comes_true([&] { return working.load(); }));
  CHECK(comes_true([&] { return finisher->stats().busiest > milliseconds(5); }));
  CHECK(finisher->stats().waiting == 3);
  {
    const std::jthread stopper([&] { finisher->stop(); });
    go_on = true;
  }
  const FinisherStats stats = finisher->stats();
  CHECK(stats.seen == stats.archived + stats.waiting);
  CHECK(stats.archived >= 1);
  CHECK(stats.busiest == Duration::zero());
}

TEST_CASE("stop does not wait for the disk") {
  Story story;
  story.full = true;
  const auto begun = std::chrono::steady_clock::now();
  {
    const auto finisher = Finisher::create(patient(4), story.archive);
    for (int i = 0; i < 3; ++i) finisher->take(finished(i));
    REQUIRE(comes_true([&] { return !finisher->stats().disk_refusal.empty(); }));
  }
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
}

}  // namespace
}  // namespace koegura::store
