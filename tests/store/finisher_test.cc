#include "store/finisher.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "call_builder.h"
#include "temporary_folder.h"
#include "watched_archive.h"

namespace koegura::store {
namespace {

std::unique_ptr<Archive> open(const std::string& directory) {
  ArchiveOptions options;
  options.sync = false;
  auto archive = Archive::open(directory, OpenMode::kWrite, options);
  if (!archive) FAIL(archive.error().message);
  return std::move(*archive);
}

TEST_CASE("every call taken is archived once, by several threads") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const auto finisher = Finisher::create({.threads = 4, .queue_limit = 8, .render = {}}, *archive);
  constexpr int kCalls = 100;
  for (int i = 0; i < kCalls; ++i) finisher->take(finished(i));
  finisher->drain();
  FinisherStats stats = finisher->stats();
  CHECK(stats.seen == kCalls);
  CHECK(stats.archived == kCalls);
  CHECK(stats.first_error == "");
  CHECK(archive->summary()->calls == kCalls);
  CHECK(files_below(folder / "archive/calls").size() == kCalls);

  // The same capture again.
  for (int i = 0; i < kCalls; ++i) finisher->take(finished(i));
  finisher->drain();
  stats = finisher->stats();
  CHECK(stats.seen == 2 * kCalls);
  CHECK(stats.archived == kCalls);
  CHECK(stats.already_there == kCalls);
  CHECK(archive->summary()->calls == kCalls);
}

TEST_CASE("a reader asks while the finisher writes") {
  const TemporaryFolder folder;
  const auto archive = open(folder / "archive");
  const auto finisher = Finisher::create({.threads = 2, .queue_limit = 8, .render = {}}, *archive);
  std::uint64_t most_seen = 0;
  {
    const std::jthread reader([&](const std::stop_token& stop) {
      CallFilter filter;
      filter.number = "2301";
      while (!stop.stop_requested()) {
        std::uint64_t seen = 0;
        const auto done = archive->query(filter, [&](const CallRecord&) { return ++seen != 0; });
        if (done) most_seen = std::max(most_seen, seen);
      }
    });
    for (int i = 0; i < 50; ++i) finisher->take(finished(i));
    finisher->drain();
  }
  CHECK(most_seen <= 50);
  CHECK(archive->summary()->calls == 50);
}

TEST_CASE("a call that cannot be archived is counted, and the others go on") {
  WatchedArchive archive([](const decode::RenderedCall& call) -> Result<Added> {
    if (call.call.call_id == "c3") return failure("archive /x: disk full while writing call c3");
    return Added{call.call.call_id, false};
  });
  const auto finisher = Finisher::create({.threads = 2, .queue_limit = 2, .render = {}}, archive);
  for (int i = 0; i < 10; ++i) finisher->take(finished(i));
  finisher->drain();
  const FinisherStats stats = finisher->stats();
  CHECK(stats.seen == 10);
  CHECK(stats.archived == 9);
  CHECK(stats.failed == 1);
  CHECK(stats.first_error == "archive /x: disk full while writing call c3");
}

TEST_CASE("when every call fails the finisher still comes to its end") {
  WatchedArchive archive(
      [](const decode::RenderedCall&) -> Result<Added> { return failure("disk full"); });
  const auto finisher = Finisher::create({.threads = 2, .queue_limit = 1, .render = {}}, archive);
  for (int i = 0; i < 100; ++i) finisher->take(finished(i));
  finisher->drain();
  CHECK(finisher->stats().failed == 100);
}

TEST_CASE("a call that is there is not rendered and not put") {
  std::atomic<int> puts{0};
  WatchedArchive archive([&](const decode::RenderedCall&) -> Result<Added> {
    ++puts;
    return Added{};
  });
  const auto finisher = Finisher::create({.threads = 1, .queue_limit = 4, .render = {}}, archive);
  finisher->take(std::move(CallBuilder("there already").call()));
  finisher->take(std::move(CallBuilder("new").call()));
  finisher->drain();
  CHECK(puts == 1);
  CHECK(finisher->stats().already_there == 1);
}

TEST_CASE("take waits when the queue is full") {
  constexpr std::uint64_t kLimit = 3;
  constexpr std::uint64_t kThreads = 2;
  std::atomic<Finisher*> watched{nullptr};
  std::atomic<std::uint64_t> done{0};
  std::atomic<std::uint64_t> most_waiting{0};
  WatchedArchive archive([&](const decode::RenderedCall&) -> Result<Added> {
    while (watched == nullptr) std::this_thread::yield();
    // Those done are read last: what waits can only look less than it is.
    const std::uint64_t seen = watched.load()->stats().seen;
    const std::uint64_t waiting = seen - std::min<std::uint64_t>(seen, done);
    std::uint64_t most = most_waiting;
    while (waiting > most && !most_waiting.compare_exchange_weak(most, waiting)) continue;
    ++done;
    return Added{};
  });
  const auto finisher =
      Finisher::create({.threads = kThreads, .queue_limit = kLimit, .render = {}}, archive);
  watched = finisher.get();
  for (int i = 0; i < 200; ++i) finisher->take(finished(i));
  finisher->drain();
  CHECK(finisher->stats().archived == 200);
  CHECK(most_waiting > kThreads);
  CHECK(most_waiting <= kLimit + 2 * kThreads);
}

TEST_CASE("what was taken is archived though nobody drained") {
  std::atomic<int> puts{0};
  WatchedArchive archive([&](const decode::RenderedCall&) -> Result<Added> {
    ++puts;
    return Added{};
  });
  {
    const auto finisher =
        Finisher::create({.threads = 1, .queue_limit = 64, .render = {}}, archive);
    for (int i = 0; i < 20; ++i) finisher->take(finished(i));
  }
  CHECK(puts == 20);
}

}  // namespace
}  // namespace koegura::store
