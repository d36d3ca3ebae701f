#include "hand_off.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "packet_builder.h"

namespace koegura::capture {
namespace {

// Writes down what it is told.
class Notes final : public StreamKeeper {
 public:
  void adopt(std::uint64_t stream, bool may_be_sealed) override {
    adopted.push_back(stream);
    if (may_be_sealed) sealed.push_back(stream);
  }
  void give(std::uint64_t stream, Give how) override { given.emplace_back(stream, how); }
  void forget(std::uint64_t stream) override { forgotten.push_back(stream); }
  void expect_t38(const Endpoint& endpoint, bool expected) override {
    t38.emplace_back(endpoint, expected);
  }

  std::vector<std::uint64_t> adopted;
  std::vector<std::uint64_t> sealed;  // perhaps
  std::vector<std::pair<std::uint64_t, Give>> given;
  std::vector<std::uint64_t> forgotten;
  std::vector<std::pair<Endpoint, bool>> t38;
};

TEST_CASE("orders come as they were given") {
  HandOff hand_off(4096);
  hand_off.adopt(1, false);
  hand_off.adopt(7, true);
  hand_off.give(2, Give::kDetach);
  hand_off.give(2, Give::kEnd);
  hand_off.forget(3);
  hand_off.expect_t38(test::endpoint("192.0.2.9:6000"), true);
  Notes notes;
  hand_off.take_orders(notes);
  CHECK(notes.adopted == std::vector<std::uint64_t>{1, 7});
  CHECK(notes.sealed == std::vector<std::uint64_t>{7});
  REQUIRE(notes.given.size() == 2);
  CHECK(notes.given[0] == std::pair(std::uint64_t{2}, Give::kDetach));
  CHECK(notes.given[1] == std::pair(std::uint64_t{2}, Give::kEnd));
  CHECK(notes.forgotten == std::vector<std::uint64_t>{3});
  REQUIRE(notes.t38.size() == 1);
  CHECK(notes.t38[0].first == test::endpoint("192.0.2.9:6000"));
}

TEST_CASE("orders that find no room wait, and lose neither one another nor their order") {
  HandOff hand_off(4096);
  constexpr std::uint64_t kMany = 20'000;
  for (std::uint64_t i = 0; i < kMany; ++i) hand_off.adopt(i, false);
  Notes notes;
  while (notes.adopted.size() < kMany) {
    const std::size_t before = notes.adopted.size();
    hand_off.take_orders(notes);
    REQUIRE(notes.adopted.size() > before);
    hand_off.flush_orders();
  }
  for (std::uint64_t i = 0; i < kMany; ++i) CHECK(notes.adopted[i] == i);
}

TEST_CASE("datagrams leave room for what tells of streams") {
  HandOff hand_off(4096);
  const test::Carried carried = test::udp("192.0.2.1:5060", "192.0.2.9:5060", "OPTIONS");
  const auto packet = parse_ip({}, carried.bytes);
  REQUIRE(packet);
  int taken = 0;
  while (hand_off.on_datagram(*packet, 0)) ++taken;
  CHECK(taken > 10);
  hand_off.on_stream_gone({.number = 1});
  CHECK_FALSE(hand_off.on_datagram(*packet, 0));
}

// Counts what it is told of streams.
class NoStreams final : public CallSink, public StreamKeeper {
 public:
  void take(FinishedCall /*call*/) override {}
  void adopt(std::uint64_t /*stream*/, bool /*may_be_sealed*/) override {}
  void give(std::uint64_t /*stream*/, Give /*how*/) override {}
  void forget(std::uint64_t /*stream*/) override {}
  void expect_t38(const Endpoint& /*endpoint*/, bool /*expected*/) override {}
};

TEST_CASE(
    "streams that begin faster than they are taken up are asked to wait, and leave room for SIP") {
  HandOff hand_off(8U << 20U);
  const test::Carried carried = test::udp("192.0.2.1:5060", "192.0.2.9:5060", "OPTIONS");
  const auto packet = parse_ip({}, carried.bytes);
  REQUIRE(packet);
  std::uint64_t begun = 0;
  while (!hand_off.is_busy() && begun < 1'000'000) {
    hand_off.on_stream_began({.number = ++begun}, {}, MediaKind::kAudio, {});
  }
  CHECK(begun < 100'000);
  CHECK(hand_off.on_datagram(*packet, 0));

  std::string name = (std::filesystem::temp_directory_path() / "koegura-busy-XXXXXX").string();
  REQUIRE(::mkdtemp(name.data()) != nullptr);
  {
    NoStreams nobody;
    auto spool = Spool::open(name, {});
    REQUIRE(spool);
    CallPath calls({}, **spool, {&nobody}, nobody);
    std::vector<Accounting> accounting(1);
    CHECK(hand_off.take_news(calls, accounting, 100));
    CHECK_FALSE(hand_off.is_busy());
  }
  std::filesystem::remove_all(name);
}

TEST_CASE("answers that nobody took any more are not leaked") {
  HandOff hand_off(4096);
  for (std::uint64_t i = 0; i < 1000; ++i) {
    hand_off.on_stream_given({.number = i}, std::make_unique<FinishedStream>());
  }
}

}  // namespace
}  // namespace koegura::capture
