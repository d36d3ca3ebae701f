// One call of a bundle: are its files what its entry in the ledger tells of, and each other?
#pragma once

#include <string>

#include "bundle_files.h"
#include "ledger.pb.h"

namespace koegura::store {

// `archived` is the entry that was proved; null if none was.
void check_bundled_call(const BundleFiles& files, const std::string& id,
                        const LedgerEntry* archived, const BundleFiles::OnFault& fault);

}  // namespace koegura::store
