#include "decode/matroska.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmath>
#include <thread>

#include "call_builder.h"
#include "command_output.h"
#include "decode/encoded_flac.h"
#include "flac_decoder.h"

using namespace koegura;
using namespace koegura::decode;
using namespace koegura::decode::test;

namespace {

// A call whose caller hums at 400 Hz and whose callee is silent on the wire.
RenderedCall humming_call(CallBuilder& call, unsigned packets = 500) {
  StreamBuilder& hum = call.stream(Side::kCaller, 1);
  StreamBuilder& silence = call.stream(Side::kCallee, 2);
  for (unsigned i = 0; i < packets; ++i) {
    Octets payload;
    for (unsigned n = 0; n < 160; ++n) {
      const double phase = 2 * M_PI * 400 * (160 * i + n) / 8000;
      const auto sample = static_cast<std::int16_t>(8000 * std::sin(phase));
      payload.push_back(static_cast<std::byte>(mu_law_code(sample)));
    }
    const auto sequence = static_cast<std::uint16_t>(i);
    hum.rtp({.at_ms = 20.0 * i, .sequence = sequence, .timestamp = 160 * i, .payload = payload});
    silence.rtp({.at_ms = 20.0 * i,
                 .sequence = sequence,
                 .timestamp = 160 * i,
                 .payload = Octets(160, std::byte{0xFF})});
  }
  return call.lasts_ms(20.0 * packets).render();
}

MatroskaFile file_of(const RenderedCall& call) {
  MatroskaFile file;
  file.title = "0312345678 → 2301";
  file.date = at_ms(0);
  file.tags = {{"SUBJECT", "水道"}, {"ENCODER_SETTINGS", ""}};
  file.chapters = call.chapters;
  file.attachments = {{.name = "call.json",
                       .mime_type = "application/json",
                       .bytes = capture::test::octets(R"({"id":"X"})")},
                      {.name = "signalling.pcapng",
                       .mime_type = "application/x-pcapng",
                       .bytes = Octets(70'000, std::byte{7})}};
  return file;
}

struct OpenFile {
  explicit OpenFile(const std::string& path)
      : fd(open(path.c_str(), O_CREAT | O_TRUNC | O_RDWR, 0600)) {
    REQUIRE(fd >= 0);
  }
  ~OpenFile() { close(fd); }
  int fd;
};

}  // namespace

TEST_CASE("attachments come back byte for byte, in order, with their names and types") {
  CallBuilder call;
  const RenderedCall rendered = humming_call(call, 50);
  const std::string path = call.folder() / "a.mka";
  MatroskaFile file = file_of(rendered);
  file.attachments.push_back(
      {.name = "fax.tiff", .mime_type = "image/tiff", .bytes = Octets(500, std::byte{8})});
  REQUIRE(write_matroska(path, file, rendered.audio));
  const auto attachments = read_attachments(path);
  REQUIRE(attachments);
  REQUIRE(attachments->size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK((*attachments)[i].name == file.attachments[i].name);
    CHECK((*attachments)[i].mime_type == file.attachments[i].mime_type);
    CHECK((*attachments)[i].bytes == file.attachments[i].bytes);
    const auto one = read_attachment(path, file.attachments[i].name);
    REQUIRE(one);
    CHECK(one->mime_type == file.attachments[i].mime_type);
    CHECK(one->bytes == file.attachments[i].bytes);
  }
  const auto none = read_attachment(path, "call.jso");
  REQUIRE_FALSE(none);
  CHECK(none.error().message == path + ": it has no attachment call.jso");
}

TEST_CASE("the file is 0640 whatever the umask, and never written over another") {
  CallBuilder call;
  const RenderedCall rendered = humming_call(call, 50);
  const std::string path = call.folder() / "a.mka";
  const mode_t before = umask(0077);
  REQUIRE(write_matroska(path, file_of(rendered), rendered.audio));
  umask(before);
  struct stat info {};
  REQUIRE(stat(path.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0640);
  const auto again = write_matroska(path, file_of(rendered), rendered.audio);
  REQUIRE_FALSE(again);
  CHECK(again.error().message.find(path) == 0);
  CHECK(std::filesystem::file_size(path) == static_cast<std::uintmax_t>(info.st_size));
}

TEST_CASE("the same call gives the same bytes") {
  CallBuilder call;
  const RenderedCall rendered = humming_call(call, 50);
  REQUIRE(write_matroska(call.folder() / "a.mka", file_of(rendered), rendered.audio));
  REQUIRE(write_matroska(call.folder() / "b.mka", file_of(rendered), rendered.audio));
  CHECK(read_file(call.folder() / "a.mka") == read_file(call.folder() / "b.mka"));
}

TEST_CASE("other programs read the file: duration, tags, chapters, every sample") {
  CallBuilder call;
  const RenderedCall rendered = humming_call(call);
  const std::string path = call.folder() / "a.mka";
  MatroskaFile file = file_of(rendered);
  file.chapters = {{.title = "ringing", .from_s = 0, .to_s = 2.5},
                   {.title = "talk", .from_s = 2.5, .to_s = 10}};
  REQUIRE(write_matroska(path, file, rendered.audio));
  const std::string probe =
      command_output("ffprobe -v error -show_format -show_chapters -show_streams " + path);
  CHECK(probe.find("codec_name=flac") != std::string::npos);
  CHECK(probe.find("duration=10.0") != std::string::npos);
  CHECK(probe.find("TAG:title=0312345678 → 2301") != std::string::npos);
  CHECK(probe.find("DATE_RECORDED=2026-09-21 14:13:20.000") != std::string::npos);
  CHECK(probe.find("TAG:SUBJECT=水道") != std::string::npos);
  CHECK(probe.find("start_time=2.500000") != std::string::npos);
  // Decoded by FFmpeg's own FLAC decoder: the hash of the record.
  const std::string hash = command_output("ffmpeg -v error -xerror -i " + path +
                                          " -map 0:a -f hash -hash sha256 -c:a pcm_s16le -");
  std::string expected;
  for (const std::uint8_t byte : rendered.audio.sha256) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    expected += hex;
  }
  CHECK(hash.find(expected) != std::string::npos);
}

TEST_CASE("a call without audio is still a file that opens, with its attachments") {
  CallBuilder call;
  RenderedCall rendered = call.lasts_ms(4000).render();
  CHECK(rendered.audio.flac == nullptr);
  CHECK(rendered.audio.samples == 0);
  const std::string path = call.folder() / "a.mka";
  REQUIRE(write_matroska(path, file_of(rendered), rendered.audio));
  command_output("ffmpeg -v error -xerror -i " + path + " -map 0:a -f null -");
  const auto attachments = read_attachments(path);
  REQUIRE(attachments);
  CHECK(attachments->size() == 2);
}

TEST_CASE("what is not a call file is refused by name") {
  const TemporaryFolder folder;
  const auto missing = read_attachments(folder / "no.mka");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::kNotFound);
  std::ofstream(folder / "text.mka") << "not a call";
  const auto text = read_attachments(folder / "text.mka");
  REQUIRE_FALSE(text);
  CHECK(text.error().message.find(folder / "text.mka") == 0);
  CHECK(read_attachment(folder / "no.mka", "call.json").error().kind == ErrorKind::kNotFound);
  CHECK(read_attachment(folder / "text.mka", "call.json").error().message.find("begin") !=
        std::string::npos);
}

TEST_CASE("a full disk leaves nothing behind") {
  CallBuilder call;
  const RenderedCall rendered = humming_call(call, 50);
  const rlimit before = [] {
    rlimit limit{};
    getrlimit(RLIMIT_FSIZE, &limit);
    return limit;
  }();
  signal(SIGXFSZ, SIG_IGN);
  const rlimit small = {.rlim_cur = 20'000, .rlim_max = before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const std::string path = call.folder() / "a.mka";
  const auto written = write_matroska(path, file_of(rendered), rendered.audio);
  setrlimit(RLIMIT_FSIZE, &before);
  REQUIRE_FALSE(written);
  CHECK(written.error().message.find("File too large") != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("audio is exported in every format, from both sides, one side or mixed") {
  CallBuilder call;
  const RenderedCall rendered = humming_call(call);
  const std::string path = call.folder() / "a.mka";
  REQUIRE(write_matroska(path, file_of(rendered), rendered.audio));
  const std::string out = call.folder() / "out";
  for (const AudioFormat format : {AudioFormat::kWav, AudioFormat::kFlac, AudioFormat::kOpus}) {
    for (const ChannelChoice choice : {ChannelChoice::kBoth, ChannelChoice::kCaller,
                                       ChannelChoice::kCallee, ChannelChoice::kMix}) {
      {
        const OpenFile file(out);
        const auto exported = export_audio(path, file.fd, format, choice);
        REQUIRE_MESSAGE(exported, (exported ? "" : exported.error().message));
      }
      // Read by another program; the level of the hum is the sender's.
      const std::string wav = call.folder() / "check.wav";
      command_output("ffmpeg -v error -xerror -y -i " + out + " -ar 8000 -bitexact " + wav);
      const std::string bytes = read_file(wav);
      Heard heard;
      const unsigned channels = little_endian(bytes, 22, 2);
      CHECK(channels == (choice == ChannelChoice::kBoth ? 2U : 1U));
      heard = parse_wav(bytes);
      CHECK(std::abs(static_cast<long>(heard.caller.size()) - 80'000) <= 8);
      double energy = 0;
      for (const std::int16_t sample : heard.caller) energy += double{1} * sample * sample;
      const double level = std::sqrt(energy / static_cast<double>(heard.caller.size()));
      const bool silent = choice == ChannelChoice::kCallee;
      if (silent) {
        CHECK(level < 1);
      } else {
        CHECK(level == doctest::Approx(8000 / std::sqrt(2)).epsilon(0.03));
      }
    }
  }
}

TEST_CASE("a reader that goes away is an error, not a crash") {
  CallBuilder call;
  const RenderedCall rendered = humming_call(call);
  const std::string path = call.folder() / "a.mka";
  REQUIRE(write_matroska(path, file_of(rendered), rendered.audio));
  signal(SIGPIPE, SIG_IGN);
  for (const AudioFormat format : {AudioFormat::kWav, AudioFormat::kFlac, AudioFormat::kOpus}) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    close(ends[0]);
    const auto exported = export_audio(path, ends[1], format, ChannelChoice::kMix);
    close(ends[1]);
    REQUIRE_FALSE(exported);
    CHECK(exported.error().message.find("Broken pipe") != std::string::npos);
  }
}

TEST_CASE("frames beyond the memory limit come back from the file as they were") {
  const TemporaryFolder folder;
  for (const std::uint32_t limit : {0U, 100'000U, 1U << 20U}) {
    EncodedFlac flac(folder.path(), limit);
    for (std::uint32_t i = 0; i < 3000; ++i) {
      const Octets frame(1 + i % 500, static_cast<std::byte>(i));
      REQUIRE(flac.append(i, frame));
    }
    FlacFrameReader reader(flac);
    FlacFrame frame;
    for (std::uint32_t i = 0; i < 3000; ++i) {
      const auto more = reader.next(frame);
      REQUIRE((more && *more));
      REQUIRE(frame.samples == i);
      REQUIRE(frame.bytes.size() == 1 + i % 500);
      REQUIRE(frame.bytes[0] == static_cast<std::byte>(i));
    }
    const auto more = reader.next(frame);
    REQUIRE(more);
    CHECK_FALSE(*more);
  }
  CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a temporary folder that is not there fails the call by name") {
  EncodedFlac flac("/nonexistent/koegura", 0);
  const auto appended = flac.append(1, Octets(10));
  REQUIRE_FALSE(appended);
  CHECK(appended.error().message.find("/nonexistent/koegura") != std::string::npos);
}
