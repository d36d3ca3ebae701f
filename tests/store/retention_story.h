// A story of an archive that erases what is due: its clock, its calls, and what is left.
#pragma once

#include <doctest/doctest.h>

#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "call_builder.h"
#include "store/archive.h"
#include "store/box_clock.h"
#include "temporary_folder.h"

namespace koegura::store {

// A machine whose real time only the story knows.
struct StoryClock {
  Timestamp real = kMorning;
  Duration wrong{};  // what the clock shows is real + wrong
  bool synchronised = true;
  int boot = 1;
  Timestamp booted = kMorning - std::chrono::hours(1);

  void pass(Duration time) { real += time; }
  // The machine is off for so long, and started again.
  void off(Duration time) {
    real += time;
    booted = real;
    ++boot;
  }
  [[nodiscard]] BoxMoment now() const {
    return {.time = real + wrong,
            .synchronised = synchronised,
            .boot = "boot" + std::to_string(boot),
            .up = real - booted};
  }
};

class RetentionStory {
 public:
  explicit RetentionStory(RetentionRules rules = {}) { options.retention = std::move(rules); }

  void open_archive(OpenMode mode = OpenMode::kWrite) {
    archive.reset();
    options.clock = [this] { return clock.now(); };
    auto opened = Archive::open(path, mode, options);
    if (!opened) FAIL(opened.error().message);
    archive = std::move(*opened);
  }
  std::string put(const std::string& name, Timestamp start) {
    CallBuilder call(name);
    return put(call.starting(start));
  }
  std::string put(CallBuilder& call) {
    const auto added = archive->put(call.build());
    if (!added) FAIL(added.error().message);
    return added->id;
  }
  Erased erase_due() {
    ArchiveChange change;
    change.mutable_erase_due()->set_most(256);
    const auto changed = archive->change(change, "manager");
    if (!changed) FAIL(changed.error().message);
    return changed->erased();
  }
  Result<ArchiveChanged> hold(const std::string& name, const std::vector<std::string>& calls,
                              const CallFilter& filter = {}) {
    ArchiveChange change;
    PlaceHold& place = *change.mutable_place_hold();
    place.set_case_(name);
    place.set_reason("因");
    for (const std::string& call : calls) place.add_calls(call);
    HoldFilter kept = to_hold_filter(filter);
    if (kept.ByteSizeLong() > 0) *place.mutable_filter() = std::move(kept);
    return archive->change(change, "manager");
  }
  Result<ArchiveChanged> lift(const std::string& name) {
    ArchiveChange change;
    change.mutable_lift_hold()->set_case_(name);
    return archive->change(change, "manager");
  }
  [[nodiscard]] std::set<std::string> ids() const {
    std::set<std::string> found;
    REQUIRE(archive->query({}, [&](const CallRecord& record) {
      found.insert(record.id());
      return true;
    }));
    return found;
  }
  [[nodiscard]] std::size_t files() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path + "/calls")) {
      if (entry.is_regular_file()) ++count;
    }
    return count;
  }

 private:
  TemporaryFolder folder_;

 public:
  std::string path = folder_ / "archive";
  StoryClock clock;
  ArchiveOptions options;
  std::unique_ptr<Archive> archive;
};

}  // namespace koegura::store
