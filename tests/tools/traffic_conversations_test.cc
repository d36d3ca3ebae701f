// Conversations of the generator: legs through a back-to-back user agent, against their truth.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <set>

#include "traffic_conversation_story.h"

using namespace koegura;
using namespace koegura::traffic;
using namespace koegura::traffic::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// A seed with which the only conversation takes a turn that this test wants.
Recording recording_where(ConversationKind kind,
                          const std::function<bool(const Recording&)>& wanted) {
  TrafficOptions options = conversations(1, {kind});
  for (options.seed = 1; options.seed < 40; ++options.seed) {
    Recording recording = record(options);
    if (wanted(recording)) return recording;
  }
  FAIL("no seed up to 40 makes it");
  return {};
}

}  // namespace

TEST_CASE("conversations of all kinds: frames in order of time, none malformed, all counted") {
  TrafficOptions options = conversations(60);
  options.concurrency = 20;
  options.rtcp = true;
  SUBCASE("IPv4") {}
  SUBCASE("IPv6 with VLAN") {
    options.ipv6 = true;
    options.vlan = 7;
  }
  SUBCASE("everything that a network does") {
    options.loss = options.reorder = options.duplicate = 0.02;
    options.jitter = milliseconds(30);
  }
  const Recording recording = record(options);
  CHECK(recording.frames == recording.summary.frames);
  CHECK(recording.accounting.accounted() == 0);
  CHECK(recording.summary.conversations == 60);
  CHECK(recording.summary.calls > 100);
  std::uint64_t sip = 0;
  std::uint64_t rtcp = 0;
  Timestamp last;
  for (const ReadPacket& packet : recording.packets) {
    CHECK(last <= packet.time);
    last = packet.time;
    if (packet.sip()) CHECK(capture::parse_sip(packet.bytes()));
    sip += packet.sip() ? 1 : 0;
    rtcp += packet.rtcp() ? 1 : 0;
  }
  CHECK(sip == recording.summary.sip);
  CHECK(rtcp == recording.summary.rtcp);
  CHECK(recording.summary.rtcp > 0);
}

TEST_CASE("the same options give the same conversations, whichever run beside them") {
  TrafficOptions options = conversations(6);
  const Folder folder;
  const auto made = [&](const std::string& name) {
    REQUIRE(generate(options, folder / name + ".pcap", folder / name + ".json"));
    return contents(folder / name + ".pcap") + contents(folder / name + ".json");
  };
  const std::string first = made("first");
  CHECK(first == made("second"));
  const Recording all = record(options);
  options.concurrency = 1;
  const Recording alone = record(options);
  for (std::uint32_t index = 0; index < 6; ++index) {
    const auto a = legs_of(all, index);
    const auto b = legs_of(alone, index);
    REQUIRE(a.size() == b.size());
    for (std::size_t leg = 0; leg < a.size(); ++leg) {
      CHECK(a[leg].call_id() == b[leg].call_id());
      CHECK(list(*a[leg].truth, "streams").size() == list(*b[leg].truth, "streams").size());
    }
  }
  options.seed = 2;
  CHECK(first != made("third"));
}

TEST_CASE("the truth lists every leg once, and what the capture holds of each stream") {
  TrafficOptions options = conversations(40);
  options.loss = 0.02;
  const Recording recording = record(options);
  const auto streams = recording.streams();
  std::size_t legs = 0;
  std::size_t listed = 0;
  for (const Value& value : list(recording.truth, "conversations")) {
    const Struct& conversation = value.struct_value();
    const auto index = static_cast<std::uint32_t>(number(conversation, "index"));
    std::string before;
    for (const Leg& leg : legs_of(recording, index)) {
      ++legs;
      CHECK(number(*leg.truth, "conversation") == index);
      CHECK(text(*leg.truth, "kind") == text(conversation, "kind"));
      CHECK(before <= text(*leg.truth, "start"));
      before = text(*leg.truth, "start");
      CHECK_FALSE(ladder(recording, leg).empty());
      for (const Value& stream : list(*leg.truth, "streams")) {
        const Struct& truth = stream.struct_value();
        CHECK(stream_in(streams, &truth).packets.size() == number(truth, "packets"));
        ++listed;
      }
    }
    CHECK(legs_of(recording, index).front().truth->fields().at("joinable").bool_value());
  }
  CHECK(legs == recording.summary.calls);
  CHECK(list(recording.truth, "calls").size() == static_cast<int>(legs));
  CHECK(listed == streams.size());
}

TEST_CASE("every stream goes where the receiver's session description says") {
  const Recording recording = record(conversations(60));
  for (const Value& call : list(recording.truth, "calls")) {
    const Leg leg{&call.struct_value()};
    for (const Value& value : list(*leg.truth, "streams")) {
      const Struct& stream = value.struct_value();
      const std::string destination = text(stream, "destination");
      const std::size_t colon = destination.rfind(':');
      const std::string media = "m=audio " + destination.substr(colon + 1) + " RTP/AVP " +
                                std::to_string(static_cast<int>(number(stream, "payload_type")));
      const std::string sdp = message_with(recording, leg, media);
      CHECK(sdp.find("c=IN IP4 " + destination.substr(0, colon) + "\r\n") != std::string::npos);
      const bool answer = sdp.find("SIP/2.0 200") == 0;
      CHECK(answer == (text(stream, "channel") == "caller"));
    }
  }
}

TEST_CASE("of three phones one answers, and the others are mostly told why they stop ringing") {
  const auto says_why = [](const Recording& recording) {
    return std::all_of(recording.packets.begin(), recording.packets.end(), [](const auto& packet) {
      return packet.payload.find("CANCEL ") != 0 ||
             packet.payload.find(
                 "\r\nReason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n") !=
                 std::string::npos;
    });
  };
  const auto check_fork = [&](const Recording& recording, bool joinable) {
    const auto legs = legs_of(recording, 0);
    REQUIRE(legs.size() == 4);
    int answered = 0;
    for (const Leg& leg : legs) {
      const bool lost = text(*leg.truth, "state") == "cancelled";
      answered += lost ? 0 : 1;
      CHECK(leg.truth->fields().at("joinable").bool_value() == (!lost || joinable));
      if (!lost) continue;
      CHECK(requests(recording, leg) ==
            Steps{"pbx>phone INVITE", "pbx>phone CANCEL", "pbx>phone ACK"});
      CHECK(list(*leg.truth, "streams").empty());
    }
    CHECK(answered == 2);
  };
  check_fork(recording_where(ConversationKind::kFork, says_why), true);
  check_fork(recording_where(ConversationKind::kFork, [&](const auto& r) { return !says_why(r); }),
             false);
}

TEST_CASE("a blind transfer: REFER, NOTIFY, and a leg that says who referred it") {
  const Recording recording = record(conversations(1, {ConversationKind::kBlind}));
  const auto streams = recording.streams();
  const auto legs = legs_of(recording, 0);
  REQUIRE(legs.size() == 3);
  const Steps steps = ladder(recording, legs[1]);
  const Steps wanted = {"pbx>phone INVITE", "phone>pbx 100",    "phone>pbx 180", "phone>pbx 200",
                        "pbx>phone ACK",    "phone>pbx REFER",  "pbx>phone 202", "pbx>phone NOTIFY",
                        "phone>pbx 200",    "pbx>phone NOTIFY", "phone>pbx 200", "phone>pbx BYE",
                        "pbx>phone 200"};
  CHECK(steps == wanted);
  const std::string refer = message_with(recording, legs[1], "REFER sip:");
  CHECK(refer.find("Refer-To: <sip:" + text(*legs[2].truth, "callee")) != std::string::npos);
  const std::string referred = "Referred-By: <sip:" + text(*legs[1].truth, "callee");
  CHECK(refer.find(referred) != std::string::npos);
  CHECK(message_with(recording, legs[2], "INVITE sip:").find(referred) != std::string::npos);
  CHECK(message_with(recording, legs[1], "SIP/2.0 200 OK\r\n").size() > 0);
  CHECK(
      message_with(recording, legs[1], "Subscription-State: terminated")
          .find("Content-Type: message/sipfrag\r\nContent-Length: 16\r\n\r\nSIP/2.0 200 OK\r\n") !=
      std::string::npos);
  // The citizen is heard on in the new leg.
  const ReadStream& citizen = stream_in(streams, voice(legs[0], "caller"));
  check_relayed(citizen, stream_in(streams, voice(legs[1], "caller")));
  check_relayed(citizen, stream_in(streams, voice(legs[2], "caller")));
  CHECK(text(*legs[0].truth, "end") > text(*legs[1].truth, "end"));
}

TEST_CASE("an attended transfer: each Replaces names the dialog that it takes over") {
  const Recording recording = record(conversations(1, {ConversationKind::kAttended}));
  const auto streams = recording.streams();
  const auto legs = legs_of(recording, 0);
  REQUIRE(legs.size() ==
          5);  // trunk, phone, phone asks the PBX, the PBX another phone, and that again
  const Leg& asking = legs[2];
  const Leg& asked = legs[3];
  CHECK(requests(recording, asking).front() == "phone>pbx INVITE");
  CHECK(requests(recording, asked).front() == "pbx>phone INVITE");
  const auto tag = [&](const Leg& leg, const std::string& header) {
    const std::string answer = message_with(recording, leg, "CSeq: 1 INVITE\r\nContact");
    const std::string reply = message_with(recording, leg, "SIP/2.0 200 OK");
    const std::string& source = header == "From" ? answer : reply;
    const std::size_t at = source.find(";tag=", source.find("\r\n" + header + ": "));
    return source.substr(at + 5, 8);
  };
  CHECK(message_with(recording, legs[1], "REFER sip:")
            .find("?Replaces=" + asking.call_id() + "%3Bto-tag%3D" + tag(asking, "To") +
                  "%3Bfrom-tag%3D" + tag(asking, "From") + ">\r\n") != std::string::npos);
  CHECK(message_with(recording, legs[4], "INVITE sip:")
            .find("\r\nReplaces: " + asked.call_id() + ";to-tag=" + tag(asked, "To") +
                  ";from-tag=" + tag(asked, "From") + "\r\n") != std::string::npos);
  check_relayed(stream_in(streams, voice(asking, "caller")),
                stream_in(streams, voice(asked, "caller")));
  check_relayed(stream_in(streams, voice(legs[0], "caller")),
                stream_in(streams, voice(legs[4], "caller")));
  REQUIRE(list(*legs[1].truth, "holds").size() == 1);
  CHECK(text(list(*legs[1].truth, "holds")[0].struct_value(), "to") == text(*legs[1].truth, "end"));
}

TEST_CASE("a neighbour picks the call up, by Replaces or by the PBX's own code") {
  const auto by_header = [](const Recording& recording) {
    return std::any_of(recording.packets.begin(), recording.packets.end(), [](const auto& packet) {
      return packet.payload.find(";early-only\r\n") != std::string::npos;
    });
  };
  const auto check_pickup = [&](const Recording& recording, bool header) {
    const auto legs = legs_of(recording, 0);
    REQUIRE(legs.size() == 3);
    CHECK(text(*legs[1].truth, "state") == "cancelled");
    CHECK(legs[1].truth->fields().at("joinable").bool_value() == header);
    CHECK(requests(recording, legs[2]).front() == "phone>pbx INVITE");
    CHECK((text(*legs[2].truth, "callee") == "*8") != header);
    const auto streams = recording.streams();
    check_relayed(stream_in(streams, voice(legs[0], "caller")),
                  stream_in(streams, voice(legs[2], "callee")));
  };
  check_pickup(recording_where(ConversationKind::kPickup, by_header), true);
  check_pickup(
      recording_where(ConversationKind::kPickup, [&](const auto& r) { return !by_header(r); }),
      false);
}

TEST_CASE("a transfer by the PBX itself shows in no header") {
  const Recording recording = record(conversations(1, {ConversationKind::kReinvite}));
  const auto legs = legs_of(recording, 0);
  REQUIRE(legs.size() == 3);
  CHECK(text(*legs[1].truth, "end") < text(*legs[2].truth, "start"));
  for (const ReadPacket& packet : recording.packets) {
    for (const std::string header : {"REFER", "Replaces", "Referred-By", "Session-ID"}) {
      CHECK(packet.payload.find(header) == std::string::npos);
    }
  }
  const auto streams = recording.streams();
  check_relayed(stream_in(streams, voice(legs[0], "caller")),
                stream_in(streams, voice(legs[2], "caller")));
  // One stream towards the citizen, whoever speaks: its timeline goes on.
  CHECK(list(*legs[0].truth, "streams").size() == 2);
}

TEST_CASE("Session-ID is the same pair in both legs, nil until the other end is known") {
  const Recording recording = record(conversations(1, {ConversationKind::kSessionId}));
  const auto legs = legs_of(recording, 0);
  REQUIRE(legs.size() == 2);
  std::set<std::string> uuids;
  for (const Leg& leg : legs) {
    const std::string invite = message_with(recording, leg, "INVITE sip:");
    const std::size_t at = invite.find("Session-ID: ");
    REQUIRE(at != std::string::npos);
    uuids.insert(invite.substr(at + 12, 32));
    CHECK(invite.substr(at + 44, 41) == ";remote=" + std::string(32, '0') + "\r");
    const std::string answer = message_with(recording, leg, "SIP/2.0 200 OK");
    CHECK(answer.find(";remote=" + *uuids.begin()) != std::string::npos);
  }
  CHECK(uuids.size() == 1);
}

TEST_CASE("with direct media both legs name the same endpoints, and the PBX sends no packet") {
  const Recording recording = record(conversations(2, {ConversationKind::kDirect}));
  for (const ReadPacket& packet : recording.packets) {
    if (!packet.rtp()) continue;
    CHECK(host(packet.source) != "pbx");
    CHECK(host(packet.destination) != "pbx");
  }
  const auto endpoint_of = [&](const Leg& leg, const std::string& start) {
    const std::string message = message_with(recording, leg, start);
    return message.substr(message.find("c=IN"), 24) + message.substr(message.find("m=audio"), 16);
  };
  for (std::uint32_t index = 0; index < 2; ++index) {
    const auto legs = legs_of(recording, index);
    CHECK(endpoint_of(legs[0], "INVITE sip:") == endpoint_of(legs[1], "INVITE sip:"));
    CHECK(endpoint_of(legs[0], "SIP/2.0 200 OK") == endpoint_of(legs[1], "SIP/2.0 200 OK"));
    CHECK(list(*legs[0].truth, "streams").size() == 2);
    CHECK(list(*legs[1].truth, "streams").empty());
  }
}

TEST_CASE("as many conversations as asked for share a number with one that goes on beside them") {
  TrafficOptions options = conversations(200, {ConversationKind::kTwin, ConversationKind::kSingle});
  options.concurrency = 12;
  const auto sharing = [&](double part) {
    options.shared_numbers = part;
    const Recording recording = record(options);
    int counted = 0;
    for (const Value& value : list(recording.truth, "conversations")) {
      counted += value.struct_value().fields().at("shares_number").bool_value() ? 1 : 0;
    }
    const Struct& totals = field(recording.truth, "totals").struct_value();
    CHECK(number(totals, "sharing_a_number") == counted);
    CHECK(recording.summary.sharing_a_number == static_cast<std::uint64_t>(counted));
    return counted / 200.0;
  };
  CHECK(sharing(0) == 0);
  CHECK(sharing(0.3) >= 0.27);
  CHECK(sharing(0.3) <= 0.33);
  CHECK(sharing(1) >= 0.97);
}

TEST_CASE("options that conversations cannot have are refused with a sentence") {
  const auto refusal = [](const std::function<void(TrafficOptions&)>& change) {
    TrafficOptions options;
    options.conversations = 10;
    REQUIRE(check(options));
    change(options);
    const auto sound = check(options);
    REQUIRE_FALSE(sound);
    CHECK(sound.error().kind == ErrorKind::kUsage);
    return sound.error().message;
  };
  using Options = TrafficOptions;
  CHECK(refusal([](Options& o) { o.conversations = 1'000'001; }).find("at most") !=
        std::string::npos);
  CHECK(refusal([](Options& o) { o.shared_numbers = 1.5; }).find("0 to 100 %") !=
        std::string::npos);
  CHECK(refusal([](Options& o) { o.talk = seconds(7); }).find("8 s of talk") != std::string::npos);
  CHECK(refusal([](Options& o) { o.codec = "PCMA"; }).find("PCMU") != std::string::npos);
  CHECK(refusal([](Options& o) { o.packet_time_ms = 40; }).find("10 to 30 ms") !=
        std::string::npos);
  CHECK(refusal([](Options& o) { o.transport = SipTransport::kTcp; }).find("UDP") !=
        std::string::npos);
  CHECK(refusal([](Options& o) { o.digits = "1"; }).find("digits") == 0);
}
