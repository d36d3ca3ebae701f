#include "remote_archive.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "api_answer.h"
#include "call_query.h"
#include "json.h"
#include "status_report.h"

namespace koegura::tools {

namespace {

constexpr std::size_t kPage = 500;  // calls
const std::string kCallsTarget = "/v1/calls";
const std::string kCountTarget = "/v1/count";
const std::string kRecordsTarget = "/v1/records";

// An error of reading an answer, as one of the recorder's.
Error unreadable(Error error) {
  return std::move(error).in("reading what the recorder answered");
}

Result<CallPage> parse_page(const std::string& answer) {
  CallPage page;
  if (!page.ParseFromString(answer)) {
    return tl::make_unexpected(unreadable({"this is no page of calls"}));
  }
  if (page.has_error()) return tl::make_unexpected(error_of(page.error()));
  return page;
}

// An open file without a name: it goes with its descriptor, whatever becomes of the program.
Result<Descriptor> nameless_file() {
  std::error_code ignored;
  const std::string folder = std::filesystem::temp_directory_path(ignored);
  Descriptor file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (file.get() >= 0) return file;
  std::string path = folder + "/koegura.XXXXXX";
  Descriptor named(::mkostemp(path.data(), O_CLOEXEC));
  if (named.get() < 0) {
    return failure("cannot make a temporary file in " + folder + ": " + std::strerror(errno));
  }
  ::unlink(path.c_str());
  return named;
}

Result<void> write_all(const Descriptor& file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0)
      return failure(std::string("writing a temporary file: ") + std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

std::string RemoteArchive::id_of(const capture::FinishedCall& /*call*/) const {
  return {};
}

Result<bool> RemoteArchive::contains(const std::string& id) const {
  const auto record = find(id);
  if (record) return record->id() == id;
  if (record.error().kind == ErrorKind::kNotFound) return false;
  return tl::make_unexpected(record.error());
}

Result<store::Added> RemoteArchive::put(const decode::RenderedCall& /*call*/) {
  return failure(directory_ + ": a recorder is running, and it alone writes: stop it first");
}

Result<void> RemoteArchive::check_room() const {
  return failure(directory_ + ": a recorder is running, and it alone writes");
}

Result<CallRecord> RemoteArchive::find(std::string_view id_or_prefix) const {
  const auto json = get(kCallsTarget + '/' + percent_encoded(id_or_prefix) + '?' + purpose());
  if (!json) return tl::make_unexpected(json.error());
  return store::from_json(*json).map_error(unreadable);
}

Result<void> RemoteArchive::query(const store::CallFilter& filter,
                                  const std::function<bool(const CallRecord&)>& visit) const {
  CallQuery query{.filter = filter, .after = {}};
  std::size_t left = filter.limit;
  while (true) {
    query.filter.limit = filter.limit == 0 ? kPage : std::min(kPage, left);
    const auto answer = get(kRecordsTarget + '?' + purpose() + '&' + query_text(query));
    if (!answer) return tl::make_unexpected(answer.error());
    const auto page = parse_page(*answer);
    if (!page) return tl::make_unexpected(page.error());
    for (const CallRecord& record : page->calls()) {
      if (!visit(record)) return {};
    }
    const auto given = static_cast<std::size_t>(page->calls_size());
    left -= std::min(left, given);
    const bool is_last = given < query.filter.limit;
    if (is_last || (filter.limit != 0 && left == 0)) return {};
    query = continued(query, *page->calls().rbegin());
  }
}

Result<std::uint64_t> RemoteArchive::count(const store::CallFilter& filter) const {
  const auto json =
      get(kCountTarget + '?' + purpose() + '&' + query_text({.filter = filter, .after = {}}));
  if (!json) return tl::make_unexpected(json.error());
  CallCount count;
  if (auto parsed = parse_json(*json, count); !parsed) {
    return tl::make_unexpected(unreadable(std::move(parsed.error())));
  }
  return static_cast<std::uint64_t>(count.count());
}

std::string RemoteArchive::file_of(const CallRecord& record) const {
  return directory_ + '/' + record.audio().path();
}

std::string RemoteArchive::temporary_directory() const {
  std::error_code ignored;
  return std::filesystem::temp_directory_path(ignored);
}

Result<store::ArchiveSummary> RemoteArchive::summary() const {
  const auto json = get("/v1/status");
  if (!json) return tl::make_unexpected(json.error());
  Status status;
  if (auto parsed = parse_json(*json, status); !parsed) {
    return tl::make_unexpected(unreadable(std::move(parsed.error())));
  }
  return summary_of(status);
}

Result<ArchiveChanged> RemoteArchive::change(const ArchiveChange& change,
                                             const std::string& /*who*/) {
  const std::lock_guard lock(mutex_);
  const auto answer = client_->post("/v1/change", change.SerializeAsString());
  if (!answer) return tl::make_unexpected(answer.error());
  ArchiveChanged changed;
  if (!changed.ParseFromString(*answer)) {
    return tl::make_unexpected(unreadable({"this is not what came of a change"}));
  }
  return changed;
}

Result<RetentionOutlook> RemoteArchive::retention(store::Outlook wanted) const {
  RetentionOutlook outlook;
  const char* const target = wanted == store::Outlook::kRules ? "/v1/retention/rules"
                             : wanted == store::Outlook::kDue ? "/v1/retention/due"
                                                              : "/v1/retention";
  const auto answer = get(target);
  if (!answer) return tl::make_unexpected(answer.error());
  if (!outlook.ParseFromString(*answer)) {
    return tl::make_unexpected(unreadable({"this is no outlook of its retention"}));
  }
  return outlook;
}

Result<HoldList> RemoteArchive::holds() const {
  HoldList list;
  const auto answer = get("/v1/holds");
  if (!answer) return tl::make_unexpected(answer.error());
  if (!list.ParseFromString(*answer)) {
    return tl::make_unexpected(unreadable({"this is no list of holds"}));
  }
  return list;
}

std::string RemoteArchive::purpose() const {
  const std::lock_guard lock(mutex_);
  return "for=" + (std::exchange(is_entered_, true) ? std::string("more") : action_);
}

Result<std::string> RemoteArchive::fetch(const CallRecord& record, const std::string& action,
                                         const std::string& reason) const {
  auto file = nameless_file();
  if (!file) return tl::make_unexpected(std::move(file.error()));
  const std::lock_guard lock(mutex_);
  auto done = client_->get(kCallsTarget + '/' + percent_encoded(record.id()) +
                               "/file?for=" + action + "&reason=" + percent_encoded(reason),
                           [&](std::string_view piece) { return write_all(*file, piece); });
  if (!done) return tl::make_unexpected(std::move(done.error()));
  copies_.push_back(std::move(*file));
  return "/proc/self/fd/" + std::to_string(copies_.back().get());
}

Result<std::string> RemoteArchive::get(const std::string& target) const {
  const std::lock_guard lock(mutex_);
  return client_->get(target);
}

}  // namespace koegura::tools
