#include "call_file.h"

#include <doctest/doctest.h>

#include "call_builder.h"
#include "capture/pcapng.h"
#include "record.h"
#include "record_in_file.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

using capture::Side;

class SpoolUnderTest {
 public:
  SpoolUnderTest() {
    // Runs of one or two packets, so that a reader crosses extents.
    auto opened =
        capture::Spool::open(folder_ / "spool", {.segment_bytes = 4096, .run_bytes = 200});
    if (!opened) FAIL(opened.error().message);
    spool_ = std::move(*opened);
  }
  PacketBuilder packets() { return PacketBuilder(*spool_); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<capture::Spool> spool_;
};

// What each packet of a pcapng file is known by, in order; the time is checked to be whole.
std::vector<int> marks_of(const std::vector<std::byte>& pcapng) {
  const std::vector<std::byte> preamble = capture::pcapng_preamble(capture::LinkType::kRaw);
  REQUIRE(pcapng.size() >= preamble.size());
  CHECK(std::equal(preamble.begin(), preamble.end(), pcapng.begin()));
  std::vector<int> marks;
  for (std::size_t at = preamble.size(); at < pcapng.size();) {
    const auto packet = capture::read_enhanced_packet(capture::Bytes(pcapng).subspan(at));
    REQUIRE(packet);
    CHECK(packet->packet.size() == 64);
    CHECK(packet->time >= kMorning);
    marks.push_back(static_cast<int>(packet->packet[1]));
    at += packet->block_size;
  }
  return marks;
}

// IPv4, UDP and RTP headers with this payload type around nothing; the mark is the IPv4 TOS byte.
std::vector<std::byte> rtp_datagram(std::uint8_t mark, std::uint8_t payload_type) {
  constexpr std::size_t kSize = 64;
  std::vector<std::byte> bytes(kSize);
  bytes[0] = std::byte{0x45};
  bytes[1] = std::byte{mark};
  bytes[3] = std::byte{kSize};
  bytes[9] = std::byte{17};
  bytes[25] = std::byte{kSize - 20};
  bytes[28] = std::byte{0x80};
  bytes[29] = std::byte{payload_type};
  return bytes;
}

std::vector<decode::Attachment> attachments(CallBuilder& builder) {
  const decode::RenderedCall call = builder.build();
  auto made = attachments_of(call, make_record(call, {}));
  if (!made) FAIL(made.error().message);
  return std::move(*made);
}

TEST_CASE("the record and the signalling are attached") {
  SpoolUnderTest spool;
  CallBuilder call("c1");
  call.signalled_by(spool.packets()
                        .at(kMorning, datagram(1))
                        .at(kMorning + std::chrono::seconds(1), datagram(2))
                        .at(kMorning + std::chrono::seconds(60), datagram(3))
                        .take());
  const auto attached = attachments(call);
  REQUIRE(attached.size() == 2);
  CHECK(attached[0].name == "call.json");
  const auto record = from_json(
      {reinterpret_cast<const char*>(attached[0].bytes.data()), attached[0].bytes.size()});
  REQUIRE(record);
  CHECK(record->call_id() == "c1");
  CHECK(attached[1].name == "signalling.pcapng");
  CHECK(marks_of(attached[1].bytes) == std::vector{1, 2, 3});
}

TEST_CASE("the path inside call.json is empty: files move") {
  CallBuilder call("c1");
  const decode::RenderedCall rendered = call.build();
  CallRecord record = make_record(rendered, {});
  record.mutable_audio()->set_path("calls/somewhere.mka");
  const auto attached = attachments_of(rendered, record);
  REQUIRE(attached);
  const std::string json(reinterpret_cast<const char*>(attached->front().bytes.data()),
                         attached->front().bytes.size());
  CHECK(json.find("somewhere") == std::string::npos);
}

TEST_CASE(
    "streams that the FLAC carries leave no packets; all others are attached whole, by time") {
  SpoolUnderTest spool;
  const auto second = [](int n) { return kMorning + std::chrono::seconds(n); };
  auto g729 = pcmu(Side::kCallee, 2);
  g729.lossless = false;
  auto unheard = pcmu(Side::kCallee, 3);
  unheard.rendered = false;
  CallBuilder call("c1");
  call.with_stream(pcmu(Side::kCaller, 1),
                   spool.packets().at(second(0), datagram(10)).at(second(9), datagram(11)).take());
  call.with_stream(g729, spool.packets()
                             .at(second(1), datagram(20))
                             .at(second(3), datagram(21))
                             .at(second(3), datagram(22))
                             .at(second(6), datagram(23))
                             .take());
  call.with_stream(unheard, spool.packets()
                                .at(second(2), datagram(30))
                                .at(second(3), datagram(31))
                                .at(second(7), datagram(32))
                                .take());
  const auto attached = attachments(call);
  REQUIRE(attached.size() == 2);
  CHECK(attached[1].name == "media.pcapng");
  CHECK(marks_of(attached[1].bytes) == std::vector{20, 30, 21, 22, 31, 23, 32});
}

TEST_CASE("a clean G.711 call has no media attachment") {
  SpoolUnderTest spool;
  CallBuilder call("c1");
  call.with_stream(pcmu(Side::kCaller, 1), spool.packets().at(kMorning, datagram(1)).take());
  CHECK(attachments(call).size() == 1);
}

TEST_CASE("of a G.711 stream only what is no audio is attached: telephone events, comfort noise") {
  SpoolUnderTest spool;
  auto stream = pcmu(Side::kCaller, 1);
  stream.beside_audio = {101, 13};
  CallBuilder call("c1");
  call.with_stream(stream, spool.packets()
                               .at(kMorning, rtp_datagram(1, 0))
                               .at(kMorning, rtp_datagram(2, 101))
                               .at(kMorning, rtp_datagram(3, 0))
                               .at(kMorning, rtp_datagram(4, 13))
                               .at(kMorning, rtp_datagram(5, 0))
                               .take());
  const auto attached = attachments(call);
  REQUIRE(attached.size() == 2);
  CHECK(attached[1].name == "media.pcapng");
  CHECK(marks_of(attached[1].bytes) == std::vector{2, 4});
}

TEST_CASE("packets that tell a redacted digit are left out, by their number in the stream") {
  SpoolUnderTest spool;
  auto stream = pcmu(Side::kCaller, 1);
  stream.lossless = false;
  stream.redacted = {{.from = 0, .to = 1}, {.from = 2, .to = 4}};
  auto other = pcmu(Side::kCallee, 2);
  other.beside_audio = {13};
  other.redacted = {{.from = 1, .to = 2}};
  CallBuilder call("c1");
  const auto at = [](int ms) { return kMorning + std::chrono::milliseconds(ms); };
  PacketBuilder caller = spool.packets();
  for (std::uint8_t i = 0; i < 6; ++i) caller.at(at(20 * i), rtp_datagram(i, 0));
  PacketBuilder callee = spool.packets();
  for (std::uint8_t i = 0; i < 3; ++i) callee.at(at(20 * i + 1), rtp_datagram(10 + i, 13));
  call.with_stream(stream, caller.take()).with_stream(other, callee.take());
  CHECK(marks_of(attachments(call).at(1).bytes) == std::vector{10, 1, 12, 4, 5});
}

TEST_CASE("a redacted call's SIP is kept without its digits, another's as it came") {
  const std::string info =
      "INFO sip:b SIP/2.0\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>;tag=2\r\nCall-ID: c1\r\n"
      "CSeq: 2 INFO\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=5\r\n";
  std::vector<std::byte> ip(28);
  ip[0] = std::byte{0x45};
  ip[2] = static_cast<std::byte>((28 + info.size()) >> 8U);
  ip[3] = static_cast<std::byte>(28 + info.size());
  ip[9] = std::byte{17};
  ip[24] = static_cast<std::byte>((8 + info.size()) >> 8U);
  ip[25] = static_cast<std::byte>(8 + info.size());
  for (const char c : info) ip.push_back(static_cast<std::byte>(c));
  const auto kept = [&](bool redacted) {
    SpoolUnderTest spool;
    CallBuilder call("c1");
    call.signalled_by(spool.packets().at(kMorning, ip).take());
    decode::RenderedCall rendered = call.build();
    rendered.digits_redacted = redacted;
    const auto made = attachments_of(rendered, make_record(rendered, {}));
    REQUIRE(made);
    const auto& bytes = made->at(1).bytes;
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  CHECK(kept(false).find("Signal=5") != std::string::npos);
  CHECK(kept(true).find("Signal=5") == std::string::npos);
  CHECK(kept(true).find("Signal=X") != std::string::npos);
}

TEST_CASE("the waveform is attached where there is one") {
  CallBuilder call("c1");
  decode::RenderedCall rendered = call.build();
  rendered.waveform.assign(28, std::byte{2});
  const auto made = attachments_of(rendered, make_record(rendered, {}));
  REQUIRE(made);
  REQUIRE(made->size() == 2);
  CHECK((*made)[1].name == "waveform.dat");
  CHECK((*made)[1].bytes == rendered.waveform);
}

TEST_CASE("packets keep their order of arrival though the clock stepped back among them") {
  SpoolUnderTest spool;
  CallBuilder call("c1");
  call.signalled_by(spool.packets()
                        .at(kMorning + std::chrono::seconds(5), datagram(1))
                        .at(kMorning + std::chrono::seconds(2), datagram(2))
                        .take());
  CHECK(marks_of(attachments(call).at(1).bytes) == std::vector{1, 2});
}

TEST_CASE("the file's name and the packets in it have the wall clock's time") {
  SpoolUnderTest spool;
  CallBuilder call("c1");
  const Duration day = std::chrono::hours(24);
  call.starting(kMorning - day)
      .signalled_by(
          spool.packets().at(kMorning - day, datagram(1)).at(kMorning - day, datagram(2)).take());
  call.call().wall_offset = day;
  const decode::RenderedCall rendered = call.build();
  CHECK(call_file_path(rendered.call, "ID") ==
        call_file_path(CallBuilder("c1").build().call, "ID"));
  const auto attachments = attachments_of(rendered, make_record(rendered, {}));
  REQUIRE(attachments);
  REQUIRE(attachments->size() == 2);
  CHECK(marks_of((*attachments)[1].bytes) == std::vector<int>{1, 2});  // checks their times, too
}

TEST_CASE("the attachments come back from the file, byte by byte") {
  const TemporaryFolder folder;
  SpoolUnderTest spool;
  CallBuilder builder("c1");
  builder.signalled_by(spool.packets().at(kMorning, datagram(1)).take());
  const decode::RenderedCall call = builder.build();
  CallRecord record = make_record(call, {});
  record.mutable_audio()->set_path(call_file_path(call.call, record.id()));
  const auto made = attachments_of(call, record);
  REQUIRE(made);
  const auto archive = ArchiveFolder::open_for_writing(folder / "archive");
  REQUIRE(archive);
  const auto size = write_call_file(*archive, call, record, /*sync=*/true);
  if (!size) FAIL(size.error().message);

  const auto back = decode::read_attachments(folder / "archive/" + record.audio().path());
  REQUIRE(back);
  REQUIRE(back->size() == made->size());
  for (std::size_t i = 0; i < made->size(); ++i) {
    CHECK((*back)[i].name == (*made)[i].name);
    CHECK((*back)[i].bytes == (*made)[i].bytes);
  }
}

TEST_CASE("a file's name says whose it is, whatever the number in it and whatever lies beside it") {
  const std::string id = "01M7XTQNF2Q5NRV3B8X849YNJM";
  const std::string begin = "/calls/2026/11/21/20261121T011505+0000_";
  CHECK(id_in_name(begin + "0312345678_2311_" + id + ".mka")->text() == id);
  CHECK(id_in_name(begin + "alice.smith_2311_" + id + ".mka")->text() == id);
  CHECK(id_in_name(begin + "alice.smith_bob.j_" + id + ".notes.jsonl")->text() == id);
  CHECK_FALSE(id_in_name("/calls/music.mka"));
  CHECK_FALSE(id_in_name(begin + "0312345678_2311_.mka"));
}

}  // namespace
}  // namespace koegura::store
