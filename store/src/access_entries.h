// access_entries: what the ledger says of calls that are given to somebody.
#pragma once

#include <string>
#include <vector>

#include "capture/error.h"
#include "change.pb.h"
#include "ledger.pb.h"

namespace koegura::store {

// One a call; of a search one in all.
[[nodiscard]] std::vector<LedgerEntry> access_entries(const Access& access, const std::string& who);

// Of each call its last "archived" entry, so that whoever exports it knows what it is to be.
// kNotFound if one has none yet.
[[nodiscard]] Result<void> find_archived(const std::string& archive, const Access& access,
                                         ArchiveChanged& into);

}  // namespace koegura::store
