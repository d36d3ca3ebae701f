#include "store/scrub.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <vector>

#include "../decode/call_builder.h"
#include "record_in_file.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;
using decode::test::Octets;

std::unique_ptr<Archive> open(const std::string& directory, OpenMode mode = OpenMode::kRead) {
  auto archive = Archive::open(directory, mode, {});
  if (!archive) FAIL(archive.error().message);
  return std::move(*archive);
}

// A short call with audio and signalling.
decode::RenderedCall call_of(int number) {
  decode::test::CallBuilder builder;
  auto& stream = builder.stream(capture::Side::kCaller, 1);
  for (unsigned i = 0; i < 25; ++i) {
    stream.rtp({.at_ms = 20.0 * i,
                .sequence = static_cast<std::uint16_t>(i),
                .timestamp = 160 * i,
                .payload = Octets(160, static_cast<std::byte>(number + 1))});
  }
  decode::RenderedCall call = builder.lasts_ms(500).render();
  call.call.call_id = "c" + std::to_string(number);
  call.call.start += std::chrono::seconds(number);
  call.call.end += std::chrono::seconds(number);
  return call;
}

// An archive of some calls, closed, and the paths of their files, oldest first.
class ArchiveUnderTest {
 public:
  explicit ArchiveUnderTest(int calls) {
    const auto archive = open(path, OpenMode::kWrite);
    for (int i = 0; i < calls; ++i) REQUIRE(archive->put(call_of(i)));
    CallFilter all;
    all.oldest_first = true;
    REQUIRE(archive->query(all, [&](const CallRecord& record) {
      files.push_back(archive->file_of(record));
      ids.push_back(record.id());
      return true;
    }));
  }

 private:
  TemporaryFolder folder_;

 public:
  std::string path = folder_ / "archive";
  std::vector<std::string> files;
  std::vector<std::string> ids;
};

struct Outcome {
  ScrubReport report;
  std::map<std::string, std::string> damage;  // why, by id
  std::uint64_t told = 0;                     // how often progress was
};

Outcome run(const Archive& archive, const ScrubOptions& options = {}) {
  Outcome outcome;
  const std::atomic<bool> stop = false;
  const auto report = scrub(
      archive, options, stop,
      [&](const Damage& damage) {
        CHECK(damage.path.starts_with("calls/"));
        outcome.damage[damage.id] = damage.why;
      },
      [&](const ScrubReport&) { ++outcome.told; });
  if (!report) FAIL(report.error().message);
  outcome.report = *report;
  return outcome;
}
Outcome run(const ArchiveUnderTest& archive, const ScrubOptions& options = {}) {
  return run(*open(archive.path), options);
}

void flip(const std::string& path, std::size_t at) {
  std::string content = content_of(path);
  content.at(at) = static_cast<char>(content[at] ^ 0x10);
  write_content(path, content);
}

bool contains(const std::string& text, std::string_view part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

TEST_CASE("every call of a good archive is read whole") {
  const ArchiveUnderTest archive(5);
  const Outcome outcome = run(archive);
  CHECK(outcome.report.calls == 5);
  CHECK(outcome.report.damaged == 0);
  CHECK(outcome.report.at_end);
  CHECK(outcome.report.last == archive.ids.back());
  CHECK(outcome.told == 5);
  std::uint64_t bytes = 0;
  for (const std::string& file : archive.files) bytes += fs::file_size(file);
  CHECK(outcome.report.bytes == bytes);
}

TEST_CASE("an empty archive is at its end at once") {
  const ArchiveUnderTest archive(0);
  CHECK(run(archive).report.at_end);
}

TEST_CASE("a changed byte, a cut, a missing and an empty file are found, the others are read") {
  const ArchiveUnderTest archive(6);
  flip(archive.files[0], fs::file_size(archive.files[0]) / 2);
  fs::resize_file(archive.files[1], fs::file_size(archive.files[1]) - 10);
  fs::remove(archive.files[2]);
  fs::resize_file(archive.files[3], 0);
  const Outcome outcome = run(archive);
  CHECK(outcome.report.calls == 6);
  CHECK(outcome.report.damaged == 4);
  CHECK(outcome.damage.size() == 4);
  CHECK(contains(outcome.damage.at(archive.ids[0]), "does not match its checksum"));
  CHECK(contains(outcome.damage.at(archive.ids[1]), "offset"));
  CHECK(outcome.damage.at(archive.ids[2]) == "the file is missing");
  CHECK(contains(outcome.damage.at(archive.ids[3]), "begin"));
}

TEST_CASE("two files that changed places, each whole in itself, are found") {
  const ArchiveUnderTest archive(3);
  fs::rename(archive.files[0], archive.files[0] + ".away");
  fs::rename(archive.files[1], archive.files[0]);
  fs::rename(archive.files[0] + ".away", archive.files[1]);
  const Outcome outcome = run(archive);
  CHECK(outcome.damage.size() == 2);
  CHECK(outcome.damage.at(archive.ids[0]) == "it holds another call: " + archive.ids[1]);
}

TEST_CASE("audio or a record that somebody wrote anew, with good checksums, is found") {
  const ArchiveUnderTest archive(3);
  const auto record = record_in_file(archive.files[0]);
  REQUIRE(record);
  const auto original = decode::read_attachments(archive.files[0]);
  REQUIRE(original);
  decode::MatroskaFile file;
  file.attachments = *original;
  // Another audio around the same record.
  fs::remove(archive.files[0]);
  REQUIRE(decode::write_matroska(archive.files[0], file, call_of(77).audio));
  // The same audio around another record.
  CallRecord changed = *record_in_file(archive.files[1]);
  changed.mutable_caller()->set_number("+81399999999");
  const std::string json = to_json(changed);
  const auto* bytes = reinterpret_cast<const std::byte*>(json.data());
  file.attachments = {{"call.json", "application/json", {bytes, bytes + json.size()}}};
  fs::remove(archive.files[1]);
  REQUIRE(decode::write_matroska(archive.files[1], file, call_of(1).audio));
  // Packets that are none.
  file.attachments = *decode::read_attachments(archive.files[2]);
  file.attachments.push_back({"media.pcapng", "application/x-pcapng", Octets(50, std::byte{1})});
  fs::remove(archive.files[2]);
  REQUIRE(decode::write_matroska(archive.files[2], file, call_of(2).audio));

  const Outcome outcome = run(archive);
  CHECK(contains(outcome.damage.at(archive.ids[0]), "SHA-256"));
  CHECK(contains(outcome.damage.at(archive.ids[1]), "call.json and the index"));
  CHECK(contains(outcome.damage.at(archive.ids[2]), "media.pcapng"));
}

TEST_CASE("a waveform is as long as its audio, or the file is damaged") {
  const ArchiveUnderTest archive(3);
  const auto samples = decode::read_back(archive.files[0])->samples;
  const auto bins = static_cast<std::uint32_t>((samples + 79) / 80);
  for (std::size_t i = 0; i < 3; ++i) {
    Octets waveform(24 + 4 * bins);
    waveform[12] = std::byte{80};
    waveform[16] = static_cast<std::byte>(bins);
    waveform[17] = static_cast<std::byte>(bins >> 8U);
    if (i == 1) waveform.pop_back();
    if (i == 2) waveform.resize(5);
    decode::MatroskaFile file;
    file.attachments = *decode::read_attachments(archive.files[i]);
    file.attachments.push_back({"waveform.dat", "application/octet-stream", waveform});
    fs::remove(archive.files[i]);
    REQUIRE(decode::write_matroska(archive.files[i], file, call_of(static_cast<int>(i)).audio));
  }
  const Outcome outcome = run(archive);
  CHECK(outcome.damage.count(archive.ids[0]) == 0);
  CHECK(contains(outcome.damage.at(archive.ids[1]), "waveform.dat is not as long"));
  CHECK(contains(outcome.damage.at(archive.ids[2]), "waveform.dat is cut off"));
}

TEST_CASE("it goes on behind the call it is told") {
  const ArchiveUnderTest archive(5);
  ScrubOptions options;
  options.after = archive.ids[2];
  const Outcome outcome = run(archive, options);
  CHECK(outcome.report.calls == 2);
  CHECK(outcome.report.at_end);
  options.after = archive.ids[4];
  CHECK(run(archive, options).report.calls == 0);
  CHECK(run(archive, options).report.last == archive.ids[4]);
}

TEST_CASE("bytes are bounded, and so in steps the whole archive is read once") {
  const ArchiveUnderTest archive(7);
  const auto reader = open(archive.path);
  ScrubOptions options;
  options.most_bytes = fs::file_size(archive.files[0]) + 1;  // two files
  std::uint64_t calls = 0;
  for (bool at_end = false; !at_end;) {
    const Outcome outcome = run(*reader, options);
    CHECK(outcome.report.calls <= 2);
    calls += outcome.report.calls;
    options.after = outcome.report.last;
    at_end = outcome.report.at_end;
  }
  CHECK(calls == 7);
}

TEST_CASE("more calls than fit into a page, many of them of one millisecond, are each read once") {
  const TemporaryFolder folder;
  constexpr int kCalls = 150;
  const auto archive = open(folder / "archive", OpenMode::kWrite);
  for (int i = 0; i < kCalls; ++i) {
    decode::RenderedCall call;
    call.call.call_id = "c" + std::to_string(i);
    call.call.start = decode::test::at_ms(i / 100);
    call.call.end = call.call.start;
    REQUIRE(archive->put(call));
  }
  const Outcome outcome = run(*archive);
  CHECK(outcome.report.calls == kCalls);
  CHECK(outcome.report.damaged == 0);
}

TEST_CASE("it stops when asked, also while it keeps to its rate") {
  const ArchiveUnderTest archive(4);
  const auto reader = open(archive.path);
  std::atomic<bool> stop = false;
  ScrubOptions options;
  options.bytes_per_s = 1;  // hours a file
  const auto begun = std::chrono::steady_clock::now();
  const auto report = scrub(
      *reader, options, stop, [](const Damage&) {}, [&](const ScrubReport&) { stop = true; });
  REQUIRE(report);
  CHECK(report->calls == 1);
  CHECK_FALSE(report->at_end);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::minutes(1));
}

TEST_CASE("the rate is kept") {
  const ArchiveUnderTest archive(4);
  std::uint64_t bytes = 0;
  for (const std::string& file : archive.files) bytes += fs::file_size(file);
  ScrubOptions options;
  options.bytes_per_s = bytes * 4;
  const auto begun = std::chrono::steady_clock::now();
  CHECK(run(archive, options).report.at_end);
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::milliseconds(240));
}

// Pages of the file that are in memory. SIZE_MAX where the filesystem is memory.
std::size_t pages_in_cache(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(file >= 0);
  const std::size_t size = fs::file_size(path);
  void* map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
  REQUIRE(map != MAP_FAILED);
  std::vector<unsigned char> resident((size + 4095) / 4096);
  REQUIRE(::mincore(map, size, resident.data()) == 0);
  ::munmap(map, size);
  ::close(file);
  return static_cast<std::size_t>(std::count_if(resident.begin(), resident.end(),
                                                [](unsigned char page) { return page & 1U; }));
}

TEST_CASE("what was read does not stay in the page cache") {
  const ArchiveUnderTest archive(1);
  REQUIRE(!content_of(archive.files[0]).empty());
  REQUIRE(pages_in_cache(archive.files[0]) > 0);
  const int file = ::open(archive.files[0].c_str(), O_RDONLY | O_CLOEXEC);
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
  if (pages_in_cache(archive.files[0]) > 0) {
    MESSAGE("skipped: the temporary folder's filesystem keeps its files in memory");
    return;
  }
  content_of(archive.files[0]);
  CHECK(run(archive).report.calls == 1);
  CHECK(pages_in_cache(archive.files[0]) == 0);
}

}  // namespace
}  // namespace koegura::store
