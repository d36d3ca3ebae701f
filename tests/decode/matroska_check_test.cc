#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>

#include "call_builder.h"
#include "decode/matroska.h"

namespace koegura::decode::test {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_content(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  REQUIRE(file.good());
}

// A second of a falling tone, chapters, tags and attachments: every kind of part.
class FileUnderTest {
 public:
  FileUnderTest() {
    CallBuilder call;
    StreamBuilder& stream = call.stream(Side::kCaller, 1);
    for (unsigned i = 0; i < 50; ++i) {
      Octets payload;
      for (unsigned n = 0; n < 160; ++n) payload.push_back(static_cast<std::byte>(n * i));
      stream.rtp({.at_ms = 20.0 * i,
                  .sequence = static_cast<std::uint16_t>(i),
                  .timestamp = 160 * i,
                  .payload = payload});
    }
    const RenderedCall rendered = call.lasts_ms(1000).render();
    audio_hash = rendered.audio.sha256;
    MatroskaFile file;
    file.title = "0312345678 → 2301";
    file.date = at_ms(0);
    file.tags = {{"ARTIST", "0312345678"}};
    file.chapters = rendered.chapters;
    file.attachments = {{.name = "call.json",
                         .mime_type = "application/json",
                         .bytes = capture::test::octets(R"({"id":"X"})")},
                        {.name = "signalling.pcapng",
                         .mime_type = "application/x-pcapng",
                         .bytes = Octets(700, std::byte{7})}};
    const auto written = write_matroska(path, file, rendered.audio);
    REQUIRE_MESSAGE(written, (written ? "" : written.error().message));
  }

 private:
  TemporaryFolder folder_;

 public:
  std::string path = folder_ / "call.mka";
  std::array<std::uint8_t, 32> audio_hash{};
};

std::string damage_of(const std::string& path) {
  const auto checked = check_matroska(path);
  return checked ? "" : checked.error().message;
}

TEST_CASE("a file is whole as it was written, and reads back as what was put in") {
  const FileUnderTest file;
  CHECK(damage_of(file.path) == "");
  const auto back = read_back(file.path);
  REQUIRE_MESSAGE(back, (back ? "" : back.error().message));
  CHECK(back->sha256 == file.audio_hash);
  CHECK(back->samples == 8000);
  CHECK(back->sample_rate == 8000);
  REQUIRE(back->attachments.size() == 2);
  CHECK(back->attachments[1].bytes == Octets(700, std::byte{7}));
}

TEST_CASE("a byte that changed is found wherever it is, but where nothing is read from") {
  const FileUnderTest file;
  const std::string good = content_of(file.path);
  constexpr std::size_t kHeader = 40;  // the EBML element: which versions of what
  std::fstream in_place(file.path, std::ios::binary | std::ios::in | std::ios::out);
  const auto put_at = [&](std::size_t at, char byte) {
    in_place.seekp(static_cast<std::streamoff>(at)).put(byte).flush();
  };
  for (const unsigned flip : {0x01U, 0x80U}) {
    for (std::size_t at = 0; at < good.size(); ++at) {
      if (at != 0) put_at(at - 1, good[at - 1]);
      put_at(at, static_cast<char>(static_cast<unsigned char>(good[at]) ^ flip));
      if (!damage_of(file.path).empty()) continue;
      CAPTURE(at);
      CAPTURE(flip);
      REQUIRE(at < kHeader);
      const auto back = read_back(file.path);
      if (back) CHECK(back->sha256 == file.audio_hash);
    }
    put_at(good.size() - 1, good.back());
  }
}

TEST_CASE("a file that was cut anywhere, or grew, is damaged") {
  const FileUnderTest file;
  const std::string good = content_of(file.path);
  for (std::size_t length = 0; length < good.size(); length += 31) {
    write_content(file.path, good.substr(0, length));
    CAPTURE(length);
    REQUIRE(damage_of(file.path) != "");
    REQUIRE_FALSE(read_attachment(file.path, "call.json"));
  }
  write_content(file.path, good + std::string(3, '\0'));
  CHECK(damage_of(file.path).find("follows its Segment") != std::string::npos);
}

TEST_CASE("what is damaged is named by file, offset and part") {
  const FileUnderTest file;
  std::string bad = content_of(file.path);
  bad[bad.find("call.json")] = 'C';
  write_content(file.path, bad);
  const std::string damage = damage_of(file.path);
  CAPTURE(damage);
  CHECK(damage.starts_with(file.path + ": offset "));
  CHECK(damage.find("its Attachments does not match its checksum") != std::string::npos);
}

TEST_CASE("a file of zeros, a text, a folder and nothing are refused") {
  const TemporaryFolder folder;
  write_content(folder / "zeros", std::string(5000, '\0'));
  write_content(folder / "text", "Dear Sir or Madam");
  CHECK(damage_of(folder / "zeros").find("begin") != std::string::npos);
  CHECK(damage_of(folder / "text").find("begin") != std::string::npos);
  CHECK(damage_of(folder.path()).find("cannot read") != std::string::npos);
  const auto missing = check_matroska(folder / "none");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::kNotFound);
}

}  // namespace
}  // namespace koegura::decode::test
