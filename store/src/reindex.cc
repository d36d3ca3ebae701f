// reindex: the index anew from the call files alone, built beside the old one and exchanged with it
// in one step, so that a failure leaves the old one in place.
#include <fcntl.h>
#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>

#include "archive_folder.h"
#include "durable_file.h"
#include "index.h"
#include "record_in_file.h"
#include "store/archive.h"

namespace koegura::store {

namespace {

namespace fs = std::filesystem;

using Visit = std::function<Result<void>(const std::string& path)>;

// Every call file below folder in order of its name, which is of time; memory for one folder's
// names.
Result<void> for_each_call_file(const std::string& folder, const Visit& visit) {
  std::vector<fs::directory_entry> entries;
  std::error_code error;
  for (auto it = fs::directory_iterator(folder, error); !error && it != fs::directory_iterator();
       it.increment(error)) {
    entries.push_back(*it);
  }
  if (error) return failure("reading the folder " + folder + ": " + error.message());
  std::sort(entries.begin(), entries.end());
  for (const fs::directory_entry& entry : entries) {
    const bool is_call = entry.path().extension() == ".mka";
    Result<void> visited = entry.is_directory(error) ? for_each_call_file(entry.path(), visit)
                           : is_call                 ? visit(entry.path())
                                                     : Result<void>();
    if (!visited) return visited;
  }
  return {};
}

class Rebuild {
 public:
  using Problem = std::function<void(const std::string& path, const Error& why)>;

  Rebuild(const ArchiveFolder& folder, Index& index, const Problem& problem)
      : folder_(folder), index_(index), problem_(problem) {}

  // Fails only if the index cannot be written.
  [[nodiscard]] Result<void> add_file(const std::string& path) {
    Result<CallRecord> record = readable(path);
    if (!record) {
      ++report_.problems;
      problem_(path, record.error());
      return {};
    }
    const Result<std::uint64_t> bytes = file_size(path);
    record->mutable_audio()->set_path(path.substr(folder_.path().size() + 1));
    ++report_.calls;
    return index_.add(*record, bytes.value_or(0));
  }
  [[nodiscard]] const ReindexReport& report() const { return report_; }

 private:
  [[nodiscard]] Result<CallRecord> readable(const std::string& path) {
    Result<CallRecord> record = record_in_file(path);
    if (!record) return record;
    Result<std::optional<CallRecord>> other = index_.get(*Ulid::parse(record->id()));
    if (!other) return tl::make_unexpected(std::move(other).error());
    if (*other) {
      return failure("call " + record->id() + " is in " + (*other)->audio().path() + " already");
    }
    return record;
  }

  const ArchiveFolder& folder_;
  Index& index_;
  const Problem& problem_;
  ReindexReport report_;
};

// Puts the new index in the old one's place in one step, where the filesystem can exchange.
Result<void> exchange_index(const ArchiveFolder& folder) {
  const std::string fresh = folder.new_index();
  const std::string old = folder.index();
  std::error_code error;
  if (fs::exists(old, error) &&
      ::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, old.c_str(), RENAME_EXCHANGE) == 0) {
    remove_index(fresh);  // which is the old one now
    return sync_path(folder.path());
  }
  remove_index(old);
  return move_into_place(fresh, old, /*sync=*/true);
}

}  // namespace

Result<ReindexReport> reindex(
    const std::string& directory, const ArchiveOptions& options,
    const std::function<void(const std::string& path, const Error& why)>& problem,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  if (Result<ArchiveFolder> there = ArchiveFolder::open_for_reading(directory); !there) {
    return tl::make_unexpected(std::move(there).error());
  }
  Result<ArchiveFolder> folder = ArchiveFolder::open_for_writing(directory);
  if (!folder) return tl::make_unexpected(std::move(folder).error());
  remove_index(folder->new_index());

  std::uint64_t total = 0;
  Result<void> walked =
      for_each_call_file(folder->calls(), [&](const std::string&) -> Result<void> {
        ++total;
        return {};
      });
  if (!walked) return tl::make_unexpected(std::move(walked).error().in(folder->name()));

  const IndexOptions index_options{
      .access = IndexOptions::Access::kBuild, .sync = options.sync, .region = options.region};
  Result<std::unique_ptr<Index>> index = Index::open(folder->new_index(), index_options);
  if (!index) return tl::make_unexpected(std::move(index).error().in(folder->name()));
  Rebuild rebuild(*folder, **index, problem);
  std::uint64_t done = 0;
  walked = for_each_call_file(folder->calls(), [&](const std::string& path) {
    Result<void> added = rebuild.add_file(path);
    progress(++done, total);
    return added;
  });
  if (walked) walked = (*index)->finish();
  index->reset();
  if (walked) walked = exchange_index(*folder);
  if (!walked) {
    remove_index(folder->new_index());
    return tl::make_unexpected(std::move(walked).error().in(folder->name()));
  }
  return rebuild.report();
}

}  // namespace koegura::store
