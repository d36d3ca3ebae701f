#include "record.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <time.h>

#include "call_builder.h"

namespace koegura::store {
namespace {

using capture::CallState;
using capture::Side;
using decode::SpanKind;

const bool kJapaneseTime = [] {
  ::setenv("TZ", "Asia/Tokyo", 1);
  ::tzset();
  return true;
}();

CallRecord record_of(CallBuilder& builder, const ArchiveOptions& options = {}) {
  return make_record(builder.build(), options);
}

TEST_CASE("an answered call's record says who, when and how it ended") {
  CallBuilder call("a84b4c76e66710@example.jp");
  call.call().caller.display_name = "山田";
  const CallRecord record = record_of(call);
  CHECK(record.id().size() == Ulid::kTextSize);
  CHECK(record.conversation() == record.id());
  CHECK(record.call_id() == "a84b4c76e66710@example.jp");
  CHECK(record.state() == "answered");
  CHECK(record.caller().number() == "+81312345678");
  CHECK(record.caller().raw() == "sip:0312345678@example.jp");
  CHECK(record.caller().name() == "山田");
  CHECK(record.callee().number() == "2301");
  CHECK(record.answered_by().number() == "2301");
  CHECK(from_proto(record.start()) == kMorning);
  CHECK(from_proto(record.answered()) == kMorning + std::chrono::seconds(3));
  CHECK(record.duration_s() == doctest::Approx(60));
  CHECK(record.talk_s() == doctest::Approx(57));
  CHECK(record.release().code() == 200);
  CHECK(record.release().by() == "caller");
}

TEST_CASE("what never happened is absent") {
  CallBuilder call("c1");
  call.unanswered(CallState::kMissed, 480);
  call.call().ringing.reset();
  const CallRecord record = record_of(call);
  CHECK(record.state() == "missed");
  CHECK_FALSE(record.has_ringing());
  CHECK_FALSE(record.has_answered());
  CHECK_FALSE(record.has_answered_by());
  CHECK(record.talk_s() == 0);
}

TEST_CASE("a hidden number leaves its reason, not a word for a number") {
  CallBuilder call("c1");
  call.call().caller = {.uri = "sip:anonymous@anonymous.invalid",
                        .user = "anonymous",
                        .display_name = "Anonymous",
                        .withheld = "Coin line/payphone"};
  const CallRecord record = record_of(call);
  CHECK(record.caller().number().empty());
  CHECK(record.caller().withheld() == "Coin line/payphone");
}

TEST_CASE("digits say how they were told and for how long; redacted ones only when") {
  using Via = decode::Digit::Via;
  decode::RenderedCall call = CallBuilder("c1").build();
  call.digits = {
      {.at_s = 1, .digit = '5', .channel = Side::kCaller, .via = Via::kInband, .duration_s = 0.1},
      {.at_s = 2, .digit = '#', .channel = Side::kCallee, .via = Via::kInfo}};
  const CallRecord open = make_record(call, {});
  CHECK(open.digits(0).digit() == "5");
  CHECK(open.digits(0).via() == "inband");
  CHECK(open.digits(0).duration_s() == doctest::Approx(0.1));
  CHECK(open.digits(1).via() == "info");
  CHECK(open.redacted().empty());
  for (decode::Digit& digit : call.digits) digit.digit = 0;
  call.digits_redacted = true;
  const CallRecord closed = make_record(call, {});
  REQUIRE(closed.digits_size() == 2);
  CHECK(closed.digits(0).digit().empty());
  CHECK(closed.digits(0).at_s() == 1);
  REQUIRE(closed.redacted_size() == 1);
  CHECK(closed.redacted(0) == "digits");
}

TEST_CASE("the same call has the same id, another From tag or millisecond another one") {
  CallBuilder call("c1");
  const std::string id = ulid_of(call.call()).text();
  CHECK(ulid_of(CallBuilder("c1").call()).text() == id);
  CHECK(ulid_of(CallBuilder("c2").call()).text() != id);
  call.call().from_tag = "tag2";
  CHECK(ulid_of(call.call()).text() != id);
  CHECK(ulid_of(call.call()).text().substr(0, 10) == id.substr(0, 10));
  call.call().from_tag = "tag1";
  call.starting(kMorning + std::chrono::milliseconds(1));
  CHECK(ulid_of(call.call()).text().substr(0, 10) != id.substr(0, 10));
}

TEST_CASE("the fields of an id do not run into each other") {
  CallBuilder one("ab");
  one.call().from_tag = "c";
  CallBuilder other("a");
  other.call().from_tag = "bc";
  CHECK(ulid_of(one.call()) != ulid_of(other.call()));
}

TEST_CASE("a media-only call's id does not depend on the order of its streams") {
  CallBuilder one("");
  one.with_stream(pcmu(Side::kCaller, 1)).with_stream(pcmu(Side::kCallee, 2));
  CallBuilder other("");
  other.with_stream(pcmu(Side::kCallee, 2)).with_stream(pcmu(Side::kCaller, 1));
  CHECK(ulid_of(one.call()) == ulid_of(other.call()));
  CallBuilder third("");
  third.with_stream(pcmu(Side::kCaller, 1)).with_stream(pcmu(Side::kCallee, 3));
  CHECK(ulid_of(one.call()) != ulid_of(third.call()));
}

TEST_CASE("the direction follows from the numbers of the city hall, in any of their forms") {
  const auto direction = [](const std::string& from, const std::string& to,
                            std::vector<std::string> internal) {
    CallBuilder call("c1");
    call.from(from).to(to);
    ArchiveOptions options;
    options.internal_numbers = std::move(internal);
    return direction_of(call.call(), options);
  };
  CHECK(direction("0312345678", "2301", {"23??"}) == "in");
  CHECK(direction("2301", "0312345678", {"23??"}) == "out");
  CHECK(direction("2301", "2302", {"23??"}) == "internal");
  CHECK(direction("2301", "2302", {}) == "unknown");
  CHECK(direction("23010", "9999", {"23??"}) == "unknown");
  CHECK(direction("23ab", "9999", {"23??"}) == "unknown");  // '?' is a digit
  CHECK(direction("+81355501234", "09012345678", {"0355501234"}) == "out");
  CHECK(direction("09012345678", "+81355501234", {"03-5550-1234"}) == "in");
  CHECK(direction("+81355501234", "09012345678", {"03555*"}) == "out");
  CHECK(direction("window-a-7", "09012345678", {"*-?"}) == "out");
}

TEST_CASE("where no number says it, the direction is what the capture learnt from who registers") {
  const auto direction = [](capture::CallDirection learnt, std::vector<std::string> internal) {
    CallBuilder call("c1");
    call.from("0312345678").to("2301");
    call.call().direction = learnt;
    ArchiveOptions options;
    options.internal_numbers = std::move(internal);
    return direction_of(call.call(), options);
  };
  using capture::CallDirection;
  CHECK(direction(CallDirection::kIn, {}) == "in");
  CHECK(direction(CallDirection::kOut, {}) == "out");
  CHECK(direction(CallDirection::kInternal, {}) == "internal");
  CHECK(direction(CallDirection::kOut, {"23??"}) == "in");  // the config has the last word
}

TEST_CASE("a record says who was called before, what the messages name, and what was heard") {
  using std::chrono::seconds;
  CallBuilder call("c1");
  auto stream = pcmu(Side::kCaller, 1);
  stream.sketch = {{0xDEADBEEF, 4000}, {7, 4020}};
  call.with_stream(stream);
  capture::FinishedCall& wire = call.call();
  wire.early_media = kMorning + seconds(2);
  wire.release.elsewhere = true;
  wire.diversions = {{party("0312340000"), "no-answer"}};
  wire.caller_hop = {capture::IpAddress::v4(0xC0000201), 5060};
  wire.links.session_ids = {"ab30317f1a784dc48ff824d0d3715d86"};
  wire.links.replaces = capture::DialogId{"c0", "to", "from", true};
  wire.links.referred_by = "sip:2309@example.jp";
  wire.links.callee_tags = {"tag2", "tag3"};
  wire.links.refers = {{.at = kMorning + seconds(30),
                        .by = Side::kCallee,
                        .target = party("2400"),
                        .replaces = capture::DialogId{"c9", "t", "f", false},
                        .status = 200,
                        .done = kMorning + seconds(31)}};
  decode::RenderedCall rendered = call.build();
  rendered.levels = {{{1, 2, 3}, {0, 200}}};
  const CallRecord record = make_record(rendered, {});
  CHECK(from_proto(record.early_media()) == kMorning + seconds(2));
  CHECK(record.release().elsewhere());
  REQUIRE(record.diversions_size() == 1);
  CHECK(record.diversions(0).party().number() == "+81312340000");
  CHECK(record.diversions(0).reason() == "no-answer");
  const Links& links = record.links();
  CHECK(links.session_ids(0) == "ab30317f1a784dc48ff824d0d3715d86");
  CHECK(links.replaces().call_id() == "c0");
  CHECK(links.replaces().early_only());
  CHECK(links.referred_by() == "sip:2309@example.jp");
  CHECK(links.from_tag() == "tag1");
  CHECK(links.callee_tags_size() == 2);
  CHECK(links.caller_hop() == "192.0.2.1:5060");
  CHECK(links.callee_hop().empty());
  REQUIRE(links.refers_size() == 1);
  CHECK(links.refers(0).at_s() == doctest::Approx(30));
  CHECK(links.refers(0).by() == "callee");
  CHECK(links.refers(0).target().number() == "2400");
  CHECK(links.refers(0).replaces().to_tag() == "t");
  CHECK(links.refers(0).status() == 200);
  CHECK(links.refers(0).done_s() == doctest::Approx(31));
  const Fingerprint& fingerprint = record.fingerprint();
  CHECK(fingerprint.clock_ns() == to_unix_ns(kMorning));
  REQUIRE(fingerprint.streams_size() == 1);
  CHECK(fingerprint.streams(0).hashes(0) == 0xDEADBEEF);
  CHECK(fingerprint.streams(0).at_ms(1) == 4020);
  CHECK(fingerprint.caller_levels() == std::string("\1\2\3"));
  CHECK(fingerprint.callee_levels() == std::string("\0\xC8", 2));
}

TEST_CASE("a clean call is complete, with the worse direction's MOS") {
  CallBuilder call("c1");
  auto worse = pcmu(Side::kCallee, 2);
  worse.mos = 3.9;
  auto unknown = pcmu(Side::kCallee, 3);
  unknown.mos = 0;
  call.with_stream(pcmu(Side::kCaller, 1)).with_stream(worse).with_stream(unknown);
  const CallRecord record = record_of(call);
  CHECK(record.quality().complete());
  CHECK(record.quality().mos() == doctest::Approx(3.9));
  CHECK(record.quality().lost_pct() == 0);
  CHECK(record.streams_size() == 3);
  CHECK(record.streams(0).source() == "192.0.2.1:40000");
  CHECK(record.streams(0).ssrc() == "0x00000001");
  CHECK(record.streams(0).channel() == "caller");
  CHECK(record.streams(0).decrypted());
}

TEST_CASE("lost packets are a share of what was sent, and make the call incomplete") {
  CallBuilder call("c1");
  auto lossy = pcmu(Side::kCaller, 1);
  lossy.packets = 950;
  lossy.lost = 50;
  auto unheard = pcmu(Side::kCallee, 2);
  unheard.rendered = false;
  unheard.lost = 1000;
  call.with_stream(lossy).with_stream(unheard);
  const CallRecord record = record_of(call);
  CHECK(record.quality().lost_pct() == doctest::Approx(5));
  CHECK_FALSE(record.quality().complete());
}

TEST_CASE("a call is incomplete without its beginning, its end, or some of its media") {
  const auto complete = [](const std::function<void(CallBuilder&)>& change) {
    CallBuilder call("c1");
    call.with_stream(pcmu(Side::kCaller, 1));
    change(call);
    return record_of(call).quality().complete();
  };
  CHECK(complete([](CallBuilder&) {}));
  CHECK_FALSE(complete([](CallBuilder& c) { c.call().state = CallState::kInterrupted; }));
  CHECK_FALSE(complete([](CallBuilder& c) { c.call().state = CallState::kMediaOnly; }));
  CHECK_FALSE(complete([](CallBuilder& c) { c.call().release.code = 0; }));
  CHECK_FALSE(complete([](CallBuilder& c) {
    auto encrypted = pcmu(Side::kCallee, 2);
    encrypted.rendered = false;
    encrypted.encrypted = true;
    c.with_stream(encrypted);
  }));
  CHECK_FALSE(complete([](CallBuilder& c) { c.with_span(SpanKind::kUndecodable); }));
  CHECK(complete([](CallBuilder& c) { c.with_span(SpanKind::kTalk); }));
}

TEST_CASE("an outage of the recorder makes a call incomplete, and is no loss") {
  CallBuilder call("c1");
  call.with_stream(pcmu(Side::kCaller, 1)).with_span(SpanKind::kOutage);
  call.call().outages = {{kMorning + std::chrono::seconds(3), kMorning + std::chrono::seconds(4)},
                         {kMorning + std::chrono::seconds(7), kMorning + std::chrono::seconds(9)}};
  const CallRecord record = record_of(call);
  CHECK(record.quality().capture_gaps() == 2);
  CHECK_FALSE(record.quality().complete());
  CHECK(record.quality().lost_pct() == 0);
  CHECK(record.quality().mos() == doctest::Approx(4.4));
  REQUIRE(record.spans_size() == 1);
  CHECK(record.spans(0).kind() == "outage");
  CHECK(record.spans(0).channel().empty());
}

TEST_CASE("a record's times are the wall clock's, one and the same for the whole call") {
  using std::chrono::seconds;
  const Duration nine_hours = std::chrono::hours(9);
  CallBuilder right("c1");
  const CallRecord expected = record_of(right.with_stream(pcmu(Side::kCaller, 1)));
  CallBuilder call("c1");
  decode::RenderedStream stream = pcmu(Side::kCaller, 1);
  stream.first -= nine_hours;
  stream.last -= nine_hours;
  call.starting(kMorning - nine_hours).with_stream(stream);
  call.call().wall_offset = nine_hours;
  call.call().clock_steps = {{.at = call.call().start + seconds(5), .by = seconds(2)},
                             {.at = call.call().start + seconds(50), .by = -nine_hours}};
  CallRecord record = record_of(call);
  REQUIRE(record.clock_steps_size() == 2);
  CHECK(record.clock_steps(0).at_s() == doctest::Approx(5));
  CHECK(record.clock_steps(0).by_s() == doctest::Approx(2));
  CHECK(record.clock_steps(1).by_s() == doctest::Approx(-32400));
  CHECK(record.fingerprint().clock_ns() == to_unix_ns(kMorning - nine_hours));
  record.clear_clock_steps();
  *record.mutable_fingerprint() = expected.fingerprint();  // on the capture's clock
  CHECK(to_json(record) == to_json(expected));
}

TEST_CASE("ids stand in the order of the wall clock, whatever the capture's clock shows") {
  // The machine began nine hours slow; the second call came when the clock had been set right.
  CallBuilder first("c1");
  CallBuilder second("c2");
  CallBuilder after_restart("c3");
  second.starting(kMorning + std::chrono::minutes(1));
  second.call().wall_offset = std::chrono::hours(9);
  after_restart.starting(kMorning + std::chrono::hours(9) + std::chrono::minutes(2));
  const std::string second_id = record_of(second).id();
  CHECK(record_of(first).id() < second_id);
  CHECK(second_id < record_of(after_restart).id());
}

TEST_CASE("how long a call is kept stands in no record that is archived: the rules say it anew") {
  CallBuilder call("c1");
  CHECK_FALSE(record_of(call).has_retention());
}

TEST_CASE("bytes that are no text and numbers that are none do not reach the record") {
  CallBuilder call("id\xFF\xC3");
  call.call().caller.display_name = "\x8E\x52\x93\x63";  // Shift_JIS
  call.call().release.reason = std::string("a\0b", 3);
  auto odd = pcmu(Side::kCaller, 1);
  odd.mos = std::numeric_limits<double>::quiet_NaN();
  odd.jitter_ms = std::numeric_limits<double>::infinity();
  call.with_stream(odd);
  const CallRecord record = record_of(call);
  CHECK(record.call_id() == "id\uFFFD\uFFFD");
  const std::string json = to_json(record);
  CHECK_FALSE(json.empty());
  const auto back = from_json(json);
  REQUIRE(back);
  CHECK(back->SerializeAsString() == record.SerializeAsString());
}

TEST_CASE(
    "the JSON is one line with the names of record.proto, and reads back as the same record") {
  CallBuilder call("c1");
  call.with_stream(pcmu(Side::kCaller, 0x1A2B3C4D));
  call.with_span(SpanKind::kTalk);
  const CallRecord record = record_of(call);
  const std::string json = to_json(record);
  CHECK(json.find('\n') == std::string::npos);
  for (const char* part : {R"("call_id":"c1")", R"("start":"2026-11-21T01:15:02.123456789Z")",
                           R"("duration_s":60)", R"("ssrc":"0x1a2b3c4d")", R"("bytes":240000)",
                           R"("lost":0)", R"("withheld":"")", R"("kind":"talk")"}) {
    CAPTURE(part);
    CAPTURE(json);
    CHECK(json.find(part) != std::string::npos);
  }
  const auto back = from_json(json);
  REQUIRE(back);
  CHECK(back->SerializeAsString() == record.SerializeAsString());
}

TEST_CASE("a record of a newer program is read, what is no record is refused") {
  CHECK(from_json(R"({"id":"x","of_the_future":{"a":[1]}})"));
  CHECK_FALSE(from_json(""));
  CHECK_FALSE(from_json("[]"));
  CHECK_FALSE(from_json(R"({"start":"yesterday"})"));
  CHECK_FALSE(from_json("{\"id\":\"\xFF\"}"));
}

TEST_CASE("a year that nanoseconds cannot reach is cut to one that they can") {
  const auto record = from_json(R"({"start":"9999-12-31T23:59:59Z","end":"0001-01-01T00:00:00Z"})");
  REQUIRE(record);
  CHECK(from_proto(record->start()) > kMorning);
  CHECK(from_proto(record->end()) < kMorning);
}

}  // namespace
}  // namespace koegura::store
