// Index: the archive's calls in key order (index_format.h), in RocksDB. The only module that knows
// it.
//
// Threads: add from any number of threads (one batch at a time); get, totals and cursors are
// free-threaded, a cursor itself is one thread's.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

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
};

struct IndexOptions {
  enum class Access : unsigned char {
    kRead,   // beside a writer, in this or another process; writes nothing
    kWrite,  // alone
    kBuild,  // alone, unsynced: durable only after finish
  };
  Access access = Access::kRead;
  bool sync = true;           // of each batch, for kWrite
  std::string region = "JP";  // of the numbers in URIs
};

class Index {
 public:
  // kWrite and kBuild make the folder if it is missing. Refused: locked, damaged, newer schema.
  [[nodiscard]] static Result<std::unique_ptr<Index>> open(const std::string& folder,
                                                           const IndexOptions& options);
  virtual ~Index() = default;

  // Everything of one call in one batch, with what becomes of the calls of its conversation; on
  // failure nothing. A call that is there is replaced, and stays in its conversation. The
  // fingerprint is not kept in the record.
  [[nodiscard]] virtual Result<void> add(const CallRecord& record, std::uint64_t file_bytes) = 0;
  // All that was added is on disk, and compact.
  [[nodiscard]] virtual Result<void> finish() = 0;

  [[nodiscard]] virtual Result<std::optional<CallRecord>> get(const Ulid& id) const = 0;
  [[nodiscard]] virtual Result<Totals> totals() const = 0;
  // Sees what was added before; for kRead, also by the writer. REQUIRES: the index outlives it.
  [[nodiscard]] virtual Result<std::unique_ptr<IndexCursor>> cursor() const = 0;
};

// The value of a 'c' key.
[[nodiscard]] Result<CallRecord> decode_record(std::string_view value, const Ulid& id);

// Removes a closed index with all it holds.
void remove_index(const std::string& folder);

}  // namespace koegura::store
