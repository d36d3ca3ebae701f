// export_entry: a bundle on its way into the ledger: is what is to be signed what the archive knows
// of its calls, the entry that says so, and the proofs that go into the bundle.
#pragma once

#include <string>

#include "capture/error.h"
#include "change.pb.h"
#include "ledger.pb.h"
#include "signing_key.h"

namespace koegura::store {

// Refused (kUsage): a manifest that is none of a bundle, or has a call without the entry that goes
// with it; (kVerification): a call.json, or a whole call file, that is not the one archived.
[[nodiscard]] Result<LedgerEntry> export_entry(const std::string& archive,
                                               const ExportBundle& bundle);

// Once that entry is signed: key, head, and the proofs of the calls' entries and of its own.
[[nodiscard]] Result<ArchiveChanged> proofs_of_export(const std::string& archive,
                                                      const ExportBundle& bundle,
                                                      const Signature& signature);

}  // namespace koegura::store
