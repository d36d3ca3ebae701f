// Index: the archive's calls in key order (index_format.h), in RocksDB. The only module that knows
// it.
//
// Threads: add from any number of threads (one batch at a time); get, totals and cursors are
// free-threaded, a cursor itself is one thread's.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/error.h"
#include "index_format.h"
#include "record.pb.h"
#include "ulid.h"

namespace koegura::store {

// A walk over the keys as they were when it was made. After a failure it is not valid, and status
// says why.
class IndexCursor {
 public:
  virtual ~IndexCursor() = default;
  virtual void seek(std::string_view key) = 0;       // the first key >= this
  virtual void seek_back(std::string_view key) = 0;  // the last key <= this
  virtual void next() = 0;                           // REQUIRES: valid
  virtual void previous() = 0;                       // REQUIRES: valid
  [[nodiscard]] virtual bool valid() const = 0;
  // REQUIRES: valid. They live until the cursor moves.
  [[nodiscard]] virtual std::string_view key() const = 0;
  [[nodiscard]] virtual std::string_view value() const = 0;
  [[nodiscard]] virtual Result<void> status() const = 0;
  // One more, which stands nowhere; it may see what was added since.
  [[nodiscard]] virtual std::unique_ptr<IndexCursor> another() const = 0;
};

// Records that were looked for at once.
class PickedRecords {
 public:
  virtual ~PickedRecords() = default;
  // Of the id at this place among those asked for. False: there is no such call.
  [[nodiscard]] virtual Result<bool> read(std::size_t at, CallRecord& into) const = 0;
};

struct IndexOptions {
  enum class Access : unsigned char {
    kRead,   // beside a writer, in this or another process; writes nothing
    kWrite,  // alone
    // Alone, unsynced: durable only after finish. Of one that died there are the calls that were
    // added first, up to any of them, and it can be gone on with.
    kBuild,
  };
  Access access = Access::kRead;
  bool sync = true;           // of each batch, for kWrite
  std::string region = "JP";  // of the numbers in URIs
};

struct KeyChange {
  std::string key;
  std::optional<std::string> value;  // none: the key goes
};

class Index {
 public:
  // kWrite and kBuild make the folder if it is missing. Refused: locked, damaged (kDamaged), newer
  // schema.
  [[nodiscard]] static Result<std::unique_ptr<Index>> open(const std::string& folder,
                                                           const IndexOptions& options);
  virtual ~Index() = default;

  // Everything of one call in one batch, with what becomes of the calls of its conversation; on
  // failure nothing. A call that is there is replaced, and stays in its conversation. The
  // fingerprint is not kept in the record. For kWrite it waits for its ledger entry from then on.
  [[nodiscard]] virtual Result<void> add(const CallRecord& record, std::uint64_t file_bytes) = 0;
  // The call with all its keys and marks in one batch, as RowChanges says; its file had so many
  // bytes. On disk when it returns; on failure nothing has gone. False if it was not there.
  // REQUIRES: kWrite.
  [[nodiscard]] virtual Result<bool> remove(const Ulid& id, std::uint64_t file_bytes) = 0;
  // Small changes in one batch, on disk with the next call at the latest.
  [[nodiscard]] virtual Result<void> change(const std::vector<KeyChange>& changes) = 0;
  // The same, on disk when it returns.
  [[nodiscard]] virtual Result<void> change_now(const std::vector<KeyChange>& changes) = 0;
  // Its log was damaged, by a power cut or by the disk, and what followed the damage is gone from
  // it: any call may be missing here whose file is there. So it stays until missing_were_added,
  // over a restart, too. Only of kWrite.
  [[nodiscard]] virtual bool may_miss_calls() const = 0;
  [[nodiscard]] virtual Result<void> missing_were_added() = 0;
  // All that was added is on disk, and compact; or, where `stop` comes true, as compact as it is.
  [[nodiscard]] virtual Result<void> finish(std::atomic<bool>& stop) = 0;
  [[nodiscard]] Result<void> finish() {
    std::atomic<bool> never = false;
    return finish(never);
  }
  // What was removed before is in none of its files any more, whatever they say it in: not in the
  // log, not in a table, not in what the manifest tells of tables that are gone. (What is being
  // read goes with the last who reads it.) REQUIRES: kWrite.
  [[nodiscard]] virtual Result<void> wipe() = 0;

  [[nodiscard]] virtual Result<std::optional<CallRecord>> get(const Ulid& id) const = 0;
  // The same into a record that is there: who reads many of them with one record does it in half
  // the time, as its strings are used again. False if there is none.
  [[nodiscard]] virtual Result<bool> read(const Ulid& id, CallRecord& into) const = 0;
  // Those of several calls, in a quarter less time than one by one. They are as they were then, and
  // what the disk refused of one, only its read says. Each holds memory: ask for some dozens.
  [[nodiscard]] virtual Result<std::unique_ptr<PickedRecords>> pick(
      const std::vector<Ulid>& ids) const = 0;
  // The call has the notes and tags of this record from then on, in one batch. False if it is not
  // there. REQUIRES: kWrite.
  [[nodiscard]] virtual Result<bool> annotate(const CallRecord& annotated) = 0;

  // The value of one key.
  [[nodiscard]] virtual Result<std::optional<std::string>> value(std::string_view key) const = 0;
  [[nodiscard]] virtual Result<Totals> totals() const = 0;
  // False to a reader of an older schema, whose new keys ('s', 't', 'k') are not there, or not all:
  // they are made when the index is opened for writing.
  [[nodiscard]] virtual Result<bool> has_derived_keys() const = 0;
  // Sees what was added before; for kRead, also by the writer. REQUIRES: the index outlives it.
  [[nodiscard]] virtual Result<std::unique_ptr<IndexCursor>> cursor() const = 0;
};

// The value of a 'c' key.
[[nodiscard]] Result<CallRecord> decode_record(std::string_view value, const Ulid& id);
[[nodiscard]] Result<void> decode_record(std::string_view value, const Ulid& id, CallRecord& into);

// Removes a closed index with all it holds.
void remove_index(const std::string& folder);

}  // namespace koegura::store
