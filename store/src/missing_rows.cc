#include "missing_rows.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "decode/matroska.h"
#include "durable_file.h"
#include "erasure.h"
#include "note_file.h"
#include "record_in_file.h"
#include "store/notes.h"
#include "ulid.h"

namespace koegura::store {

namespace {

namespace fs = std::filesystem;

constexpr int kWholeFolders = 3;  // without a missing row: enough

class Search {
 public:
  Search(const ArchiveFolder& folder, Index& index)
      : folder_(folder), index_(index), is_thorough_(index.may_miss_calls()) {}

  // Folders are named by year, month and day: the last name is the newest.
  [[nodiscard]] Result<void> visit(const std::string& path) {
    std::vector<fs::path> folders;
    std::vector<fs::path> files;
    std::error_code error;
    for (auto it = fs::directory_iterator(path, error); !error && it != fs::directory_iterator();
         it.increment(error)) {
      const bool is_folder = it->is_directory(error);
      (is_folder ? folders : files).push_back(it->path());
    }
    std::sort(folders.begin(), folders.end());
    while (!folders.empty() && !is_over()) {
      if (Result<void> visited = visit(folders.back()); !visited) return visited;
      folders.pop_back();
    }
    return files.empty() || is_over() ? Result<void>() : check(files);
  }
  [[nodiscard]] std::uint64_t added() const { return added_; }
  [[nodiscard]] bool is_thorough() const { return is_thorough_ && !refused_; }

 private:
  [[nodiscard]] bool is_over() const {
    return refused_ || (!is_thorough_ && whole_ >= kWholeFolders);
  }

  [[nodiscard]] Result<void> check(const std::vector<fs::path>& files) {
    bool is_whole = true;
    for (const fs::path& file : files) {
      const std::optional<Ulid> id = id_in_name(file);
      if (!id || file.extension() != ".mka") continue;
      const Result<std::optional<CallRecord>> row = index_.get(*id);
      if (!row) return tl::make_unexpected(row.error());
      if (*row) {
        is_whole = has_its_notes(**row) && is_whole;
        continue;
      }
      const Result<bool> erased = is_erased(index_, *id);
      if (!erased) return tl::make_unexpected(erased.error());
      if (*erased) continue;
      is_whole = false;
      add(file, *id);
    }
    whole_ = is_whole ? whole_ + 1 : 0;
    return {};
  }

  // A log of the index that was lost may have had notes of calls that are there.
  [[nodiscard]] bool has_its_notes(const CallRecord& row) {
    const auto file = read_notes(notes_path(folder_.path() + "/" + row.audio().path()));
    if (!file || static_cast<int>(file->notes.size()) == row.notes_size()) return true;
    CallRecord noted = row;
    set_notes(noted, file->notes);
    refused_ = refused_ || !index_.annotate(noted);
    return false;
  }

  void add(const std::string& path, const Ulid& id) {
    if (!decode::check_matroska(path)) return;
    Result<CallRecord> record = record_in_file(path);
    if (!record || record->id() != id.text()) return;
    record->mutable_audio()->set_path(path.substr(folder_.path().size() + 1));
    if (const auto notes = read_notes(notes_path(path))) set_notes(*record, notes->notes);
    refused_ = refused_ || !index_.add(*record, file_size(path).value_or(0));
    if (!refused_) ++added_;
  }

  const ArchiveFolder& folder_;
  Index& index_;
  const bool is_thorough_;
  int whole_ = 0;  // folders, in a row
  bool refused_ = false;
  std::uint64_t added_ = 0;
};

}  // namespace

Result<std::uint64_t> add_missing_rows(const ArchiveFolder& folder, Index& index) {
  Search search(folder, index);
  Result<void> visited = search.visit(folder.calls());
  if (visited && search.is_thorough()) visited = index.missing_were_added();
  return visited.map([&] { return search.added(); });
}

}  // namespace koegura::store
