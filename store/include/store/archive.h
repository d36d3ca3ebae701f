// Archive: the folder of call files and their index.
//
//   DIR/format          "koegura archive 1": refused if newer than this program
//   DIR/calls/Y/M/D/    one Matroska file a call
//   DIR/index/          RocksDB, derivable from the files
//   DIR/spool/          the recorder's segments
//   DIR/tmp/            files being written; emptied when the archive is opened for writing
//
// Threads: put may be called from any number of threads; reading is free-threaded.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/error.h"
#include "decode/rendered_call.h"
#include "record.pb.h"
#include "store/number.h"

namespace koegura::store {

struct ArchiveOptions {
  std::string region = "JP";  // of numbers without a country code
  std::vector<std::string>
      internal_numbers;  // "23??", "0312345678": '?' one digit, '*' any; for direction
  bool sync = true;      // fsync each file before it counts as archived
  // Left free for the spool and the calls in progress: with less, nothing is archived until there
  // is space again. Nothing is ever deleted for it.
  std::uint64_t reserve_bytes = 0;
};

enum class OpenMode : unsigned char { kRead, kWrite };

// What `calls` asks for. Empty fields do not restrict.
struct CallFilter {
  std::optional<Timestamp> from{};  // start >= from
  std::optional<Timestamp> to{};    // start < to
  std::string number{};             // any spelling, either party; "*5678" suffix, "0312*" prefix
  std::string department{};
  std::string person{};
  std::string conversation{};  // its id: every leg of it
  std::string state{};         // as in the record
  std::string direction{};     // as in the record
  std::optional<Duration> longer_than{};
  std::optional<Duration> shorter_than{};
  std::size_t limit = 0;  // 0 = all
  bool oldest_first = false;
};

struct Added {
  std::string id;
  bool was_there = false;  // the call was archived already: nothing was written
};

struct ArchiveSummary {
  std::uint64_t calls = 0;
  std::optional<Timestamp> oldest;  // start of the oldest call
  std::optional<Timestamp> newest;
  std::uint64_t file_bytes = 0;  // of the call files
  std::uint64_t disk_free_bytes = 0;
  std::uint64_t disk_total_bytes = 0;
};

class Archive {
 public:
  // kWrite creates the folder (0750) if it is missing; one writer at a time, across processes.
  // kRead works beside a writer. Refused with what to do: not a folder, not writable, newer format,
  // locked.
  [[nodiscard]] static Result<std::unique_ptr<Archive>> open(const std::string& directory,
                                                             OpenMode mode,
                                                             const ArchiveOptions& options);
  virtual ~Archive() = default;

  // The id the call will have: the same input gives the same id.
  [[nodiscard]] virtual std::string id_of(const capture::FinishedCall& call) const = 0;
  [[nodiscard]] virtual Result<bool> contains(const std::string& id) const = 0;

  // File (temporary, fsync, rename, folder fsync), then index. On failure nothing of the call is
  // left.
  [[nodiscard]] virtual Result<Added> put(const decode::RenderedCall& call) = 0;

  // The call with this id or unambiguous prefix of at least 6 characters (any case). kNotFound
  // if there is none; kUsage if it is ambiguous (the message lists some) or too short.
  [[nodiscard]] virtual Result<CallRecord> find(std::string_view id_or_prefix) const = 0;

  // Gives matching records one by one, newest first unless asked otherwise; stops early when
  // visit returns false.
  [[nodiscard]] virtual Result<void> query(
      const CallFilter& filter, const std::function<bool(const CallRecord&)>& visit) const = 0;

  // Where the call's file is.
  [[nodiscard]] virtual std::string file_of(const CallRecord& record) const = 0;
  // Where files may be made that do not outlive the writer.
  [[nodiscard]] virtual std::string temporary_directory() const = 0;
  [[nodiscard]] virtual Result<ArchiveSummary> summary() const = 0;
  // Fails if the disk has not more than the reserve, saying how much is missing.
  [[nodiscard]] virtual Result<void> check_room() const = 0;
  // From the next call on: internal_numbers and reserve_bytes; the others stay as they were opened
  // with. Nothing where the archive is another process's.
  virtual void set_options(const ArchiveOptions& /*options*/) {}
};

// Rebuilds the index of a closed archive from its call files alone. Files that cannot be read are
// reported through `problem` (path and reason) and skipped. `progress` gets done, total.
struct ReindexReport {
  std::uint64_t calls = 0;
  std::uint64_t problems = 0;
};
[[nodiscard]] Result<ReindexReport> reindex(
    const std::string& directory, const ArchiveOptions& options,
    const std::function<void(const std::string& path, const Error& why)>& problem,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

// One JSON object, one line, canonical mapping with the field names of record.proto.
[[nodiscard]] std::string to_json(const CallRecord& record);
[[nodiscard]] Result<CallRecord> from_json(std::string_view json);

}  // namespace koegura::store
