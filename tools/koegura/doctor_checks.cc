#include "doctor_checks.h"

#include <sys/stat.h>

#include <array>
#include <cmath>
#include <cstdio>

#include "quantity_text.h"
#include "status_report.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

constexpr double kTooFewDays = 7;
// Without a rate to go by: what a day of a city hall takes.
constexpr std::uint64_t kLeastFree = 5'000'000'000;
// The streams' runs, the hand-offs and a few calls in work (see capture/NOTES.md).
constexpr std::uint64_t kLeastMemory = 512U << 20U;
// chrony and timesyncd ask at least every 34 minutes; the kernel lets its bound grow by 500 ppm.
constexpr double kMostError = 2;

std::string mode_text(mode_t mode) {
  std::array<char, 8> text{};
  std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

std::string seconds_text(double seconds) {
  const double size = std::fabs(seconds);
  return size < 1 ? decimal_text(size * 1000, size < 0.01 ? 2 : 0) + " ms"
                  : decimal_text(size, 1) + " s";
}

// What of an archive's mode must not be: others, and the group except for reading; keys nobody's.
mode_t excess(const ModeFacts& facts) {
  return facts.mode & (facts.is_key ? 0077U : 0027U);
}

std::string right_mode(const ModeFacts& facts) {
  const bool folder = S_ISDIR(facts.mode);
  if (facts.is_key) return folder ? "700" : "600";
  return folder ? "750" : "640";
}

Check without_recorder(const Error& why_not) {
  Check check{.id = "recorder", .verdict = Verdict::kNotice, .what = printable(why_not.message)};
  switch (why_not.kind) {
    case ErrorKind::kNotFound:
      check.what = "is not running";
      check.advice =
          "start it with koegura record --interface IF, so that it can tell what it hears";
      break;
    case ErrorKind::kNotPermitted:
      check.advice = "run koegura doctor as root";
      break;
    default:  // it runs, and does not answer
      check.verdict = Verdict::kProblem;
      check.advice = "see its log (journalctl -u koegura); restart it if it stays so";
  }
  return check;
}

}  // namespace

const char* name_of(Verdict verdict) {
  constexpr std::array kNames = {"ok", "notice", "problem"};
  return kNames[static_cast<std::size_t>(verdict)];
}

std::vector<Check> check_recorder(const RecorderStatus* recorder, const Error& why_not) {
  if (recorder == nullptr) return {without_recorder(why_not)};
  std::vector<Check> checks = {
      {.id = "recorder",
       .what = "runs for " + uptime_text(recorder->uptime_s()) + ", " +
               plural(static_cast<std::uint64_t>(recorder->frames().received()), "frame") +
               " from " + plural(static_cast<std::uint64_t>(recorder->sources_size()), "source")}};
  for (const FindingStatus& finding : recorder->findings()) {
    checks.push_back({.id = printable(finding.id()),
                      .subject = printable(finding.source()),
                      .verdict = finding.alarm() ? Verdict::kProblem : Verdict::kNotice,
                      .what = printable(finding.what()),
                      .advice = printable(finding.blame())});
  }
  if (recorder->findings_size() == 0)
    checks.push_back({.id = "hearing", .what = "nothing is amiss"});
  return checks;
}

Check check_clock(const ClockFacts& facts) {
  Check check{.id = "clock", .what = {}};
  if (!facts.synchronised) {
    check.verdict = Verdict::kProblem;
    check.what = "is not synchronised: nothing vouches for the times of calls";
    check.advice =
        "apt install chrony, with the city's own time server in /etc/chrony/chrony.conf; "
        "chronyc tracking shows whether it is reached";
    return check;
  }
  check.what = "synchronised, off by " + seconds_text(facts.offset_s) + ", at most by " +
               seconds_text(facts.most_error_s);
  if (facts.most_error_s > kMostError) {
    check.verdict = Verdict::kNotice;
    check.advice = "its time server was not heard for long: chronyc sources";
  }
  return check;
}

Check check_disk(const DiskFacts& facts, const Status* status) {
  Check check{.id = "disk", .subject = printable(facts.path), .what = {}};
  const std::string room = bytes_text(facts.free_bytes) + " free of " +
                           bytes_text(facts.total_bytes) + " (" + facts.file_system + ")";
  const bool known = status != nullptr && status->bytes_per_day() > 0;
  const double days = known ? static_cast<double>(facts.free_bytes) / status->bytes_per_day() : 0;
  check.what =
      room + (known ? ", lasts about " + plural(static_cast<std::uint64_t>(days), "day") : "");
  if (facts.read_only) {
    check.verdict = Verdict::kProblem;
    check.what = "is mounted read-only";
    check.advice = "a disk that fails is made so: dmesg; then fsck, and mount -o remount,rw";
  } else if (facts.in_memory) {
    check.verdict = Verdict::kProblem;
    check.what = "is in memory (" + facts.file_system + "): a power cut takes every call";
    check.advice = "mount a disk there, or set archive.directory in koegura.toml";
  } else if (known ? days < kTooFewDays : facts.free_bytes < kLeastFree) {
    check.verdict = Verdict::kProblem;
    check.advice = "a full disk erases nothing and records nothing more: add a disk now";
  } else if (known && days < kFewDays) {
    check.verdict = Verdict::kNotice;
    check.advice = "order a disk";
  } else if (facts.remote) {
    check.verdict = Verdict::kNotice;
    check.advice =
        "a file system over the network stops the recorder when the network stops: keep "
        "the archive on a disk of the box, and copy it";
  }
  return check;
}

Check check_spool(const DiskFacts& facts) {
  Check check = check_disk(facts, nullptr);
  check.id = "spool";
  if (facts.in_memory) check.advice = "mount a disk there: the spool is what survives a power cut";
  return check;
}

Check check_memory(const MemoryFacts& facts, bool uses_dpdk) {
  Check check{.id = "memory",
              .what = plural(facts.cpus, "CPU") + ", " + bytes_text(facts.available_bytes) +
                      " of " + bytes_text(facts.total_bytes) + " available"};
  if (facts.huge_pages > 0) {
    check.what +=
        ", " + plural(facts.huge_pages, "huge page") + " of " + bytes_text(facts.huge_page_bytes);
  }
  if (facts.available_bytes < kLeastMemory) {
    check.verdict = Verdict::kProblem;
    check.advice = "the recorder needs " + bytes_text(kLeastMemory) +
                   ": end other programs, or lower capture.max_streams";
  } else if (uses_dpdk && facts.huge_pages == 0) {
    check.verdict = Verdict::kNotice;
    check.what += ", no huge pages";
    check.advice = "DPDK is slower without: sysctl -w vm.nr_hugepages=512, and in /etc/sysctl.d";
  } else if (facts.cpus < 2) {
    check.verdict = Verdict::kNotice;
    check.advice =
        "receiving and archiving share it: give the box a second CPU, so that a burst of "
        "hang-ups does not cost frames";
  }
  return check;
}

Check check_modes(const std::string& directory, const std::vector<ModeFacts>& modes) {
  Check check{.id = "permissions",
              .subject = printable(directory),
              .what = "nobody but the owner and the group may read it"};
  std::uint64_t wrong = 0;
  for (const ModeFacts& facts : modes) {
    if (excess(facts) == 0) continue;
    if (++wrong > 1) continue;
    check.what = printable(facts.path) + " is " + mode_text(facts.mode) + ": " +
                 ((facts.mode & 0007U) != 0 ? "anybody may use it" : "its group may do too much");
    check.advice = "chmod " + right_mode(facts) + ' ' + printable(facts.path);
  }
  if (wrong == 0) return check;
  check.verdict = Verdict::kProblem;
  if (wrong > 1) {
    check.what += ", and so " + count_text(wrong - 1) + " more";
    check.advice += " (folders 750, files 640; keys 700 and 600)";
  }
  return check;
}

}  // namespace koegura::tools
