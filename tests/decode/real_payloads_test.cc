// What real senders sent, out of ../shared/captures: sample by sample what FFmpeg's command line
// makes of the same payloads.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "ffmpeg_decoder.h"
#include "payload_builder.h"
#include "speech.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

Octets bytes_of_hex(const std::string& hex) {
  Octets bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::byte>(std::stoul(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

// tshark's view of the packets of one payload type, by SSRC, as they came.
std::map<std::string, std::vector<Rtp>> streams_of(const std::string& capture, int payload_type) {
  const std::string lines = command_output(
      "(tshark -r '" + shared_folder() + "/captures/" + capture +
      "' -o rtp.heuristic_rtp:TRUE -Y 'rtp.p_type == " + std::to_string(payload_type) +
      "' -T fields -e rtp.ssrc -e rtp.seq -e rtp.timestamp -e rtp.payload "
      "2>/dev/null)");
  std::map<std::string, std::vector<Rtp>> streams;
  std::istringstream in(lines);
  std::string ssrc;
  Rtp packet;
  packet.payload_type = static_cast<std::uint8_t>(payload_type);
  std::string payload;
  while (in >> ssrc >> packet.sequence >> packet.timestamp >> payload) {
    packet.payload = bytes_of_hex(payload);
    streams[ssrc].push_back(packet);
  }
  return streams;
}

struct Sender {
  const char* capture;
  capture::MediaFormat format;
  std::size_t streams;
  std::size_t least_packets;
  // Of its payloads.
  Samples (*ffmpeg)(const std::vector<Octets>& payloads);
};

Samples as_speex(const std::vector<Octets>& payloads) {
  return ffmpeg_decodes_ogg({"libspeex", 8000, 160}, payloads);
}
Samples as_opus(const std::vector<Octets>& payloads) {
  return ffmpeg_decodes_ogg({"libopus", 48000, 960}, payloads);
}
Samples as_gsm(const std::vector<Octets>& payloads) {
  return ffmpeg_decodes({"gsm", ""}, payloads);
}
Samples as_g722(const std::vector<Octets>& payloads) {
  return ffmpeg_decodes({"g722", ""}, payloads);
}
Samples as_g729(const std::vector<Octets>& payloads) {
  return ffmpeg_decodes({"g729", ""}, payloads);
}
// Octet-aligned, one frame a packet: behind the codec mode request a payload is a frame in storage
// format.
Samples as_amr_wb(const std::vector<Octets>& payloads) {
  std::vector<Octets> frames;
  for (const Octets& payload : payloads) frames.emplace_back(payload.begin() + 1, payload.end());
  return ffmpeg_decodes({"amr", "#!AMR-WB\n"}, frames);
}

const Sender kSenders[] = {
    {"lundgrel+sipp-scenarios/sip-rtp-g729a.pcap", format(18, "G729"), 1, 400, as_g729},
    {"nesfit+Codecs/codecs3-amr-wb.pcap", format(123, "AMR-WB", 16000), 2, 300, as_amr_wb},
    {"nesfit+Codecs/codecs3-gsm.pcap", format(3, "GSM"), 2, 300, as_gsm},
    {"nesfit+Codecs/codecs3-speex8.pcap", format(115, "speex"), 2, 300, as_speex},
    {"kuko6+mtaa-sip-proxy/hovor_rtp.pcapng", format(96, "opus", 48000), 2, 300, as_opus},
    {"NormB+sipnab/sip-rtp-g722.pcap", format(9, "G722"), 1, 400, as_g722},
};

}  // namespace

TEST_CASE("G.729, AMR-WB, GSM, Speex, Opus and G.722 of real captures") {
  for (const Sender& sender : kSenders) {
    CAPTURE(std::string(sender.capture));
    const auto streams = streams_of(sender.capture, sender.format.payload_type);
    CHECK(streams.size() == sender.streams);
    for (const auto& stream_of : streams) {
      const std::vector<Rtp>& packets = stream_of.second;
      CAPTURE(stream_of.first);
      REQUIRE(packets.size() >= sender.least_packets);
      CallBuilder call;
      StreamBuilder& stream = call.format(Side::kCaller, sender.format).stream(Side::kCaller);
      std::vector<Octets> payloads;
      for (Rtp packet : packets) {
        // As their own clock has it: some of these senders' clocks are corrected otherwise.
        packet.at_ms =
            1000.0 * (packet.timestamp - packets[0].timestamp) / sender.format.clock_rate;
        stream.rtp(packet);
        payloads.push_back(packet.payload);
      }
      const RenderedCall rendered = call.render();
      const Samples expected = sender.ffmpeg(payloads);
      CHECK(std::any_of(expected.begin(), expected.end(), [](int sample) { return sample != 0; }));
      CHECK(listen(rendered, call.folder()).caller == expected);
      CHECK(spans_of(rendered, SpanKind::kUndecodable).empty());
    }
  }
}
