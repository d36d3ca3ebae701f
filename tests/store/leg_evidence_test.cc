#include "leg_evidence.h"

#include <doctest/doctest.h>

#include <limits>

#include "call_builder.h"
#include "record.h"

namespace koegura::store {
namespace {

using std::chrono::seconds;

CallRecord transferred_call() {
  CallBuilder call("c1");
  call.from("09012345678").to("2301");
  auto stream = pcmu(Side::kCallee, 0x1A2B3C4D);
  stream.source = {capture::IpAddress::v4(0xC0000202), 40002};
  stream.sketch = {{0xFFFFFFFF, 4000}, {7, 21'000}, {9, 45'000}};
  call.with_stream(stream);
  call.call().links = {.session_ids = {"ab30317f1a784dc48ff824d0d3715d86"},
                       .replaces = capture::DialogId{"c0", "to", "from", true},
                       .referred_by = "<sip:2309@city.example>",
                       .refers = {{.at = kMorning + seconds(30),
                                   .by = Side::kCallee,
                                   .target = party("0312345678"),
                                   .replaces = {},
                                   .status = 200,
                                   .done = kMorning + seconds(31)}},
                       .callee_tags = {"tag2"}};
  call.call().caller_hop = {capture::IpAddress::v4(0xC0000201), 5060};
  call.call().release.elsewhere = true;
  decode::RenderedCall rendered = call.build();
  rendered.levels = {{{1, 2}, {0, 200}}};
  rendered.spans = {{.kind = decode::SpanKind::kHold,
                     .channel = Side::kCaller,
                     .from_s = 20,
                     .to_s = 40,
                     .note = {}}};
  return make_record(rendered, {});
}

TEST_CASE("a record gives what ties its call to others, numbers in one form") {
  const LegEvidence leg = evidence_of(transferred_call(), "JP");
  CHECK(leg.start == kMorning);
  CHECK(leg.end == kMorning + seconds(60));
  CHECK(leg.answered == kMorning + seconds(3));
  CHECK(leg.call_id == "c1");
  CHECK(leg.from_tag == "tag1");
  CHECK(leg.callee_tags == std::vector<std::string>{"tag2"});
  CHECK(leg.session_ids.size() == 1);
  REQUIRE(leg.replaces);
  CHECK(leg.replaces->call_id == "c0");
  CHECK(leg.referred_by == "2309");
  REQUIRE(leg.refers.size() == 1);
  CHECK(leg.refers[0].at == kMorning + seconds(30));
  CHECK(leg.refers[0].by == "2301");
  CHECK(leg.refers[0].target == "+81312345678");
  CHECK(leg.caller == "+819012345678");
  CHECK(leg.caller_address == "192.0.2.1");
  CHECK(leg.elsewhere);
  REQUIRE(leg.streams.size() == 1);
  CHECK(leg.streams[0].source.to_string() == "192.0.2.2:40002");
  CHECK(leg.streams[0].ssrc == 0x1A2B3C4D);
  CHECK(leg.streams[0].first == kMorning);
  CHECK(leg.levels[1].substr(0, 3) == std::string("\0\xC8\0", 3));
  CHECK(leg.levels[1].size() == 601);  // silence at the end is left out in the record
}

TEST_CASE("a REFER comes before the INVITE that followed it within the same millisecond") {
  CallRecord record = transferred_call();
  constexpr auto kMoment = seconds(30) + std::chrono::nanoseconds(123'600'700);
  record.mutable_links()->mutable_refers(0)->set_at_s(to_seconds(kMoment));
  CHECK(to_unix_ns(evidence_of(record, "JP").refers.at(0).at) == to_unix_ns(kMorning + kMoment));
}

TEST_CASE("what a party on hold hears is no evidence") {
  const LegEvidence leg = evidence_of(transferred_call(), "JP");
  REQUIRE(leg.sketches[1].size() == 2);
  CHECK(leg.sketches[1][0].hash == 9);  // in order of hash
  CHECK(leg.sketches[1][0].at_ms == 45'000);
  CHECK(leg.sketches[1][1].hash == 0xFFFFFFFF);
}

TEST_CASE("times are on the capture's clock, whatever the wall clock showed") {
  CallRecord record = transferred_call();
  record.mutable_fingerprint()->set_clock_ns(to_unix_ns(kMorning + std::chrono::hours(3)));
  const LegEvidence leg = evidence_of(record, "JP");
  CHECK(leg.start == kMorning + std::chrono::hours(3));
  CHECK(leg.end - leg.start == seconds(60));
  CHECK(leg.streams[0].last - leg.start == seconds(30));
}

TEST_CASE("a record of an earlier program has names and times, and nothing heard") {
  CallRecord record = transferred_call();
  record.clear_fingerprint();
  record.clear_links();
  const LegEvidence leg = evidence_of(record, "JP");
  CHECK(leg.start == kMorning);
  CHECK(leg.sketches[1].empty());
  CHECK(leg.levels[0].empty());
  CHECK(leg.referred_by.empty());
}

TEST_CASE("what a damaged file says is cut to what can be") {
  CallRecord record = transferred_call();
  record.mutable_fingerprint()->set_clock_ns(std::numeric_limits<std::int64_t>::min());
  record.mutable_start()->set_seconds(-62'135'596'800);
  record.mutable_end()->set_seconds(253'402'300'799);
  record.mutable_answered()->set_seconds(-62'135'596'800);
  record.mutable_links()->mutable_refers(0)->set_at_s(1e300);
  record.mutable_fingerprint()->mutable_streams(0)->mutable_at_ms()->Truncate(1);
  record.mutable_fingerprint()->add_streams()->add_hashes(1);  // of no stream
  record.mutable_streams(0)->set_source("nowhere");
  record.mutable_streams(0)->set_ssrc("0xzz");
  record.mutable_fingerprint()->set_caller_levels(std::string(5'000'000, 'x'));
  const LegEvidence leg = evidence_of(record, "JP");
  CHECK(leg.start < leg.end);
  CHECK(leg.end - leg.start <= std::chrono::hours(24 * 32));
  CHECK(leg.refers[0].at <= leg.start + std::chrono::hours(24 * 32));
  CHECK(leg.sketches[1].size() == 1);
  CHECK(leg.streams[0].source.address.is_unspecified());
  CHECK(leg.levels[0].size() < 1'000'000);
}

}  // namespace
}  // namespace koegura::store
