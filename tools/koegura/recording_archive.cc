#include "recording_archive.h"

#include <utility>

#include "event_log.h"
#include "store/rebuilding_archive.h"

namespace koegura::tools {

namespace {

store::RebuildOptions told_of_rebuild() {
  return {.problem =
              [](const std::string& path, const Error& why) {
                log_event(Level::kError, "not_in_index", {{"file", path}, {"why", why.message}});
              },
          .refused =
              [](const Error& why) {
                log_event(Level::kError, "rebuild_refused", {{"why", why.message}});
              },
          .done =
              [](const store::ReindexReport& report) {
                log_event(Level::kInfo, "index_rebuilt",
                          {{"calls", std::to_string(report.calls)},
                           {"resumed", std::to_string(report.resumed)},
                           {"unreadable", std::to_string(report.problems)}});
              }};
}

}  // namespace

Result<std::unique_ptr<store::Archive>> open_to_record(const std::string& directory,
                                                       store::ArchiveOptions options) {
  options.without_refused_ledger = true;
  auto archive = store::open_or_rebuild(directory, options, told_of_rebuild());
  const auto rebuild = archive ? (*archive)->rebuild() : std::nullopt;
  if (rebuild) log_event(Level::kError, "index_damaged", {{"why", rebuild->damage}});
  return archive;
}

}  // namespace koegura::tools
