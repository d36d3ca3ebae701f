// Access: what is given to somebody of an archive that no recorder has open: whoever reads the
// folder itself says so in its ledger.
#pragma once

#include <string>

#include "capture/error.h"
#include "change.pb.h"

namespace koegura::store {

// On disk when it returns. Has the archive's lock for a moment, for which others who want it wait.
// kNotFound if the archive has no ledger, kNotPermitted if this user may not write there; the
// ledger is never begun by this. `who` as Archive::change has it.
[[nodiscard]] Result<void> enter_access(const std::string& directory, const Access& access,
                                        const std::string& who);

}  // namespace koegura::store
