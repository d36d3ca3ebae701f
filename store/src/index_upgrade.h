// Index upgrade: an index of an older schema gets the keys that this one has, made from its
// records, when it is opened for writing. Killed in between, it goes on where it was: "schema"
// says up to which call the keys are there, in the batch that wrote them. Until it is done readers
// do without.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "capture/error.h"
#include "index.h"
#include "index_format.h"
#include "ulid.h"

namespace koegura::store {

struct IndexSchema {
  int number = 0;                // 0: none yet
  std::optional<Ulid> is_up_to;  // an upgrade to this number has come to this call
  [[nodiscard]] bool is_current() const { return number == kIndexSchema && !is_up_to; }
};
// The value of 'm' "schema". What cannot be read is of a later day: no earlier program wrote it.
[[nodiscard]] IndexSchema parse_schema(std::string_view text);

// Gives batches of a bounded number of calls to `write`, in this order; the last leaves "schema"
// for the caller to set. REQUIRES: nobody else writes.
using WriteKeys = std::function<Result<void>(const std::vector<KeyChange>&)>;
[[nodiscard]] Result<void> derive_keys(const Index& index, const IndexSchema& schema,
                                       const WriteKeys& write);

}  // namespace koegura::store
