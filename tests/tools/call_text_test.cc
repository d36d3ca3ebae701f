#include <doctest/doctest.h>

#include <clocale>
#include <cstdlib>
#include <ctime>

#include "call_story.h"
#include "call_table.h"
#include "call_text.h"
#include "json.h"
#include "text_width.h"

namespace koegura::tools {
namespace {

// 2026-11-21 10:15:02 in Tokyo.
constexpr Timestamp kStart = from_unix_ns(1'795'223'702'000'000'000);

struct Tokyo {
  Tokyo() {
    std::setlocale(LC_CTYPE, "C.UTF-8");
    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
  }
};

CallRecord answered_call() {
  CallRecord record;
  record.set_id("01KAJ4Q2H0ABCDEFGHJKMNPQRS");
  record.set_state("answered");
  record.set_direction("in");
  record.mutable_caller()->set_number("+81312345678");
  record.mutable_caller()->set_raw("sip:0312345678@example.jp");
  record.mutable_caller()->set_name("山田太郎");
  record.mutable_callee()->set_number("2301");
  set_time(*record.mutable_start(), kStart);
  set_time(*record.mutable_answered(), kStart + std::chrono::seconds(2));
  set_time(*record.mutable_end(), kStart + std::chrono::seconds(67));
  record.set_duration_s(67);
  record.set_talk_s(65);
  record.mutable_release()->set_code(200);
  record.mutable_release()->set_reason("BYE");
  record.mutable_release()->set_by("caller");
  return record;
}

std::vector<std::string> table_of(const std::vector<CallRecord>& records, std::size_t columns) {
  std::vector<std::string> lines;
  CallTable table(CallTable::Of::kCalls, "JP", columns,
                  [&](const std::string& line) { lines.push_back(line); });
  for (const CallRecord& record : records) table.add(record);
  table.finish();
  return lines;
}

std::string told(const CallRecord& record) {
  std::string story;
  for (const std::string& line : story_of(record, "/calls/a.mka", "JP")) story += line + '\n';
  return story;
}

bool tells(const CallRecord& record, std::string_view what) {
  return told(record).find(what) != std::string::npos;
}

TEST_CASE("a party is its number as the country writes it, and its name") {
  Party party;
  party.set_number("+81312345678");
  CHECK(party_text(party, "JP") == "03-1234-5678");
  party.set_name("山田太郎");
  CHECK(party_text(party, "JP") == "03-1234-5678 山田太郎");
  party.set_department("福祉課");
  CHECK(party_text(party, "JP") == "03-1234-5678 福祉課 山田太郎");
}

TEST_CASE("a party of the city hall is its number, its department and who sat there") {
  Party party;
  party.set_number("2301");
  party.set_name("EXT 2301");
  party.set_department("水道課");
  CHECK(party_text(party, "JP") == "2301 水道課 EXT 2301");
  party.set_person("山田");
  CHECK(party_text(party, "JP") == "2301 水道課 山田");
}

TEST_CASE("a hidden number says why, and a party without any shows what stood on the wire") {
  Party hidden;
  hidden.set_raw("sip:anonymous@anonymous.invalid");
  hidden.set_withheld("Coin line/payphone");
  CHECK(party_text(hidden, "JP") == "(Coin line/payphone)");
  Party bare;
  bare.set_raw("192.0.2.1:40000");
  CHECK(party_text(bare, "JP") == "192.0.2.1:40000");
  CHECK(party_text(Party{}, "JP") == "unknown");
}

TEST_CASE("a name that is only the number again is not repeated") {
  Party party;
  party.set_number("2301");
  party.set_name("2301");
  CHECK(party_text(party, "JP") == "2301");
}

TEST_CASE("a display name cannot steer the terminal") {
  Party party;
  party.set_name("\x1b]0;owned\x07");
  CHECK(party_text(party, "JP").find('\x1b') == std::string::npos);
}

TEST_CASE("rows are aligned under their headings, wide characters and all") {
  const Tokyo tokyo;
  CallRecord busy = answered_call();
  busy.mutable_caller()->set_name("Bob");
  busy.set_state("busy");
  busy.clear_answered();
  const auto lines = table_of({answered_call(), busy}, 0);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] ==
        "START                      DIR  CALLER                 CALLEE  STATE     TALK  CALL");
  CHECK(lines[1] ==
        "2026-11-21 10:15:02+09:00  in   03-1234-5678 山田太郎  2301    answered  1:05  "
        "01KAJ4Q2H0ABCDEF");
  CHECK(lines[2] ==
        "2026-11-21 10:15:02+09:00  in   03-1234-5678 Bob       2301    busy            "
        "01KAJ4Q2H0ABCDEF");
}

TEST_CASE("a list without a call has no heading") {
  CHECK(table_of({}, 80).empty());
}

TEST_CASE("a terminal of 80 columns holds every line, whatever the names") {
  const Tokyo tokyo;
  CallRecord call = answered_call();
  call.mutable_callee()->set_name("a name that is longer than any column could be");
  call.set_state("answered");
  for (const std::string& line : table_of({call, answered_call()}, 80)) {
    CAPTURE(line);
    CHECK(width_of(line) <= 80);
  }
  CHECK(table_of({call}, 0)[1].find("could be") != std::string::npos);  // in a pipe nothing is lost
}

TEST_CASE("rows after the first ones keep the columns") {
  const Tokyo tokyo;
  std::vector<CallRecord> calls(250, answered_call());
  const auto lines = table_of(calls, 100);
  REQUIRE(lines.size() == 251);
  CHECK(lines[1] == lines[250]);
}

TEST_CASE("legs of one conversation are marked behind their ids, within the terminal") {
  const Tokyo tokyo;
  CallRecord trunk = answered_call();
  trunk.set_conversation(trunk.id());
  trunk.mutable_joining()->add_ties()->set_call("01KAJ4Q2H1ABCDEFGHJKMNPQRS");
  CallRecord phone = answered_call();
  phone.set_id("01KAJ4Q2H1ABCDEFGHJKMNPQRS");
  phone.set_conversation(trunk.id());
  CallRecord alone = answered_call();
  alone.set_conversation(alone.id());
  const auto lines = table_of({alone, phone, trunk}, 80);
  REQUIRE(lines.size() == 4);
  CHECK(lines[1].ends_with("01KAJ4Q2H0ABCDEF"));
  CHECK(lines[2].ends_with("01KAJ4Q2H1ABCDEF a"));
  CHECK(lines[3].ends_with("01KAJ4Q2H0ABCDEF a"));
  for (const std::string& line : lines) CHECK(width_of(line) <= 80);
}

TEST_CASE("a row of a conversation has the number called and who answered, in 80 columns too") {
  const Tokyo tokyo;
  ConversationRow row;
  row.set_conversation("01KAJ4Q2H0ABCDEFGHJKMNPQRS");
  set_time(*row.mutable_start(), kStart);
  row.mutable_caller()->set_number("+819012345678");
  row.mutable_callee()->set_number("+81312345678");
  row.mutable_answered_by()->set_number("2305");
  row.mutable_answered_by()->set_name("佐藤");
  row.set_state("answered");
  row.set_talk_s(115);
  ConversationRow given_up = row;
  given_up.clear_answered_by();
  given_up.set_state("cancelled");
  const auto print = [&](std::size_t columns) {
    std::vector<std::string> lines;
    CallTable table(CallTable::Of::kConversations, "JP", columns,
                    [&](const std::string& line) { lines.push_back(line); });
    table.add(row);
    table.add(given_up);
    table.finish();
    return lines;
  };
  const auto lines = print(0);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] ==
        "START                      CALLER         CALLED        ANSWERED BY  STATE      TALK  "
        "CONVERSATION");
  CHECK(lines[1] ==
        "2026-11-21 10:15:02+09:00  090-1234-5678  03-1234-5678  2305 佐藤    answered   1:55  "
        "01KAJ4Q2H0ABCDEF");
  CHECK(lines[2] ==
        "2026-11-21 10:15:02+09:00  090-1234-5678  03-1234-5678               cancelled        "
        "01KAJ4Q2H0ABCDEF");
  for (const std::string& line : print(80)) {
    CAPTURE(line);
    CHECK(width_of(line) <= 80);
  }
}

TEST_CASE("the story says who, when, how it ended and how to play it") {
  const Tokyo tokyo;
  CallRecord call = answered_call();
  call.mutable_audio()->set_duration_s(67);
  call.mutable_audio()->set_channels(2);
  call.mutable_audio()->set_sample_rate(8000);
  CHECK(tells(call, "03-1234-5678 山田太郎  <sip:0312345678@example.jp>"));
  CHECK(tells(call, "2026-11-21 10:15:02.000+09:00"));
  CHECK(tells(call, "answered    after 2.000 s"));
  CHECK(tells(call, "1:07.0, talk 1:05.0"));
  CHECK(tells(call, "the caller hung up"));
  CHECK(tells(call, "koegura audio 01KAJ4Q2H0ABCDEFGHJKMNPQRS -o call.wav"));
}

TEST_CASE("the story says from whom a call was forwarded and by whom it was referred") {
  CallRecord call = answered_call();
  Diversion& diversion = *call.add_diversions();
  diversion.mutable_party()->set_number("2301");
  diversion.set_reason("no-answer");
  call.add_diversions()->mutable_party()->set_number("2300");
  call.mutable_links()->set_referred_by("sip:2302@pbx.example");
  CHECK(tells(call, "forwarded   from 2301: no answer\n"));
  CHECK(tells(call, "forwarded   from 2300\n"));
  CHECK(tells(call, "referred    by 2302\n"));
  CHECK(uri_text("sip:192.0.2.1", "JP") == "192.0.2.1");
  CHECK(uri_text("tel:+81312345678", "JP") == "03-1234-5678");
}

TEST_CASE("holds, transfers and early media stand on the timeline, a hold with both its sides") {
  CallRecord call = answered_call();
  const auto span = [&](const char* kind, const char* channel, double from, double to) {
    Span& out = *call.add_spans();
    out.set_kind(kind);
    out.set_channel(channel);
    out.set_from_s(from);
    out.set_to_s(to);
  };
  span("early-media", "callee", 1, 2);
  span("hold", "caller", 10, 20);
  span("hold", "", 30, 31);
  span("transfer", "", 40, 43);
  set_time(*call.mutable_early_media(), kStart + std::chrono::seconds(1));
  CHECK(tells(call,
              "     0:01.0 –    0:02.0  early-media of the callee\n"
              "     0:10.0 –    0:20.0  hold of the caller, by the callee\n"
              "     0:30.0 –    0:31.0  hold\n"
              "     0:40.0 –    0:43.0  transfer\n"));
  CHECK(tells(call, "early media after 1.000 s"));
}

TEST_CASE("a call that somebody else answered says so") {
  CallRecord call = answered_call();
  call.mutable_release()->set_code(487);
  call.mutable_release()->set_elsewhere(true);
  CHECK(release_text(call) == "answered elsewhere, told by the caller");
}

TEST_CASE("a release without an end, and one by a response, are told apart") {
  CallRecord call = answered_call();
  call.mutable_release()->set_by("recorder");
  call.mutable_release()->set_reason("media silence");
  CHECK(release_text(call) == "no end was seen: media silence");
  call.mutable_release()->set_by("callee");
  call.mutable_release()->set_code(486);
  call.mutable_release()->set_reason("Busy Here");
  CHECK(release_text(call) == "by the callee: 486 Busy Here");
}

TEST_CASE("a hundred lost packets are one line, with the longest gap and where it is") {
  CallRecord call = answered_call();
  for (int i = 0; i < 100; ++i) {
    Span& span = *call.add_spans();
    span.set_kind("loss");
    span.set_channel("callee");
    span.set_from_s(i);
    span.set_to_s(i + (i == 61 ? 0.5 : 0.02));
  }
  CHECK(tells(call, "callee      loss        2.48 s, 100 times, the longest 0.50 s at 1:01.0"));
}

TEST_CASE("talk, hold and ringing stand on the timeline one by one") {
  CallRecord call = answered_call();
  for (const auto* kind : {"ringing", "talk", "hold", "talk"}) {
    Span& span = *call.add_spans();
    span.set_kind(kind);
    span.set_from_s(call.spans_size());
    span.set_to_s(call.spans_size() + 1);
  }
  CHECK(tells(call, "0:02.0 –    0:03.0  talk"));
  CHECK(tells(call, "0:04.0 –    0:05.0  talk"));
  CHECK_FALSE(tells(call, "Gaps"));
}

TEST_CASE("the story tells when the recorder was away and when its clock was set") {
  CallRecord call = answered_call();
  const auto span = [&](const char* kind, const char* channel, double from, double to) {
    Span& out = *call.add_spans();
    out.set_kind(kind);
    out.set_channel(channel);
    out.set_from_s(from);
    out.set_to_s(to);
    if (out.kind() == "outage") out.set_note("the recorder was away");
  };
  const auto step = [&](double at, double by) {
    CallClockStep& out = *call.add_clock_steps();
    out.set_at_s(at);
    out.set_by_s(by);
  };
  span("talk", "", 2, 67);
  span("outage", "caller", 11.2, 12);
  span("outage", "", 12, 14.5);
  span("hold", "", 40, 50);
  step(1, -0.4);
  step(30, 3600);
  call.mutable_quality()->set_capture_gaps(1);
  const std::string story = told(call);
  CHECK(tells(call, ", 1 outage of the recorder\n"));
  CHECK(
      tells(call,
            "     0:01.0              the clock was set back by 0.400 s; times here go on as if it "
            "had not been\n"
            "     0:02.0 –    1:07.0  talk\n"
            "     0:12.0 –    0:14.5  outage: the recorder was away, nothing was recorded\n"
            "     0:30.0              the clock was set forward by 1:00:00.0; times here go on as "
            "if it had not been\n"
            "     0:40.0 –    0:50.0  hold\n"));
  CHECK(tells(call, "caller      outage      0.80 s at 0:11.2\n"));
  call.mutable_quality()->set_capture_gaps(3);
  CHECK(tells(call, ", 3 outages of the recorder"));
}

TEST_CASE("quality is told in words") {
  CHECK(quality_text(4.4) == "excellent (MOS 4.4)");
  CHECK(quality_text(3.0) == "bad (MOS 3.0)");
  CHECK(quality_text(0) == "quality unknown");
}

TEST_CASE("a silent call says why") {
  CallRecord call = answered_call();
  call.set_silent_because("SRTP without its key");
  CHECK(tells(call, "because SRTP without its key"));
}

}  // namespace
}  // namespace koegura::tools
