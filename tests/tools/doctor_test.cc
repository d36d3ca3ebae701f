#include "doctor_checks.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "command_line.h"

namespace koegura::tools {
namespace {

namespace fs = std::filesystem;

// A folder that goes with the test.
struct Folder {
  Folder() {
    std::string name = (fs::temp_directory_path() / "koegura-doctor-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string path;
};

// A capture port as it should be.
InterfaceFacts good() {
  return {.name = "eth1",
          .exists = true,
          .physical = true,
          .up = true,
          .carrier = true,
          .speed_mbps = 1000,
          .driver = "igb",
          .mtu = 1600,
          .promiscuity = 1,
          .receive_ring = RingSize{.now = 4096, .most = 4096},
          .gro = false,
          .lro = false,
          .addresses = {},
          .received = 1'000'000};
}

// Those that are not ok: "ring notice, losses problem".
std::string complaints(const std::vector<Check>& checks) {
  std::string text;
  for (const Check& check : checks) {
    const bool advised = !check.advice.empty();
    CHECK(advised == (check.verdict != Verdict::kOk));
    CHECK_FALSE(check.what.empty());
    if (check.verdict == Verdict::kOk) continue;
    text += (text.empty() ? "" : ", ") + check.id + ' ' + name_of(check.verdict);
  }
  return text;
}
std::string complaints(const InterfaceFacts& facts, Interest interest = Interest::kRecorded) {
  return complaints(check_interface(facts, interest));
}

TEST_CASE("a capture port as it should be is ok in every check") {
  CHECK(complaints(good()).empty());
  CHECK(check_interface(good(), Interest::kRecorded).size() == 7);
  CHECK(check_interface(good(), Interest::kRecorded)[0].what == "up, 1,000 Mb/s, driver igb");
}

TEST_CASE("each thing that is wrong with a port is one complaint") {
  InterfaceFacts facts = good();
  facts.exists = false;
  CHECK(complaints(facts) == "link problem");
  facts = good();
  facts.up = false;
  CHECK(complaints(facts) == "link problem");
  facts = good();
  facts.carrier = false;
  CHECK(complaints(facts) == "link problem");
  facts = good();
  facts.speed_mbps = 100;
  CHECK(complaints(facts) == "link notice");
  facts = good();
  facts.addresses = {"192.0.2.7", "fe80::1"};
  CHECK(complaints(facts) == "passive problem");
  CHECK(check_interface(facts, Interest::kRecorded)[1].what ==
        "has an address (192.0.2.7, fe80::1): the system answers and announces itself on the "
        "mirror port");
  facts = good();
  facts.sent = 3;
  CHECK(complaints(facts) == "passive notice");
  facts = good();
  facts.promiscuity = 0;
  CHECK(complaints(facts) == "promiscuous problem");
  facts = good();
  facts.mtu = 1400;
  CHECK(complaints(facts) == "mtu notice");
  facts = good();
  facts.receive_ring->now = 256;
  CHECK(complaints(facts) == "ring notice");
  CHECK(check_interface(facts, Interest::kRecorded)[4].advice == "ethtool -G eth1 rx 4096");
  facts = good();
  facts.lro = true;
  CHECK(complaints(facts) == "offloads notice");
}

TEST_CASE("a card that lost a frame in a thousand is a problem, fewer are a notice") {
  InterfaceFacts facts = good();
  facts.missed = 999;
  CHECK(complaints(facts) == "losses notice");
  facts.missed = 1002;
  CHECK(complaints(facts) == "losses problem");
  facts = good();
  facts.errors = 1;
  CHECK(complaints(facts) == "losses notice");
}

TEST_CASE("a driver that tells nothing is no complaint") {
  InterfaceFacts facts = good();
  facts.speed_mbps.reset();
  facts.receive_ring.reset();
  facts.gro.reset();
  facts.lro.reset();
  facts.driver.clear();
  CHECK(complaints(facts).empty());
}

TEST_CASE("an interface nobody named is the box's own if it has an address, else never a problem") {
  InterfaceFacts facts = good();
  facts.promiscuity = 0;  // nobody records it
  CHECK(complaints(facts, Interest::kNamed).empty());
  facts.carrier = false;
  CHECK(complaints(facts, Interest::kFound) == "link notice");
  CHECK(complaints(facts, Interest::kNamed) == "link problem");
  facts.addresses = {"10.0.0.5"};
  const auto checks = check_interface(facts, Interest::kFound);
  REQUIRE(checks.size() == 1);
  CHECK(checks[0].verdict == Verdict::kOk);
  CHECK(checks[0].what.find("the box's own") != std::string::npos);
}

TEST_CASE(
    "the recorder's findings are checks; none running is a notice that says how to start one") {
  RecorderStatus recorder;
  recorder.set_uptime_s(7200);
  recorder.mutable_frames()->set_received(12'345);
  recorder.add_sources()->set_name("eth1");
  CHECK(complaints(check_recorder(&recorder, {})).empty());
  CHECK(check_recorder(&recorder, {})[0].what == "runs for 2:00:00, 12,345 frames from 1 source");
  FindingStatus* finding = recorder.add_findings();
  finding->set_id("no_frames");
  finding->set_source("eth1");
  finding->set_alarm(true);
  finding->set_what("no frame for 2 min");
  finding->set_blame("the cable");
  *recorder.add_findings() = *finding;
  recorder.mutable_findings(1)->set_id("all_duplicates");
  recorder.mutable_findings(1)->set_alarm(false);
  CHECK(complaints(check_recorder(&recorder, {})) == "no_frames problem, all_duplicates notice");

  const auto none = check_recorder(nullptr, {"no recorder", ErrorKind::kNotFound});
  CHECK(complaints(none) == "recorder notice");
  CHECK(none[0].what == "is not running");
  const auto closed = check_recorder(nullptr, {"/run/x: not permitted", ErrorKind::kNotPermitted});
  CHECK(complaints(closed) == "recorder notice");
  CHECK(closed[0].what == "/run/x: not permitted");
  CHECK(complaints(check_recorder(nullptr, {"it broke off", ErrorKind::kFailed})) ==
        "recorder problem");
}

TEST_CASE("a clock nobody keeps is a problem, one that was not corrected for long a notice") {
  CHECK(complaints({check_clock({.synchronised = false})}) == "clock problem");
  const Check good_clock =
      check_clock({.synchronised = true, .offset_s = -0.0003, .most_error_s = 0.02});
  CHECK(complaints({good_clock}).empty());
  CHECK(good_clock.what == "synchronised, off by 0.30 ms, at most by 20 ms");
  CHECK(complaints({check_clock({.synchronised = true, .most_error_s = 3})}) == "clock notice");
}

TEST_CASE("a disk is judged by the days it lasts, or by its room where no rate is known") {
  DiskFacts disk{.path = "/var/lib/koegura",
                 .file_system = "ext4",
                 .free_bytes = 100'000'000'000,
                 .total_bytes = 1'000'000'000'000};
  CHECK(complaints({check_disk(disk, nullptr)}).empty());
  Status status;
  status.set_bytes_per_day(1e9);
  CHECK(check_disk(disk, &status).what == "100 GB free of 1.0 TB (ext4), lasts about 100 days");
  status.set_bytes_per_day(5e9);
  CHECK(complaints({check_disk(disk, &status)}) == "disk notice");
  status.set_bytes_per_day(2e10);
  CHECK(complaints({check_disk(disk, &status)}) == "disk problem");
  disk.free_bytes = 1'000'000'000;
  CHECK(complaints({check_disk(disk, nullptr)}) == "disk problem");
}

TEST_CASE("a disk that is read-only, in memory or over the network is told") {
  const DiskFacts disk{.path = "/x", .file_system = "ext4", .free_bytes = 1ULL << 40U};
  DiskFacts bad = disk;
  bad.read_only = true;
  CHECK(complaints({check_disk(bad, nullptr)}) == "disk problem");
  bad = disk;
  bad.in_memory = true;
  CHECK(complaints({check_disk(bad, nullptr), check_spool(bad)}) == "disk problem, spool problem");
  bad = disk;
  bad.remote = true;
  CHECK(complaints({check_disk(bad, nullptr)}) == "disk notice");
}

TEST_CASE("one CPU is a notice, no memory a problem, and DPDK wants huge pages") {
  const MemoryFacts box{.cpus = 4, .total_bytes = 8ULL << 30U, .available_bytes = 4ULL << 30U};
  CHECK(complaints({check_memory(box, false)}).empty());
  CHECK(complaints({check_memory(box, true)}) == "memory notice");
  MemoryFacts small = box;
  small.cpus = 1;
  CHECK(complaints({check_memory(small, false)}) == "memory notice");
  small.available_bytes = 1U << 20U;
  CHECK(complaints({check_memory(small, false)}) == "memory problem");
}

TEST_CASE("the modes of a real folder: what others may read is found, and a key its group may") {
  const Folder folder;
  const fs::path root = folder.path;
  fs::create_directories(root / "calls/2026/11/21");
  fs::create_directories(root / "keys");
  std::ofstream(root / "calls/2026/11/21/a.mka") << "old";
  std::ofstream(root / "calls/2026/11/21/b.mka") << "new";
  std::ofstream(root / "keys/signing.pem") << "secret";
  for (const char* closed : {"", "calls"}) fs::permissions(root / closed, fs::perms(0750));
  fs::permissions(root / "keys", fs::perms(0700));
  fs::permissions(root / "keys/signing.pem", fs::perms(0600));
  fs::permissions(root / "calls/2026/11/21/a.mka", fs::perms(0644));  // not looked at
  fs::permissions(root / "calls/2026/11/21/b.mka", fs::perms(0640));
  const auto check = [&] { return check_modes(folder.path, archive_modes(folder.path)); };
  CHECK(complaints({check()}).empty());

  fs::permissions(root / "calls/2026/11/21/b.mka", fs::perms(0644));
  CHECK(check().what == folder.path + "/calls/2026/11/21/b.mka is 0644: anybody may use it");
  CHECK(check().advice == "chmod 640 " + folder.path + "/calls/2026/11/21/b.mka");
  fs::permissions(root / "keys/signing.pem", fs::perms(0640));
  CHECK(check().advice == "chmod 600 " + folder.path +
                              "/keys/signing.pem (folders 750, files 640; keys 700 and 600)");
  CHECK(check().verdict == Verdict::kProblem);
  CHECK(archive_modes(folder.path + "/none").empty());
}

TEST_CASE("the facts of this machine can be had") {
  const Folder folder;
  const DiskFacts disk = disk_facts(folder.path + "/not/there/yet");
  CHECK(disk.path == fs::absolute(folder.path).string());
  CHECK_FALSE(disk.file_system.empty());
  CHECK(disk.total_bytes >= disk.free_bytes);
  CHECK(disk.total_bytes > 0);
  CHECK_FALSE(disk.read_only);
  CHECK(disk_facts("/dev/shm").in_memory);
  const MemoryFacts memory = memory_facts();
  CHECK(memory.cpus >= 1);
  CHECK(memory.total_bytes >= memory.available_bytes);
  CHECK(memory.available_bytes > 0);
  CHECK(clock_facts().most_error_s >= 0);
}

// What `koegura ARGUMENTS` prints, and its exit code.
struct Output {
  std::string text;
  int code = -1;
};
Output koegura(std::vector<std::string> arguments) {
  const Folder folder;
  const std::string file = folder.path + "/out";
  std::fflush(stdout);
  const int kept = dup(STDOUT_FILENO);
  REQUIRE(std::freopen(file.c_str(), "w", stdout) != nullptr);
  arguments.insert(arguments.begin(), "koegura");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  Output output;
  output.code = run_command_line(static_cast<int>(argv.size()), argv.data());
  std::fflush(stdout);
  dup2(kept, STDOUT_FILENO);
  close(kept);
  std::ifstream lines(file);
  output.text = {std::istreambuf_iterator<char>(lines), {}};
  return output;
}

TEST_CASE("koegura doctor tells of a wrong setting and a missing interface, and goes on") {
  const Folder folder;
  std::ofstream(folder.path + "/k.toml") << "[capture]\nmax_stream = 1\n";
  const std::vector<std::string> arguments = {
      "doctor",   "--interface",          "koegura9", "--archive", folder.path + "/archive",
      "--config", folder.path + "/k.toml"};
  const Output text = koegura(arguments);
  CHECK(text.code == 1);
  CHECK(text.text.find("problem  settings         " + folder.path + "/k.toml:2:1: unknown key") !=
        std::string::npos);
  CHECK(text.text.find("problem  link             koegura9: there is no such interface") !=
        std::string::npos);
  CHECK(text.text.find("archive: is not there yet") != std::string::npos);

  std::vector<std::string> with_json = arguments;
  with_json.emplace_back("--json");
  const Output json = koegura(with_json);
  CHECK(json.code == 1);
  CHECK(json.text.find(R"({"check":"link","subject":"koegura9","verdict":"problem",)") !=
        std::string::npos);
}

}  // namespace
}  // namespace koegura::tools
