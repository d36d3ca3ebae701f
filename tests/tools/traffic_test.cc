#include "traffic/traffic.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "traffic_story.h"

using namespace koegura;
using namespace koegura::traffic;
using namespace koegura::traffic::test;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

// RFC 1071, the slow way. 0 for a datagram whose checksum is right.
std::uint16_t checksum(std::string_view bytes, std::uint32_t sum = 0) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<unsigned char>(bytes[i]) << (i % 2 == 0 ? 8U : 0U);
  }
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

// The pseudo header is the addresses, the length and the protocol (RFC 768, RFC 8200 §8.1).
std::uint16_t transport_checksum(const ReadPacket& packet) {
  const bool v4 = packet.source.address.is_v4();
  const std::string_view ip = packet.ip;
  const std::string_view addresses = v4 ? ip.substr(12, 8) : ip.substr(8, 32);
  const std::string_view transport = ip.substr(v4 ? 20 : 40);
  return checksum(std::string(addresses) + std::string(transport),
                  (packet.tcp ? 6U : 17U) + static_cast<std::uint32_t>(transport.size()));
}

std::string ladder(const Recording& recording, const std::string& call_id) {
  std::string steps;
  for (const ReadPacket& packet : recording.packets) {
    if (!packet.sip()) continue;
    const auto message = capture::parse_sip(packet.bytes());
    REQUIRE(message);
    if (message->call_id != call_id) continue;
    steps += packet.source.address.to_string() == "192.0.2.10" ? " >" : " <";
    steps += message->is_request() ? std::string(message->method) : std::to_string(message->status);
    const auto direction = message->body.find("a=send") != std::string_view::npos ||
                                   message->body.find("a=recv") != std::string_view::npos
                               ? message->body.substr(message->body.rfind("a=") + 2, 8)
                               : std::string_view();
    if (!direction.empty()) steps += "(" + std::string(direction) + ")";
  }
  return steps;
}

std::string ladder_of(Outcome outcome, TrafficOptions options = short_calls(1)) {
  options.outcomes = {outcome};
  const Recording recording = record(options);
  return ladder(recording, text(call_of(recording.truth, 0), "call_id"));
}

}  // namespace

TEST_CASE("every frame can be taken apart, is in order of time, and has right checksums") {
  TrafficOptions options = short_calls(3);
  options.talk = seconds(6);  // long enough for a sender report
  options.digits = "1";       // an event's frame is padded to Ethernet's least length
  std::string name = "a.pcap";
  SUBCASE("IPv4 in pcap") {}
  SUBCASE("IPv6 in pcap") {
    options.ipv6 = true;
  }
  SUBCASE("IPv4 with VLAN in pcapng") {
    options.vlan = 100;
    name = "a.pcapng";
  }
  SUBCASE("IPv6 with VLAN, SIP over TCP, in pcapng") {
    options.vlan = 4094;
    options.ipv6 = true;
    options.transport = SipTransport::kTcp;
    name = "a.pcapng";
  }
  SUBCASE("everything that a network does") {
    options.loss = options.reorder = options.duplicate = 0.1;
    options.jitter = milliseconds(50);
  }
  const Recording recording = record(options, name);
  CHECK(recording.frames == recording.summary.frames);
  CHECK(recording.accounting.accounted() == 0);  // no frame was malformed, none was not IP
  std::uint64_t sip = 0;
  std::uint64_t rtp = 0;
  std::uint64_t rtcp = 0;
  Timestamp last;
  for (const ReadPacket& packet : recording.packets) {
    CHECK(last <= packet.time);
    last = packet.time;
    sip += packet.sip() ? 1 : 0;
    rtp += packet.rtp() ? 1 : 0;
    rtcp += packet.rtcp() ? 1 : 0;
    if (packet.rtcp()) CHECK(capture::looks_like_rtcp(packet.bytes()));
    CHECK(transport_checksum(packet) == 0);
    if (packet.source.address.is_v4()) CHECK(checksum(packet.ip.substr(0, 20)) == 0);
  }
  CHECK(sip == recording.summary.sip);
  CHECK(rtp == recording.summary.rtp);
  CHECK(rtcp == recording.summary.rtcp);
  CHECK(rtcp == 6);
  const Struct& totals = field(recording.truth, "totals").struct_value();
  CHECK(number(totals, "frames") == static_cast<double>(recording.frames));
  CHECK(number(totals, "bytes") == static_cast<double>(recording.summary.bytes));
}

TEST_CASE("the same options give the same bytes, another seed gives others") {
  TrafficOptions options = short_calls(5);
  options.loss = options.reorder = options.duplicate = 0.05;
  options.jitter = milliseconds(40);
  const Folder folder;
  const auto made = [&](const std::string& name) {
    REQUIRE(generate(options, folder / name + ".pcap", folder / name + ".json"));
    return contents(folder / name + ".pcap") + contents(folder / name + ".json");
  };
  const std::string first = made("first");
  CHECK(first == made("second"));
  options.seed = 2;
  CHECK(first != made("third"));
}

TEST_CASE("a call is the same whichever calls run beside it") {
  const auto voice = [](std::uint32_t concurrency) {
    TrafficOptions options = short_calls(4);
    options.concurrency = concurrency;
    const Recording recording = record(options);
    const Struct& call = call_of(recording.truth, 3);
    return text(call, "call_id") + text(stream_of(call, Side::kCallee), "audio_sha256");
  };
  CHECK(voice(1) == voice(4));
}

TEST_CASE("never more calls are going on than asked for, and that many are") {
  TrafficOptions options = short_calls(12);
  options.concurrency = 3;
  const Recording recording = record(options);
  std::vector<std::pair<std::string, int>> changes;  // RFC 3339 in UTC sorts by time
  for (const Value& call : list(recording.truth, "calls")) {
    changes.emplace_back(text(call.struct_value(), "start"), 1);
    changes.emplace_back(text(call.struct_value(), "end"), -1);
  }
  std::sort(changes.begin(), changes.end());
  int going_on = 0;
  int most = 0;
  for (const auto& change : changes) most = std::max(most, going_on += change.second);
  CHECK(most == 3);
  CHECK(list(recording.truth, "calls").size() == 12);
}

TEST_CASE("each outcome has its ladder") {
  CHECK(ladder_of(Outcome::kAnswered) ==
        " >INVITE(sendrecv) <100 <180 <200(sendrecv) >ACK >BYE <200");
  CHECK(ladder_of(Outcome::kBusy) == " >INVITE(sendrecv) <100 <486 >ACK");
  CHECK(ladder_of(Outcome::kMissed) == " >INVITE(sendrecv) <100 <180 <480 >ACK");
  CHECK(ladder_of(Outcome::kCancelled) == " >INVITE(sendrecv) <100 <180 >CANCEL <200 <487 >ACK");
  TrafficOptions unended = short_calls(1);
  unended.bye = false;
  CHECK(ladder_of(Outcome::kAnswered, unended) ==
        " >INVITE(sendrecv) <100 <180 <200(sendrecv) >ACK");
  TrafficOptions held = short_calls(1);
  held.hold = Hold{milliseconds(500), milliseconds(800)};
  CHECK(ladder_of(Outcome::kAnswered, held) ==
        " >INVITE(sendrecv) <100 <180 <200(sendrecv) >ACK"
        " <INVITE(sendonly) >200(recvonly) <ACK <INVITE(sendrecv) >200(sendrecv) <ACK >BYE <200");
}

TEST_CASE("outcomes take turns, and the truth file says which call had which") {
  TrafficOptions options = short_calls(6);
  options.outcomes = {Outcome::kAnswered, Outcome::kMissed, Outcome::kBusy};
  const Recording recording = record(options);
  CHECK(text(call_of(recording.truth, 3), "state") == "answered");
  const Struct& missed = call_of(recording.truth, 4);
  CHECK(text(missed, "state") == "missed");
  CHECK(missed.fields().count("answered") == 0);
  CHECK(list(missed, "streams").empty());
  const Struct& busy = call_of(recording.truth, 5);
  CHECK(text(busy, "state") == "busy");
  CHECK(busy.fields().count("ringing") == 0);
  CHECK(number(field(busy, "release").struct_value(), "code") == 486);
}

TEST_CASE("a TCP byte stream has no gap, and holds every message whole") {
  TrafficOptions options = short_calls(3);
  options.transport = SipTransport::kTcp;
  options.tcp_segment_bytes = 97;  // no message fits
  const Recording recording = record(options);
  std::map<std::string, std::string> sent;
  std::map<std::string, std::uint32_t> next;
  for (const ReadPacket& packet : recording.packets) {
    if (!packet.tcp) continue;
    const std::string sender = packet.source.address.to_string();
    const bool syn = (packet.tcp_flags & 0x02U) != 0;
    if (!syn) CHECK(packet.tcp_sequence == next[sender]);
    next[sender] =
        packet.tcp_sequence + static_cast<std::uint32_t>(packet.payload.size()) + (syn ? 1U : 0U);
    sent[sender] += packet.payload;
  }
  int messages = 0;
  for (const auto& stream : sent) {
    auto rest = std::as_bytes(std::span(stream.second));
    while (!rest.empty()) {
      const auto length = capture::sip_message_length(rest);
      REQUIRE(length);
      REQUIRE(*length > 0);
      CHECK(capture::parse_sip(rest.first(*length)));
      rest = rest.subspan(*length);
      ++messages;
    }
  }
  CHECK(messages == 3 * 7);
}

TEST_CASE("options that make no sense are refused with a sentence") {
  const auto refusal = [](const std::function<void(TrafficOptions&)>& change) {
    TrafficOptions options;
    change(options);
    const auto sound = check(options);
    REQUIRE_FALSE(sound);
    CHECK(sound.error().kind == ErrorKind::kUsage);
    return sound.error().message;
  };
  using Options = TrafficOptions;
  CHECK(check(Options{}));
  CHECK(refusal([](Options& o) { o.calls = 0; }).find("calls must be") == 0);
  CHECK(refusal([](Options& o) { o.concurrency = 50'001; }).find("concurrent calls") == 0);
  CHECK(refusal([](Options& o) { o.talk = milliseconds(999); }).find("length") !=
        std::string::npos);
  CHECK(refusal([](Options& o) { o.outcomes.clear(); }).find("outcome") != std::string::npos);
  CHECK(refusal([](Options& o) { o.loss = 1.01; }).find("0 to 100 %") != std::string::npos);
  CHECK(refusal([](Options& o) { o.reorder = -0.1; }).find("0 to 100 %") != std::string::npos);
  CHECK(refusal([](Options& o) { o.jitter = seconds(6); }).find("jitter") != std::string::npos);
  CHECK(refusal([](Options& o) { o.vlan = 4095; }).find("VLAN") != std::string::npos);
  CHECK(refusal([](Options& o) { o.digits = "12x"; }).find("digits are") == 0);
  CHECK(refusal([](Options& o) { o.digits = std::string(100, '1'); }).find("100 digits") == 0);
  CHECK(refusal([](Options& o) {
          o.hold = Hold{seconds(5), seconds(20)};
        }).find("hold") != std::string::npos);
  CHECK(refusal([](Options& o) { o.packet_time_ms = 201; }).find("packet time") !=
        std::string::npos);
  CHECK(refusal([](Options& o) { o.start = Timestamp(); }).find("start") != std::string::npos);
  CHECK(refusal([](Options& o) {
          o.codec = "L16";
          o.packet_time_ms = 100;
        }) == "100 ms of L16 do not fit into one packet");
  CHECK(refusal([](Options& o) { o.srtp = "F8_128_HMAC_SHA1_80"; }).find("SRTP's suite") == 0);
  CHECK(refusal([](Options& o) { o.padding = 256; }).find("the padding must be") == 0);
  CHECK(refusal([](Options& o) { o.srtp_tells_keys = false; }).find("plain RTP") == 0);
  CHECK(refusal([](Options& o) { o.rekey_at = seconds(5); }).find("new keys are for") == 0);
  CHECK(refusal([](Options& o) {
          o.srtp = "AEAD_AES_128_GCM";
          o.rekey_at = seconds(20);
        }).find("new keys must come") == 0);
  const std::string codec = refusal([](Options& o) { o.codec = "G729"; });
  CHECK(codec.find("codec G729 cannot be made here; these can: PCMU, PCMA, L16") == 0);
}

TEST_CASE("a failure names the path, and leaves neither file behind") {
  const Folder folder;
  const TrafficOptions options = short_calls(1);
  const auto nowhere = generate(options, folder / "missing/a.pcap", "");
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().message ==
        "cannot write " + (folder / "missing/a.pcap") + ": No such file or directory");

  const auto full = generate(options, "/dev/full", folder / "a.json");
  REQUIRE_FALSE(full);
  CHECK(full.error().message == "cannot write /dev/full: No space left on device");
  CHECK_FALSE(std::filesystem::exists(folder / "a.json"));

  const auto no_truth = generate(options, folder / "a.pcap", "/dev/full");
  REQUIRE_FALSE(no_truth);
  CHECK_FALSE(std::filesystem::exists(folder / "a.pcap"));
  CHECK(std::filesystem::exists("/dev/full"));

  const auto same = generate(options, folder / "a", folder / "a");
  REQUIRE_FALSE(same);
  CHECK(same.error().kind == ErrorKind::kUsage);
}
