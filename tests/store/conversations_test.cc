#include "conversations.h"

#include <doctest/doctest.h>

#include "conversation_story.h"

namespace koegura::store {
namespace {

const std::string kUuid = "ab30317f1a784dc48ff824d0d3715d86";

// A talk of its own, told from others by its number.
Talk talk(std::uint64_t number, double from_s, double to_s) {
  return {Voice(100 + number), Voice(500 + number), from_s, to_s};
}

TEST_CASE("a session id joins legs that overlap or follow one another, and no others") {
  Story story;
  story.add(LegBuilder("a", 0, 60).session(kUuid));
  story.add(LegBuilder("b", 1, 60).session(kUuid));
  story.add(LegBuilder("soon", 91, 200).session(kUuid));
  story.add(LegBuilder("late", 233, 300).session(kUuid));
  CHECK(story.tie("a", "b") == "session-id");
  CHECK(story.are_one("a", "soon"));
  CHECK_FALSE(story.are_one("a", "late"));
}

TEST_CASE("the conversation has the id of the leg that began first, also if it ends last") {
  Story story;
  const LegEvidence first = LegBuilder("first", 0, 600).session(kUuid);
  story.add(LegBuilder("b", 1, 60).session(kUuid));
  story.add(LegBuilder("c", 70, 90).session(kUuid));
  story.add(first);
  for (const char* leg : {"first", "b", "c"}) CHECK(story.place(leg).conversation == first.id);
}

TEST_CASE("a device that gives all its calls one session id joins none of them") {
  Story story;
  for (int i = 0; i < 9; ++i) {
    const std::string number = "23" + std::to_string(10 + i);
    story.add(LegBuilder("c" + std::to_string(i), i * 10, i * 10 + 15).from(number).session(kUuid));
    if (i == 7) CHECK(story.are_one("c0", "c7"));
  }
  for (int i = 1; i < 9; ++i) CHECK_FALSE(story.are_one("c0", "c" + std::to_string(i)));
}

TEST_CASE("a hunt group of twenty phones is one conversation by its session id") {
  Story story;
  for (int i = 0; i < 20; ++i) {
    story.add(LegBuilder("phone" + std::to_string(i), 0.1 * i, 12).from("0901").session(kUuid));
  }
  CHECK(story.are_one("phone0", "phone19"));
}

TEST_CASE("Replaces names a dialog with its tags in either order") {
  Story story;
  story.add(LegBuilder("old", 0, 60));
  story.add(LegBuilder("new", 59, 90).replaces("old", "old-to", "old-from"));
  story.add(LegBuilder("other-end", 59, 90).replaces("old", "old-from", "old-to"));
  story.add(LegBuilder("stranger", 59, 90).replaces("old", "old-from", "another-tag"));
  CHECK(story.tie("old", "new") == "replaces");
  CHECK(story.tie("old", "other-end") == "replaces");
  CHECK_FALSE(story.are_one("old", "stranger"));
}

TEST_CASE("a REFER with Replaces ties the two calls of an attended transfer") {
  LegEvidence citizen = LegBuilder("citizen", 0, 60);
  citizen.refers = {
      {after(50), "2301", "2400", capture::DialogId{"asked", "asked-to", "asked-from", false}}};
  Story story;
  story.add(citizen).add(LegBuilder("asked", 30, 90));
  CHECK(story.tie("citizen", "asked") == "refer");
}

TEST_CASE("a leg with Referred-By follows the REFER of who it names") {
  Story story;
  story.add(LegBuilder("call", 0, 60).from("0901").to("2301").refers(50, "2301", "2400"));
  story.add(LegBuilder("transferred", 50.2, 90).from("0901").to("2400").referred_by("2301"));
  story.add(LegBuilder("to another", 50.2, 90).from("0901").to("2500").referred_by("2301"));
  story.add(LegBuilder("by another", 50.2, 90).from("0901").to("2400").referred_by("2309"));
  story.add(LegBuilder("too late", 83, 90).from("0901").to("2400").referred_by("2301"));
  CHECK(story.tie("call", "transferred") == "refer");
  for (const char* leg : {"to another", "by another", "too late"}) {
    CHECK_FALSE(story.are_one("call", leg));
  }
}

TEST_CASE(
    "an operator who transfers two callers to one desk within half a minute keeps them apart") {
  Story story;
  story.add(LegBuilder("one", 0, 60).from("0901").to("2301").refers(50, "2301", "2400"));
  story.add(LegBuilder("other", 5, 80).from("0902").to("2301").refers(75, "2301", "2400"));
  story.add(LegBuilder("one moved", 50.2, 200).from("0901").to("2400").referred_by("2301"));
  story.add(LegBuilder("other moved", 75.2, 200).from("0902").to("2400").referred_by("2301"));
  CHECK(story.are_one("one", "one moved"));
  CHECK(story.are_one("other", "other moved"));
  CHECK_FALSE(story.are_one("one", "other"));
}

TEST_CASE("two transfers at one moment are not told apart by guessing") {
  Story story;
  story.add(LegBuilder("one", 0, 60).from("0901").to("2301").refers(50, "2301", "2400"));
  story.add(LegBuilder("other", 5, 60).from("0902").to("2301").refers(50.1, "2301", "2400"));
  story.add(LegBuilder("moved", 50.3, 200).to("2400").referred_by("2301"));
  CHECK_FALSE(story.are_one("one", "moved"));
  CHECK_FALSE(story.are_one("other", "moved"));
  CHECK(story.doubts("moved") == std::set<std::string>{"one", "other"});
  CHECK(story.doubts("one") == std::set<std::string>{"moved"});
}

TEST_CASE("without Referred-By only a party's call that alone fits the REFER is its outcome") {
  const auto referred =
      LegBuilder("call", 0, 60).from("0901").to("2301").refers(50, "2301", "2400").build();
  const LegEvidence moved = LegBuilder("moved", 50.2, 90).from("0901").to("2400");
  Story story;
  story.add(referred).add(moved);
  story.add(LegBuilder("stranger", 50.3, 90).from("0999").to("2400"));
  CHECK(story.tie("call", "moved") == "refer");
  CHECK_FALSE(story.are_one("call", "stranger"));

  // The operator rings the same desk herself.
  story.add(LegBuilder("operator's own", 60, 90).from("2301").to("2400"));
  CHECK_FALSE(story.are_one("call", "moved"));
  CHECK(story.doubts("call") == std::set<std::string>{"moved", "operator's own"});
}

TEST_CASE("the phones of a group that a REFER leads to are one conversation without Referred-By") {
  Story story;
  story.add(LegBuilder("call", 0, 60).from("0901").to("2301").refers(50, "2301", "2400"));
  for (int i = 0; i < 3; ++i) {
    story.add(LegBuilder("fork" + std::to_string(i), 50.2 + 0.1 * i, 55).from("0901").to("2400"));
  }
  CHECK(story.are_one("call", "fork0"));
  CHECK(story.are_one("call", "fork2"));
}

TEST_CASE("legs with one and the same stream are joined: the media goes past the PBX") {
  const Heard said{Voice(1), 2, 60};
  LegEvidence trunk = LegBuilder("trunk", 0, 60)
                          .stream(Side::kCaller, "192.0.2.1:10000", "192.0.2.101:20000", {said});
  LegEvidence desk = LegBuilder("desk", 1, 60)
                         .stream(Side::kCaller, "192.0.2.1:10000", "192.0.2.101:20000", {said});
  desk.streams[0].ssrc = trunk.streams[0].ssrc;
  LegEvidence reused =
      LegBuilder("port used again", 70, 90)
          .stream(Side::kCaller, "192.0.2.1:10000", "192.0.2.101:20000", {{Voice(2), 72, 90}});
  reused.streams[0].ssrc = trunk.streams[0].ssrc;
  Story story;
  story.add(trunk).add(desk).add(reused);
  CHECK(story.tie("trunk", "desk") == "same-media");
  CHECK_FALSE(story.are_one("trunk", "port used again"));
}

TEST_CASE("a fork that lost belongs to the call that was answered then") {
  Story story;
  story.add(LegBuilder("lost", 0, 8.1).from("0901", kPbx).elsewhere());
  story.add(LegBuilder("too early", 0, 3).from("0901", kPbx).elsewhere());
  story.add(LegBuilder("another's", 0, 8.1).from("0902", kPbx).elsewhere());
  story.add(LegBuilder("answered", 0.1, 60).from("0901", kPbx).answered(8));
  CHECK(story.tie("lost", "answered") == "elsewhere");
  CHECK_FALSE(story.are_one("too early", "answered"));
  CHECK_FALSE(story.are_one("another's", "answered"));
}

TEST_CASE("a fork that lost to one of two answered calls is joined to neither") {
  Story story;
  story.add(LegBuilder("lost", 0, 8.1).from("0901", kPbx).elsewhere());
  story.add(LegBuilder("one", 0.1, 60).from("0901", kPbx).answered(8));
  CHECK(story.are_one("lost", "one"));
  story.add(LegBuilder("other", 0.2, 60).from("0901", kPbx).answered(7.5));
  CHECK_FALSE(story.are_one("lost", "one"));
  CHECK(story.doubts("lost") == std::set<std::string>{"one", "other"});
  // Until something says that the two are one.
  story.add(LegBuilder("both", 0.3, 60).replaces("one", "one-to", "one-from"));
  CHECK_FALSE(story.are_one("lost", "one"));
  LegEvidence asked = LegBuilder("asked", 1, 60).replaces("other", "other-to", "other-from");
  asked.refers = {
      {after(50), "2301", "2400", capture::DialogId{"one", "one-to", "one-from", false}}};
  story.add(asked);
  CHECK(story.are_one("lost", "one"));
  CHECK(story.doubts("lost").empty());
}

TEST_CASE("a phone whose call was picked up did not lose it to a stranger's call") {
  Story story;
  story.add(LegBuilder("rang", 0, 8.1).from("0901", kPbx).elsewhere());
  story.add(LegBuilder("stranger", 0.5, 60).from("0901", kPbx).answered(7.9));
  CHECK(story.are_one("rang", "stranger"));  // as far as anybody can tell
  story.add(LegBuilder("neighbour", 8, 60).from("2302").replaces("rang", "rang-to", "rang-from"));
  CHECK(story.tie("rang", "neighbour") == "replaces");
  CHECK_FALSE(story.are_one("rang", "stranger"));
}

TEST_CASE("numbers and times alone join nothing") {
  Story story;
  story.add(LegBuilder("a", 0, 60).from("0901").to("2301").answered(5));
  story.add(LegBuilder("b", 0, 60).from("0901").to("2301").answered(5));
  CHECK_FALSE(story.are_one("a", "b"));
  CHECK(story.doubts("a").empty());
}

TEST_CASE("a citizen, the switchboard, and the department to which she was put through") {
  const Voice citizen(1);
  const Voice music(90);
  const Talk first{citizen, Voice(2), 5, 60};
  const Talk asked{Voice(2), Voice(3), 65, 80};  // the switchboard asks the department
  Story story;
  // No header says anything: a PBX that only re-INVITEs.
  story.add(desk_leg("switchboard", 1, 60, first, 1, 20000));
  story.add(desk_leg("asking", 62, 80, asked, 1, 20010));
  LegBuilder department("department", 63, 200);
  department.stream(Side::kCaller, kPbx + ":20020", desk(2) + ":20022",
                    {{Voice(2), 65, 80, 0.01}, {citizen, 80, 200, 0.01}});
  department.stream(Side::kCallee, desk(2) + ":20022", kPbx + ":20020", {{Voice(3), 65, 200}});
  story.add(department);
  LegBuilder trunk("trunk", 0, 200);
  trunk.stream(Side::kCaller, kBorder + ":10000", kPbx + ":10002", {{citizen, 1, 200}});
  trunk.stream(Side::kCallee, kPbx + ":10002", kBorder + ":10000",
               {{Voice(2), 5, 60, 0.01}, {music, 60, 80}, {Voice(3), 80, 200, 0.01}});
  story.add(trunk);
  CHECK(story.tie("trunk", "switchboard") == "payload");
  CHECK(story.tie("trunk", "department") == "payload");
}

// What the joining knows must be nothing but the set of legs.
TEST_CASE("a leg that comes makes others join, and may take a tie away again") {
  Story story;
  story.add(trunk_leg("trunk", 0, 60, talk(1, 5, 60)));
  story.add(trunk_leg("another", 0, 60, talk(2, 5, 60), {}, 11000));
  CHECK_FALSE(story.are_one("trunk", "another"));
  story.add(desk_leg("desk", 1, 60, talk(1, 5, 60)));
  CHECK(story.are_one("trunk", "desk"));
  CHECK_FALSE(story.are_one("trunk", "another"));
}

}  // namespace
}  // namespace koegura::store
