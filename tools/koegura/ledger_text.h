// ledger_text: an entry of the ledger as people read it: one line.
#pragma once

#include <string>

#include "ledger.pb.h"

namespace koegura::tools {

// "17  2026-11-21 10:15:02+09:00  archived    koegura  01KAJ...": printable.
[[nodiscard]] std::string ledger_line(const LedgerEntry& entry);

}  // namespace koegura::tools
