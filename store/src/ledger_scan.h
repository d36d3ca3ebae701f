// LedgerScan: the ledger's lines in order, from where the last look ended: for who has to know what
// all of them say and cannot parse millions each time.
//
// Threads: one at a time; a writer may go on beside it.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "capture/error.h"

namespace koegura::store {

class LedgerScan {
 public:
  explicit LedgerScan(std::string archive) : archive_(std::move(archive)) {}

  // A failure ends the look, and its line is given again by the next.
  using Visit = std::function<Result<void>(std::uint64_t sequence, std::string_view line)>;
  // Nothing where there is no ledger. kVerification if it has become shorter.
  [[nodiscard]] Result<void> read_on(const Visit& visit);

 private:
  std::string archive_;
  std::uint64_t next_ = 0;    // the entry
  std::uint64_t offset_ = 0;  // of its line
};

}  // namespace koegura::store
