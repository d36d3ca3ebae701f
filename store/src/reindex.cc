// reindex: the index anew from the call files alone, built beside the old one and exchanged with it
// in one step, so that a failure leaves the old one in place. One that was killed is gone on with.
#include <fcntl.h>
#include <stdio.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <system_error>

#include "archive_folder.h"
#include "archive_in_folder.h"
#include "capture/folder_entries.h"
#include "durable_file.h"
#include "erasure.h"
#include "index.h"
#include "ledger_format.h"
#include "ledger_scan.h"
#include "note_file.h"
#include "record_in_file.h"
#include "store/archive.h"
#include "store/notes.h"

namespace koegura::store {

namespace {

namespace fs = std::filesystem;

using Visit = std::function<Result<void>(const std::string& path)>;

// Every call file below folder in order of its name, which is of time; memory for one folder's
// names.
Result<void> for_each_call_file(const std::string& folder, const Visit& visit) {
  std::vector<fs::directory_entry> entries;
  std::error_code error = capture::for_each_entry(
      folder, [&](const fs::directory_entry& entry) { entries.push_back(entry); });
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

// The calls are added in the order of their files, so that of a rebuild that died the first ones
// are there, and the legs that later ones may belong to.
class Rebuild {
 public:
  using Problem = std::function<void(const std::string& path, const Error& why)>;

  Rebuild(const ArchiveFolder& folder, Index& index, const Problem& problem)
      : folder_(folder), index_(index), problem_(problem) {}

  // Before the files: calls with a tombstone do not come back. A ledger that cannot be read is a
  // problem, and no reason to have no index.
  [[nodiscard]] Result<void> note_erased() {
    LedgerScan scan(folder_.path());
    const auto note = [&](std::uint64_t sequence, std::string_view line) -> Result<void> {
      if (line.find("\"erased\"") == std::string_view::npos) return {};
      const Result<LedgerEntry> entry = parse_entry(line, sequence);
      if (!entry) return tl::make_unexpected(entry.error());
      const std::optional<Ulid> id = Ulid::parse(entry->call());
      if (entry->kind() != kErasedEntry || !id) return {};
      const Result<std::optional<CallRecord>> row = index_.get(*id);
      if (!row) return tl::make_unexpected(row.error());
      // A rebuild that died had come past its file, which is gone since.
      is_out_of_order_ = is_out_of_order_ || row->has_value();
      return index_.change({{erased_key(*id), std::string()}});
    };
    if (const Result<void> read = scan.read_on(note); !read) {
      ++report_.problems;
      problem_(ledger_of(folder_.path()).entries(), read.error());
    }
    return {};
  }
  // Fails only if the index cannot be read or written.
  [[nodiscard]] Result<void> visit(const std::string& path) {
    const Result<bool> there = is_there(path);
    if (!there) return tl::make_unexpected(there.error());
    if (!*there) return add_file(path);
    ++report_.calls;
    ++report_.resumed;
    // A file was put back among those that a rebuild which died had come past.
    is_out_of_order_ = is_out_of_order_ || has_added_;
    return {};
  }
  [[nodiscard]] const ReindexReport& report() const { return report_; }
  // What was added is not what a rebuild from the start would have added.
  [[nodiscard]] bool is_out_of_order() const { return is_out_of_order_; }

 private:
  [[nodiscard]] Result<bool> is_there(const std::string& path) {
    std::optional<Ulid> id = id_in_name(path);
    if (!id) {
      const Result<CallRecord> record = record_in_file(path);
      if (record) id = Ulid::parse(record->id());
    }
    if (!id) return false;
    const Result<std::optional<CallRecord>> row = index_.get(*id);
    if (!row) return tl::make_unexpected(row.error());
    return *row && (*row)->audio().path() == relative(path);
  }

  [[nodiscard]] Result<void> add_file(const std::string& path) {
    Result<CallRecord> record = readable(path);
    if (!record) {
      ++report_.problems;
      problem_(path, record.error());
      return {};
    }
    const Result<std::uint64_t> bytes = file_size(path);
    record->mutable_audio()->set_path(relative(path));
    const Ulid id = *Ulid::parse(record->id());
    const Result<bool> erased = is_erased(index_, id);
    if (!erased) return tl::make_unexpected(erased.error());
    if (*erased) return leave_erased(id, path, bytes.value_or(0));
    add_notes(*record, path);
    ++report_.calls;
    has_added_ = true;
    return index_.add(*record, bytes.value_or(0));
  }

  [[nodiscard]] Result<void> leave_erased(const Ulid& id, const std::string& path,
                                          std::uint64_t bytes) {
    ++report_.problems;
    problem_(path, {"call " + id.text() +
                    " was erased, and its file is there still: it gets no row, and the next start "
                    "removes it"});
    const Erasing left{.file_bytes = bytes, .path = relative(path)};
    return index_.change({{erasing_key(id), encode_erasing(left)}});
  }

  void add_notes(CallRecord& record, const std::string& path) {
    const Result<NoteFile> notes = read_notes(notes_path(path));
    if (notes) return set_notes(record, notes->notes);
    ++report_.problems;
    problem_(notes_path(path), notes.error());
  }

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

  [[nodiscard]] std::string relative(const std::string& path) const {
    return path.substr(folder_.path().size() + 1);
  }

  const ArchiveFolder& folder_;
  Index& index_;
  const Problem& problem_;
  ReindexReport report_;
  bool has_added_ = false;
  bool is_out_of_order_ = false;
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

// The one that was left, if it can be gone on with: what it makes of numbers depends on the region.
Result<std::unique_ptr<Index>> open_new_index(const ArchiveFolder& folder,
                                              const ArchiveOptions& options) {
  const IndexOptions index_options{
      .access = IndexOptions::Access::kBuild, .sync = options.sync, .region = options.region};
  Result<std::unique_ptr<Index>> left = Index::open(folder.new_index(), index_options);
  if (left) {
    const auto region = (*left)->value(region_key());
    if (region && *region == options.region) return left;
    left->reset();
  }
  remove_index(folder.new_index());
  Result<std::unique_ptr<Index>> fresh = Index::open(folder.new_index(), index_options);
  if (!fresh) return fresh;
  return (*fresh)->change({{region_key(), options.region}}).map([&] { return std::move(*fresh); });
}

struct Rebuilt {
  ReindexReport report;
  bool is_out_of_order = false;
};

class Reindexing {
 public:
  Reindexing(const ArchiveFolder& folder, const ArchiveOptions& options,
             const ReindexControl& control)
      : folder_(folder), options_(options), control_(control) {}

  // Leaves the new index where it is, whole.
  [[nodiscard]] Result<Rebuilt> run() {
    if (Result<void> counted = count(); !counted) {
      return tl::make_unexpected(std::move(counted).error());
    }
    Result<std::unique_ptr<Index>> index = open_new_index(folder_, options_);
    if (!index) return tl::make_unexpected(std::move(index).error());
    Rebuild rebuild(folder_, **index, control_.problem);
    Result<void> walked = rebuild.note_erased();
    if (walked) walked = read_files(rebuild);
    if (walked) walked = (*index)->change({{region_key(), std::nullopt}});
    if (walked) walked = (*index)->finish(control_.stop);
    return walked.map([&] {
      return Rebuilt{.report = rebuild.report(), .is_out_of_order = rebuild.is_out_of_order()};
    });
  }

 private:
  [[nodiscard]] Result<void> read_files(Rebuild& rebuild) const {
    std::uint64_t done = 0;
    Result<void> walked = for_each_call_file(folder_.calls(), [&](const std::string& path) {
      if (Result<void> allowed = may_go_on(); !allowed) return allowed;
      Result<void> visited = rebuild.visit(path);
      control_.progress(++done, total_);
      return visited;
    });
    return walked.and_then([&] { return may_go_on(); });
  }
  [[nodiscard]] Result<void> check_stop() const {
    if (control_.stop) return failure("the rebuild of the index was stopped");
    return {};
  }
  [[nodiscard]] Result<void> may_go_on() const {
    return check_stop().and_then([&] { return control_.may_go_on(); });
  }
  [[nodiscard]] Result<void> count() {
    total_ = 0;
    return for_each_call_file(folder_.calls(), [&](const std::string&) {
      ++total_;
      return check_stop();
    });
  }

  const ArchiveFolder& folder_;
  const ArchiveOptions& options_;
  const ReindexControl& control_;
  std::uint64_t total_ = 0;
};

}  // namespace

Result<ReindexReport> reindex_in(const ArchiveFolder& folder, const ArchiveOptions& options,
                                 const ReindexControl& control) {
  Reindexing reindexing(folder, options, control);
  Result<Rebuilt> rebuilt = reindexing.run();
  if (rebuilt && rebuilt->is_out_of_order) {
    remove_index(folder.new_index());
    rebuilt = reindexing.run();
  }
  Result<void> done = rebuilt.map([](const Rebuilt&) {});
  if (done) done = exchange_index(folder);
  if (!done) {
    if (!control.stop) remove_index(folder.new_index());
    return tl::make_unexpected(std::move(done).error().in(folder.name()));
  }
  return rebuilt->report;
}

Result<ReindexReport> reindex(
    const std::string& directory, const ArchiveOptions& options,
    const std::function<void(const std::string& path, const Error& why)>& problem,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress) {
  if (Result<ArchiveFolder> there = ArchiveFolder::open_for_reading(directory); !there) {
    return tl::make_unexpected(std::move(there).error());
  }
  const Result<ArchiveFolder> folder = ArchiveFolder::open_for_writing(directory);
  if (!folder) return tl::make_unexpected(folder.error());
  std::atomic<bool> never = false;
  const auto always = []() -> Result<void> { return {}; };
  return reindex_in(*folder, options,
                    {.problem = problem, .progress = progress, .may_go_on = always, .stop = never});
}

}  // namespace koegura::store
