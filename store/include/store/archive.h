// Archive: the folder of call files and their index.
//
//   DIR/format          "koegura archive 1": refused if newer than this program
//   DIR/calls/Y/M/D/    one Matroska file a call
//   DIR/index/          RocksDB, derivable from the files
//   DIR/spool/          the recorder's segments
//   DIR/ledger/         what happened to the archive, signed (ledger.h)
//   DIR/holds.jsonl     what is held for a case, and must not be erased (hold.proto)
//   DIR/directory.csv   whose each number is, if that was imported (directory_file.h)
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
#include "change.pb.h"
#include "decode/rendered_call.h"
#include "hold.pb.h"
#include "ledger.pb.h"
#include "record.pb.h"
#include "retention.pb.h"
#include "store/box_clock.h"
#include "store/number.h"
#include "store/retention.h"

namespace koegura::store {

struct ArchiveOptions {
  std::string region = "JP";  // of numbers without a country code
  std::vector<std::string>
      internal_numbers;  // "23??", "0312345678": '?' one digit, '*' any; for direction
  bool sync = true;      // fsync each file before it counts as archived
  // Left free for the spool and the calls in progress: with less, nothing is archived until there
  // is space again. Nothing is ever deleted for it.
  std::uint64_t reserve_bytes = 0;
  RetentionRules retention{};   // how long calls are kept
  BoxClock clock = box_moment;  // of the ledger's entries, and of what is due
  // Calls are archived though the ledger is not what was signed: nothing is written to it, which
  // ledger_problem says, and they are entered once it has been put right. A recorder's choice.
  bool without_refused_ledger = false;
};

enum class OpenMode : unsigned char { kRead, kWrite };

// What `calls` asks for. Empty fields do not restrict.
struct CallFilter {
  std::optional<Timestamp> from{};  // start >= from
  std::optional<Timestamp> to{};    // start < to
  std::string number{};             // any spelling, either party; "*5678" suffix, "0312*" prefix
  std::string department{};         // a party's; width, case and spaces aside
  std::string person{};
  std::string conversation{};  // its id: every leg of it
  // Calls whose caller hid the number: "any", or the reason as in the record or in Japanese
  // ("非通知").
  std::string withheld{};
  std::string state{};      // as in the record
  std::string direction{};  // as in the record
  std::string tag{};        // of the notes on it, with "#" or without; width and case aside
  std::string text{};       // words of the notes on it, each of them; "#word": the tag
  std::string hold{};       // a case: what is held for it, and all legs of that
  std::optional<Duration> longer_than{};
  std::optional<Duration> shorter_than{};
  std::size_t limit = 0;  // 0 = all
  bool oldest_first = false;
};

// As a hold keeps it; limit, order and hold itself are not kept.
[[nodiscard]] HoldFilter to_hold_filter(const CallFilter& filter);
[[nodiscard]] CallFilter to_call_filter(const HoldFilter& filter);

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
  // Why DIR/directory.csv as it is now is not in use, naming nobody in it; empty if it is. Calls
  // are archived with the last one that could be read.
  std::string directory_problem{};
  // Why the ledger is behind what is archived; empty if it is not, or to a reader. Nothing is lost
  // for it: it goes on once its disk does, or, if it was refused, at the start after it was put
  // right.
  std::string ledger_problem{};
  bool ledger_refused = false;  // it is not what was signed
  // Why calls cannot be told now, nor their bytes: the index is being rebuilt. Empty if it is not.
  std::string index_problem{};
};

// The rebuild of a damaged index beside a recorder (rebuilding_archive.h).
struct IndexRebuild {
  std::string damage{};         // as it was found
  std::uint64_t done = 0;       // call files read
  std::uint64_t total = 0;      // of so many; 0 while they are counted
  bool is_over = false;         // the archive is open
  std::string refusal{};        // why it does not go on, and is tried again later
  std::uint64_t problems = 0;   // files that could not be read, and are not in the index
  std::string first_problem{};  // path and reason of the first
};

// What of a RetentionOutlook is wanted.
enum class Outlook : unsigned char {
  kClock,  // whether anything may be erased now
  kDue,    // and which calls are due
  kRules,  // and what becomes of all calls, by rule: reads the whole index
};

class Archive {
 public:
  // kWrite creates the folder (0750) if it is missing; one writer at a time, across processes.
  // kRead works beside a writer. Refused with what to do: not a folder, not writable, newer format,
  // locked, or with kDamaged: the index cannot be read, and `koegura reindex` makes it anew.
  [[nodiscard]] static Result<std::unique_ptr<Archive>> open(const std::string& directory,
                                                             OpenMode mode,
                                                             const ArchiveOptions& options);
  virtual ~Archive() = default;

  // The id the call will have: the same input gives the same id.
  [[nodiscard]] virtual std::string id_of(const capture::FinishedCall& call) const = 0;
  // True of a call that was erased, too: it does not come back.
  [[nodiscard]] virtual Result<bool> contains(const std::string& id) const = 0;

  // File (temporary, fsync, rename, folder fsync), then index, then ledger. On failure nothing of
  // the call is left; but what the ledger's disk alone refuses is no failure, and made up for.
  [[nodiscard]] virtual Result<Added> put(const decode::RenderedCall& call) = 0;

  // The call with this id or unambiguous prefix of at least 6 characters (any case). kNotFound
  // if there is none; kUsage if it is ambiguous (the message lists some) or too short.
  [[nodiscard]] virtual Result<CallRecord> find(std::string_view id_or_prefix) const = 0;

  // Of find and query: `retention` says what the rules and holds come to now.

  // Gives matching records one by one, newest first unless asked otherwise; stops early when
  // visit returns false.
  [[nodiscard]] virtual Result<void> query(
      const CallFilter& filter, const std::function<bool(const CallRecord&)>& visit) const = 0;

  // How many records that gives, without reading them where that can be: millions in milliseconds.
  [[nodiscard]] virtual Result<std::uint64_t> count(const CallFilter& filter) const = 0;

  // Where the call's file is.
  [[nodiscard]] virtual std::string file_of(const CallRecord& record) const = 0;
  // Where files may be made that do not outlive the writer.
  [[nodiscard]] virtual std::string temporary_directory() const = 0;
  [[nodiscard]] virtual Result<ArchiveSummary> summary() const = 0;
  // Fails if the disk has not more than the reserve, saying how much is missing.
  [[nodiscard]] virtual Result<void> check_room() const = 0;
  // A change that somebody asks for: done, entered in the ledger and on disk when it returns. `who`
  // is the user who asks; empty: whose process this is.
  [[nodiscard]] virtual Result<ArchiveChanged> change(const ArchiveChange& change,
                                                      const std::string& who) = 0;
  // Which calls go when, and why none does now.
  [[nodiscard]] virtual Result<RetentionOutlook> retention(Outlook wanted) const = 0;
  // What is held.
  [[nodiscard]] virtual Result<HoldList> holds() const = 0;
  // Nothing unless the index was damaged when a recorder opened it, in this run.
  [[nodiscard]] virtual std::optional<IndexRebuild> rebuild() const { return std::nullopt; }
  [[nodiscard]] bool is_rebuilding() const {
    const std::optional<IndexRebuild> state = rebuild();
    return state && !state->is_over;
  }
  // Something that happened beside the calls, for the ledger: written soon, without waiting for the
  // disk. Time and who are filled in if they are missing. Nothing where the archive is another
  // process's.
  virtual void note(const LedgerEntry& /*entry*/) {}
  // From the next call on: internal_numbers, reserve_bytes and retention; the others stay as they
  // were opened with. Nothing where the archive is another process's.
  virtual void set_options(const ArchiveOptions& /*options*/) {}
};

// Rebuilds the index of a closed archive from its call files alone. Files that cannot be read are
// reported through `problem` (path and reason) and skipped. `progress` gets done, total. One that
// was cut short, by a power cut, too, is gone on with, unless somebody wrote to the archive since.
struct ReindexReport {
  std::uint64_t calls = 0;
  std::uint64_t problems = 0;
  std::uint64_t resumed = 0;  // of the calls: indexed by an earlier rebuild that was cut short
};
[[nodiscard]] Result<ReindexReport> reindex(
    const std::string& directory, const ArchiveOptions& options,
    const std::function<void(const std::string& path, const Error& why)>& problem,
    const std::function<void(std::uint64_t done, std::uint64_t total)>& progress);

// One JSON object, one line, canonical mapping with the field names of record.proto.
[[nodiscard]] std::string to_json(const CallRecord& record);
[[nodiscard]] Result<CallRecord> from_json(std::string_view json);

}  // namespace koegura::store
