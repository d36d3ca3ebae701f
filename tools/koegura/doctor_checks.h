// doctor_checks: what facts about the box mean for a recorder, and what to change. Pure: the facts
// are gathered by interface_facts, box_facts and the recorder's own status.
//
// Threads: none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "box_facts.h"
#include "capture/error.h"
#include "interface_facts.h"
#include "output.pb.h"

namespace koegura::tools {

enum class Verdict : unsigned char { kOk, kNotice, kProblem };
[[nodiscard]] const char* name_of(Verdict verdict);  // "ok"

struct Check {
  std::string id;         // stable: "link", "clock"
  std::string subject{};  // the interface, the folder; empty: the box
  Verdict verdict = Verdict::kOk;
  std::string what;
  std::string advice{};  // empty if ok
};

// How doctor came upon an interface.
enum class Interest : unsigned char {
  kRecorded,  // the recorder reads it
  kNamed,     // the user asks about it
  kFound,     // it is there: perhaps the box's own
};
[[nodiscard]] std::vector<Check> check_interface(const InterfaceFacts& facts, Interest interest);

// Without a recorder, `why_not` is why: kNotFound if none runs.
[[nodiscard]] std::vector<Check> check_recorder(const RecorderStatus* recorder,
                                                const Error& why_not);
[[nodiscard]] Check check_clock(const ClockFacts& facts);
// `status` of the archive tells for how long the disk lasts; absent if there is no archive yet.
[[nodiscard]] Check check_disk(const DiskFacts& facts, const Status* status);
// The spool's disk, where it is not the archive's.
[[nodiscard]] Check check_spool(const DiskFacts& facts);
[[nodiscard]] Check check_memory(const MemoryFacts& facts, bool uses_dpdk);
[[nodiscard]] Check check_modes(const std::string& directory, const std::vector<ModeFacts>& modes);

}  // namespace koegura::tools
