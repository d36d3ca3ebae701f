#include "accounting_report.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>

#include "file_output.h"
#include "json.h"

namespace koegura::tools {
namespace {

using capture::Defect;
using capture::Drop;
using capture::Outcome;

// A folder that goes with the test.
struct Folder {
  std::string path = "/tmp/koegura-tools-test-XXXXXX";
  Folder() { REQUIRE(mkdtemp(path.data()) != nullptr); }
  ~Folder() { std::filesystem::remove_all(path); }
  [[nodiscard]] std::size_t entries() const {
    const std::filesystem::directory_iterator all(path);
    return static_cast<std::size_t>(std::distance(begin(all), end(all)));
  }
};

Accounting balanced() {
  capture::Accounting frames;
  frames.received = 1'020;
  frames.count(Outcome::kSip, 7);
  frames.count(Outcome::kRtp, 1'000);
  frames.count(Outcome::kNotVoip, 5);
  frames.count(Defect::kIpTruncated, 3);
  frames.count(Defect::kUdpTruncated, 1);
  frames.count(Drop::kSpoolFull, 4);
  Accounting accounting;
  set_frames(*accounting.mutable_frames(), frames);
  set_calls(*accounting.mutable_calls(), {.seen = 3,
                                          .archived = 1,
                                          .already_there = 2,
                                          .failed = 0,
                                          .first_error = "",
                                          .disk_refusal = ""});
  return accounting;
}

TEST_CASE("the accounting names every term that is not zero, and what it adds up to") {
  const auto lines = accounting_lines(balanced());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] ==
        "frames received 1,020 = sip 7 + rtp 1,000 + not_voip 5 + malformed 4 "
        "{ip_truncated 3, udp_truncated 1} + dropped 4 {spool_full 4}");
  CHECK(lines[1] == "calls seen 3 = archived 1 + already there 2");
  CHECK(imbalance(balanced()).empty());
}

TEST_CASE("calls that a stopped recorder keeps balance, and are told in words") {
  Accounting accounting;
  set_calls(*accounting.mutable_calls(), {.seen = 4,
                                          .archived = 1,
                                          .already_there = 0,
                                          .failed = 0,
                                          .waiting = 3,
                                          .first_error = "",
                                          .disk_refusal = ""});
  CHECK(imbalance(accounting).empty());
  CHECK(kept_line(accounting) ==
        "3 waiting to be archived: kept in the spool, the next start goes on with them");
  accounting.mutable_calls()->set_in_progress(2);
  accounting.mutable_calls()->set_seen(6);
  CHECK(imbalance(accounting).empty());
  CHECK(kept_line(accounting) ==
        "2 in progress, 3 waiting to be archived: kept in the spool, the next start goes on with "
        "them");
  accounting.mutable_calls()->set_waiting(0);
  accounting.mutable_calls()->set_in_progress(1);
  CHECK(kept_line(accounting) ==
        "1 in progress: kept in the spool, the next start goes on with it");
  CHECK(kept_line(balanced()).empty());
}

TEST_CASE("an empty run adds up to nothing") {
  CHECK(accounting_lines(Accounting{}) ==
        std::vector<std::string>{"frames received 0", "calls seen 0"});
  CHECK(imbalance(Accounting{}).empty());
}

TEST_CASE("a frame or a call without an outcome is said") {
  Accounting lost_frame = balanced();
  lost_frame.mutable_frames()->set_received(1'021);
  CHECK(imbalance(lost_frame).find("without an outcome, frames 1") != std::string::npos);
  Accounting lost_call = balanced();
  lost_call.mutable_calls()->set_seen(4);
  CHECK(imbalance(lost_call).find("without an outcome, calls 1") != std::string::npos);
}

TEST_CASE("the accounting is kept in the archive and read back whole") {
  const Folder folder;
  Accounting accounting = balanced();
  set_time(*accounting.mutable_finished(), from_unix_ns(1'795'223'702'500'000'000));
  REQUIRE(save_accounting(folder.path, accounting));
  const auto loaded = load_accounting(folder.path);
  REQUIRE(loaded);
  CHECK(accounting_lines(*loaded) == accounting_lines(accounting));
  CHECK(time_of(loaded->finished()) == time_of(accounting.finished()));
  CHECK(json_of(*loaded).find("\"finished\":\"2026-11-21T01:15:02.500") != std::string::npos);
}

TEST_CASE("an archive without an accounting is not found, a damaged one is a failure") {
  const Folder folder;
  const auto missing = load_accounting(folder.path);
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::kNotFound);
  REQUIRE(write_file(folder.path + "/accounting.json", "{\"frames\": {"));
  const auto damaged = load_accounting(folder.path);
  REQUIRE_FALSE(damaged);
  CHECK(damaged.error().kind == ErrorKind::kFailed);
  CHECK(damaged.error().message.find("accounting.json") != std::string::npos);
  CHECK(damaged.error().message.find('\n') == std::string::npos);
}

TEST_CASE("a status is there though the last accounting is damaged, and says so") {
  const Folder folder;
  Status status;
  add_last_record(folder.path, status);
  CHECK(status.last_record_problem().empty());
  REQUIRE(save_accounting(folder.path, balanced()));
  add_last_record(folder.path, status);
  CHECK(status.last_record_problem().empty());
  CHECK(status.last_record().frames().received() == balanced().frames().received());
  status = {};
  REQUIRE(write_file(folder.path + "/accounting.json", "{\"frames\": {"));
  add_last_record(folder.path, status);
  CHECK_FALSE(status.has_last_record());
  CHECK(status.last_record_problem().find("accounting.json: cannot be read") != std::string::npos);
}

TEST_CASE("a file that is not committed leaves nothing behind") {
  const Folder folder;
  {
    auto output = FileOutput::create(folder.path + "/call.wav", false);
    REQUIRE(output);
    REQUIRE(output->write("half"));
  }
  CHECK(folder.entries() == 0);
}

TEST_CASE("an existing file is replaced only when asked, and only when the new one is whole") {
  const Folder folder;
  const std::string path = folder.path + "/call.wav";
  REQUIRE(write_file(path, "old"));
  const auto refused = FileOutput::create(path, false);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kUsage);
  auto output = FileOutput::create(path, true);
  REQUIRE(output);
  REQUIRE(output->write("new"));
  CHECK(*read_file(path) == "old");
  REQUIRE(output->commit());
  CHECK(*read_file(path) == "new");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a file in a folder that does not exist is refused with its name") {
  const auto output = FileOutput::create("/nonexistent/call.wav", false);
  REQUIRE_FALSE(output);
  CHECK(output.error().message.find("/nonexistent/call.wav") != std::string::npos);
}

}  // namespace
}  // namespace koegura::tools
