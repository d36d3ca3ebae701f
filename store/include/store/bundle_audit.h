// audit_bundle: is a bundle (bundle.h) whole, and what the archive that it came from signed?
// Nothing else is needed, and nothing in the folder is trusted: every file is read, and what does
// not fit is named.
//
//   - each file is in a manifest, and has the SHA-256 that stands there; none is missing or added
//   - the manifest is signed with proof/key.pub, and so is the head, of which every proof is
//   - the export's own entry has the manifest's SHA-256
//   - each call: call.json is the one of its entry, audio.flac decodes to the samples that
//   call.json
//     tells of, packets and pages can be read, and original.mka is the file of the entry
//
// Whose key it is the bundle cannot know: compare its fingerprint, or give a head that was kept.
//
// Memory: 200 bytes a file. Threads: one.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

#include "capture/error.h"
#include "ledger.pb.h"

namespace koegura::store {

struct BundleFault {
  std::string where;  // a path in the bundle, or "the head kept"
  std::string what;
};

struct BundleSummary {
  std::string origin;      // the ledger's name: of its key; empty if that cannot be read
  std::string key_sha256;  // fingerprint: of the key's 32 bytes, in hexadecimal
  LedgerEntry exported;    // the export's entry; empty if it does not hold
  std::uint64_t head_entries = 0;
  std::uint64_t calls = 0;
  std::uint64_t files = 0;  // read
  std::uint64_t bytes = 0;
  std::uint64_t faults = 0;
  bool complete = false;  // false: it was stopped
};

struct BundleAuditOptions {
  std::string kept{};  // a head kept from earlier, its text; empty: none was
  std::function<void(const BundleFault&)> fault;
  std::function<void(std::uint64_t bytes)> progress;
  const std::atomic<bool>& stop;
};

// Fails if it is no folder, or one of an archive.
[[nodiscard]] Result<BundleSummary> audit_bundle(const std::string& path,
                                                 const BundleAuditOptions& options);

}  // namespace koegura::store
