// Session descriptions as phones write them: parse_sdp.

#include "capture/sdp.h"

#include <doctest/doctest.h>

#include <string>

namespace koegura::capture {
namespace {

Sdp read(std::string_view text) {
  auto sdp = parse_sdp(text);
  REQUIRE(sdp);
  return std::move(*sdp);
}

// The one media line of a description with an address, and what stands behind it.
SdpMedia audio(const std::string& line_and_attributes) {
  const std::string text = "v=0\r\nc=IN IP4 192.0.2.1\r\nm=" + line_and_attributes;
  Sdp sdp = read(text);
  REQUIRE(sdp.media.size() == 1);
  return std::move(sdp.media[0]);
}

}  // namespace

TEST_CASE("a media line names its endpoint and its formats in order") {
  const Sdp sdp = read(
      "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
      "m=audio 4000 RTP/AVP 96 0 101\r\na=rtpmap:96 opus/48000/2\r\n"
      "a=fmtp:96 stereo=1; useinbandfec=1\r\na=rtpmap:101 telephone-event/8000\r\n"
      "a=fmtp:101 0-16\r\na=ptime:30\r\na=sendonly\r\n");
  REQUIRE(sdp.media.size() == 1);
  const SdpMedia& media = sdp.media[0];
  CHECK(media.kind == MediaKind::kAudio);
  CHECK(media.protocol == "RTP/AVP");
  CHECK(media.direction == MediaDirection::kSendOnly);
  CHECK(media.packet_time_ms == 30);
  CHECK(media.endpoint()->to_string() == "192.0.2.1:4000");
  CHECK(media.rtcp_endpoint(*media.endpoint()).port == 4001);
  REQUIRE(media.formats.size() == 3);
  CHECK(media.formats[0].payload_type == 96);
  CHECK(media.formats[0].encoding == "opus");
  CHECK(media.formats[0].clock_rate == 48000);
  CHECK(media.formats[0].channels == 2);
  CHECK(media.formats[0].fmtp == "stereo=1; useinbandfec=1");
  CHECK(media.formats[1].encoding == "PCMU");
  CHECK(media.formats[2].fmtp == "0-16");
}

TEST_CASE("static payload types need no rtpmap") {
  const SdpMedia media = audio("audio 4000 RTP/AVP 0 3 4 8 9 10 13 15 18 34 35\r\n");
  REQUIRE(media.formats.size() == 11);
  CHECK(media.formats[1].encoding == "GSM");
  CHECK(media.formats[2].encoding == "G723");
  CHECK(media.formats[4].encoding == "G722");
  CHECK(media.formats[4].clock_rate == 8000);  // RFC 3551 §4.5.2
  CHECK(media.formats[5].channels == 2);
  CHECK(media.formats[8].encoding == "G729");
  CHECK(media.formats[9].clock_rate == 90000);
  CHECK(media.formats[10].encoding.empty());
}

TEST_CASE("an rtpmap wins over the static type, and what it lacks is filled from there") {
  const SdpMedia media = audio(
      "audio 4000 RTP/AVP 8 31 0\r\na=rtpmap:8 AMR/8000\r\na=RTPMAP: 31 LPC\r\n"
      "a=rtpmap:0 pcmu/8000/0\r\n");
  CHECK(media.formats[0].encoding == "AMR");
  CHECK(media.formats[1].encoding == "LPC");
  CHECK(media.formats[1].clock_rate == 90000);
  CHECK(media.formats[2].encoding == "pcmu");
  CHECK(media.formats[2].channels == 1);
}

TEST_CASE("what the session says counts for media that say nothing") {
  const Sdp sdp = read(
      "c=IN IP4 192.0.2.1\na=inactive\na=ptime:40\nm=audio 4000 RTP/AVP 0\n"
      "m=video 4002 RTP/AVP 31\nc=IN IP4 192.0.2.2\na=sendrecv\n");
  REQUIRE(sdp.media.size() == 2);
  CHECK(sdp.media[0].direction == MediaDirection::kInactive);
  CHECK(sdp.media[0].packet_time_ms == 40);
  CHECK(sdp.media[0].endpoint()->to_string() == "192.0.2.1:4000");
  CHECK(sdp.media[1].kind == MediaKind::kVideo);
  CHECK(sdp.media[1].direction == MediaDirection::kSendRecv);
  CHECK(sdp.media[1].endpoint()->to_string() == "192.0.2.2:4002");
}

TEST_CASE("RTCP is one port up, where a=rtcp says, or with the media") {
  const auto rtcp = [](const std::string& attributes) {
    const SdpMedia media = audio("audio 4000 RTP/AVP 0\r\n" + attributes);
    return media.rtcp_endpoint(media.endpoint().value()).to_string();
  };
  CHECK(rtcp("") == "192.0.2.1:4001");
  CHECK(rtcp("a=rtcp:5005\r\n") == "192.0.2.1:5005");
  CHECK(rtcp("a=rtcp:5005 IN IP4 192.0.2.7\r\n") == "192.0.2.7:5005");
  CHECK(rtcp("a=rtcp:5005\r\na=rtcp-mux\r\n") == "192.0.2.1:4000");
}

TEST_CASE("addresses: IPv6, multicast with TTL, unspecified, and a host name that names none") {
  const auto endpoint = [](const std::string& connection) {
    const std::string text = "c=" + connection + "\r\nm=audio 4000 RTP/AVP 0\r\n";
    return read(text).media.at(0).endpoint();
  };
  CHECK(endpoint("IN IP6 2001:db8::1")->to_string() == "[2001:db8::1]:4000");
  CHECK(endpoint("IN IP4 224.2.1.1/127/3")->to_string() == "224.2.1.1:4000");
  CHECK(endpoint("IN IP4 0.0.0.0")->address.is_unspecified());
  CHECK_FALSE(endpoint("IN IP4 phone.example.jp"));
  CHECK_FALSE(endpoint(""));
}

TEST_CASE("port 0 is no endpoint") {
  CHECK_FALSE(audio("audio 0 RTP/AVP 0\r\n").endpoint());
  CHECK(audio("audio 4000/2 RTP/AVP 0\r\n").endpoint()->port == 4000);
}

TEST_CASE("the profile says whether the media is encrypted") {
  CHECK_FALSE(
      audio("audio 1 RTP/AVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n").encrypted());
  CHECK(audio("audio 1 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n").encrypted());
  CHECK(audio("audio 1 RTP/SAVPF 0\r\n").encrypted());
  CHECK(audio("audio 1 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 00\r\n").encrypted());
  CHECK(audio("audio 1 RTP/SAVP 0\r\na=fingerprint:sha-256 00\r\n").fingerprint);
  CHECK_FALSE(audio("audio 1 RTP/SAVP 0\r\n").fingerprint);
}

TEST_CASE("a=crypto is read with its media line, up to a bound") {
  const std::string key = "inline:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNk";
  std::string text = "audio 1 RTP/SAVP 0\r\n";
  for (int tag = 1; tag <= 20; ++tag) {
    text += "a=crypto:" + std::to_string(tag) + " AES_CM_128_HMAC_SHA1_80 " + key + "\r\n";
  }
  const SdpMedia media = audio(text);
  CHECK(media.crypto_lines.size() == kMaxSdpCrypto);
  CHECK(media.crypto_lines[0].keys.size() == 1);
  CHECK(audio("audio 1 RTP/SAVP 0\r\n").crypto_lines.empty());
}

TEST_CASE("T.38 is an image over udptl without payload types") {
  const SdpMedia media = audio("image 5000 udptl t38\r\na=T38FaxVersion:0\r\n");
  CHECK(media.kind == MediaKind::kImage);
  CHECK(media.protocol == "udptl");
  CHECK(media.t38_version == 0);
  CHECK(audio("image 5000 udptl t38\r\na=T38FaxVersion: 3\r\n").t38_version == 3);
  CHECK(media.formats.empty());
  CHECK_FALSE(media.encrypted());
}

TEST_CASE("an unreadable media line is passed over with its attributes") {
  const Sdp sdp = read(
      "c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\nm=video many RTP/AVP 31\na=inactive\n"
      "c=IN IP4 192.0.2.99\n");
  REQUIRE(sdp.media.size() == 1);
  CHECK(sdp.media[0].direction == MediaDirection::kSendRecv);
  CHECK(sdp.media[0].endpoint()->to_string() == "192.0.2.1:4000");
}

TEST_CASE("noise between the lines is passed over") {
  const Sdp sdp = read(
      "\r\n  v=0\r\nnonsense\r\n=\r\nx\r\nC=IN IP4 192.0.2.1\r\n\r\nM=AUDIO 4000 RTP/AVP 0 zero "
      "300\r\n"
      "a=\r\na=rtpmap\r\na=rtpmap:\r\na=rtpmap:x y\r\na=rtpmap:7 "
      "LPC/8000\r\na=fmtp:0\r\na=rtcp:\r\n"
      "a=candidate:1 1 UDP 1 192.0.2.3 5 typ host\r\n");
  REQUIRE(sdp.media.size() == 1);
  CHECK(sdp.media[0].kind == MediaKind::kAudio);
  CHECK(sdp.media[0].formats.size() == 1);
  CHECK(sdp.media[0].endpoint()->to_string() == "192.0.2.1:4000");
}

TEST_CASE("what is no description has a defect; one without media is an empty one") {
  CHECK(parse_sdp("").error() == Defect::kSdpBadLine);
  CHECK(parse_sdp("hello\r\nworld\r\n").error() == Defect::kSdpBadLine);
  CHECK(parse_sdp("v=0\r\nm=audio\r\n").error() == Defect::kSdpBadMedia);
  CHECK(read("v=0\r\n").media.empty());
}

TEST_CASE("candidates over UDP with an address are where media may arrive as well") {
  const SdpMedia media = audio(
      "audio 4000 RTP/AVP 0\r\na=candidate:1 1 UDP 2130706431 192.0.2.3 5000 typ host\r\n"
      "a=candidate:1 2 udp 2130706430 192.0.2.3 5009 typ host\r\n"
      "a=candidate:2 1 UDP 1694498815 198.51.100.1 45664 typ srflx raddr 192.0.2.3 rport 5000\r\n"
      "A=Candidate:3 1 UDP 16777215 2001:db8::9 3478 typ relay raddr 192.0.2.3 rport 5000\r\n"
      "a=candidate:4 1 TCP 1518280447 192.0.2.3 9 typ host tcptype active\r\n"
      "a=candidate:5 1 UDP 2130706431 8f1c.local 5000 typ host\r\n"
      "a=candidate:6 3 UDP 2130706431 192.0.2.3 5000 typ host\r\n"
      "a=candidate:7 1 UDP 2130706431 192.0.2.3 0 typ host\r\n"
      "a=candidate:8 1 UDP 2130706431 0.0.0.0 5000 typ host\r\n"
      "a=candidate:9 1 UDP\r\na=candidate:\r\na=candidate\r\n");
  REQUIRE(media.candidates.size() == 4);
  CHECK(media.candidates[0].endpoint.to_string() == "192.0.2.3:5000");
  CHECK(media.candidates[1].component == 2);
  CHECK(media.candidates[2].endpoint.to_string() == "198.51.100.1:45664");
  CHECK(media.candidates[3].endpoint.to_string() == "[2001:db8::9]:3478");
  CHECK(media.rtcp_of_candidate(media.candidates[0].endpoint).port == 5009);
  CHECK(media.rtcp_of_candidate(media.candidates[2].endpoint).port == 45664);
  CHECK(media.endpoint()->to_string() == "192.0.2.1:4000");
}

TEST_CASE("0.0.0.0 with port 9 waits for candidates; with another port it holds") {
  const auto waits = [](const std::string& connection, const std::string& port) {
    const std::string text = "c=" + connection + "\r\nm=audio " + port + " RTP/SAVPF 0\r\n";
    return read(text).media.at(0).awaits_candidates();
  };
  CHECK(waits("IN IP4 0.0.0.0", "9"));
  CHECK(waits("IN IP6 ::", "9"));
  CHECK_FALSE(waits("IN IP4 0.0.0.0", "4000"));
  CHECK_FALSE(waits("IN IP4 192.0.2.1", "9"));
}

TEST_CASE("a bundle-only line is where the first line is, and a port 0 without it is refused") {
  const Sdp sdp = read(
      "m=audio 4000 RTP/AVP 0\r\nc=IN IP4 192.0.2.1\r\na=rtcp-mux\r\n"
      "m=video 0 RTP/AVP 31\r\na=bundle-only\r\nm=video 0 RTP/AVP 31\r\n");
  REQUIRE(sdp.media.size() == 3);
  CHECK(sdp.media[1].endpoint()->to_string() == "192.0.2.1:4000");
  CHECK(sdp.media[1].rtcp_endpoint(*sdp.media[1].endpoint()).port == 4000);
  CHECK_FALSE(sdp.media[2].endpoint());
  CHECK_FALSE(read("m=video 0 RTP/AVP 31\r\na=bundle-only\r\n").media[0].endpoint());
}

TEST_CASE("media, formats, candidates and their text are bounded") {
  std::string text = "c=IN IP4 192.0.2.1\n";
  for (int i = 0; i < 100; ++i) text += "m=audio 4000 RTP/AVP 0\n";
  CHECK(read(text).media.size() == kMaxSdpMedia);
  std::string line = "m=audio 4000 RTP/AVP";
  for (int i = 0; i < 500; ++i) line += " 0";
  CHECK(read(line).media[0].formats.size() == kMaxSdpFormats);
  std::string candidates = "m=audio 4000 RTP/AVP 0\n";
  for (int i = 0; i < 500; ++i) candidates += "a=candidate:1 1 UDP 1 192.0.2.1 1 typ host\n";
  CHECK(read(candidates).media[0].candidates.size() == kMaxSdpCandidates);
  const std::string much(10000, 'x');
  const SdpMedia media =
      audio("audio 4000 " + much + " 96\na=rtpmap:96 " + much + "/8000\na=fmtp:96 " + much + "\n");
  CHECK(media.protocol.size() == kMaxSdpText);
  CHECK(media.formats[0].encoding.size() == kMaxSdpText);
  CHECK(media.formats[0].clock_rate == 8000);
  CHECK(media.formats[0].fmtp.size() == kMaxSdpText);
}

}  // namespace koegura::capture
