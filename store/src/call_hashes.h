// Call hashes: what the ledger says of a call: SHA-256 of its file, and of the record in it.
#pragma once

#include <string>

#include "capture/error.h"
#include "sha256.h"

namespace koegura::store {

struct CallHashes {
  Sha256 file;
  Sha256 record;  // of call.json, all its bytes
};

[[nodiscard]] Result<CallHashes> hashes_of_call_file(const std::string& path);

}  // namespace koegura::store
