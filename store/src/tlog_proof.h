// tlog_proof: the proof of an entry as text (C2SP tlog-proof), read by whoever was handed it:
//
//   c2sp.org/tlog-proof@v1
//   extra eyJzZXF1ZW5jZSI6MTc...      the entry's line, base64
//   index 17
//   CsUYapGGPo4dkMgIAUqom/Xajj7...=   hashes from its leaf upwards
//
//   koegura/0123456789abcdef          a checkpoint
//   ...
#pragma once

#include <string_view>

#include "capture/error.h"
#include "signing_key.h"
#include "store/ledger.h"

namespace koegura::store {

// Exactly what tlog_proof of store/ledger.h writes; unverified.
[[nodiscard]] Result<LedgerProof> read_tlog_proof(std::string_view text);

// kVerification unless its head is signed with this key, and has the entry in this place.
[[nodiscard]] Result<void> verify_proof(const LedgerProof& proof, const VerifyingKey& key);

}  // namespace koegura::store
