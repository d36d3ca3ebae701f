// Bundle: calls copied out of the archive into a folder that proves itself, for those who may not
// or need not see the archive: a BagIt bag (RFC 8493) whose manifest the archive's key has signed,
// with the proof of each call's ledger entry. What is in it: src/bundle_format.h.
//
//   create add_call* add_report close_payload [the archive enters, signs and proves it] finish
//
// Without finish nothing is left; what a kill leaves has no manifest, and is no bag.
//
// Threads: one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "capture/error.h"
#include "change.pb.h"
#include "record.pb.h"

namespace koegura::store {

// Of each call, beside what every bundle has.
struct BundledFiles {
  bool wav = false;
  bool original = false;  // the call's whole file
};

// What bag-info.txt says.
struct BundleInfo {
  std::string date;      // "2026-11-29"
  std::string software;  // "koegura 0.1.0"
};

class BundleWriter {
 public:
  // Makes DIR/NAME.part; NAME-2, where that is taken, and so on. kUsage if DIR is no folder.
  [[nodiscard]] static Result<std::unique_ptr<BundleWriter>> create(const std::string& directory,
                                                                    const std::string& name);
  virtual ~BundleWriter() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;

  // The call's file is read whole and checked: that it is the one its entry tells of, and
  // undamaged. kVerification if it is not; other failures are the stick's, and the end of the
  // bundle.
  [[nodiscard]] virtual Result<void> add_call(const CallRecord& record, const std::string& file,
                                              const ArchivedCallEntry& archived,
                                              const BundledFiles& files) = 0;
  [[nodiscard]] virtual Result<void> add_report(std::string_view csv) = 0;
  // Reads all of it back. Gives what the archive is to sign: all but reason, ground and recipient.
  [[nodiscard]] virtual Result<ExportBundle> close_payload(const BundleInfo& info) = 0;
  // With what the archive made of that. The bundle's path.
  [[nodiscard]] virtual Result<std::string> finish(const ArchiveChanged& proven) = 0;

  [[nodiscard]] virtual std::uint64_t bytes() const = 0;  // written so far
};

}  // namespace koegura::store
