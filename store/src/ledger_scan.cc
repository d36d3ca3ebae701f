#include "ledger_scan.h"

#include "ledger_format.h"
#include "ledger_lines.h"
#include "open_file.h"

namespace koegura::store {

Result<void> LedgerScan::read_on(const Visit& visit) {
  const LedgerPaths paths = ledger_of(archive_);
  const Result<OpenFile> entries = OpenFile::for_reading(paths.entries());
  if (!entries && entries.error().kind == ErrorKind::kNotFound) return {};
  if (!entries) return tl::make_unexpected(entries.error());
  // A line is there once its leaf is.
  const Result<std::uint64_t> size =
      OpenFile::for_reading(paths.leaves()).and_then([](const OpenFile& leaves) {
        return leaves.size();
      });
  if (!size) return tl::make_unexpected(size.error());
  const std::uint64_t count = *size / kLeafBytes;
  if (count < next_) {
    return failure("the ledger has become shorter: `koegura verify` says more",
                   ErrorKind::kVerification);
  }
  LedgerLines lines(*entries, offset_, UINT64_MAX);
  while (next_ < count) {
    const auto line = lines.next();
    if (!line) return tl::make_unexpected(line.error());
    if (!*line) {
      return failure("entry " + std::to_string(next_) +
                         " of the ledger is missing: `koegura verify` says more",
                     ErrorKind::kVerification);
    }
    if (Result<void> visited = visit(next_, **line); !visited) return visited;
    ++next_;
    offset_ = lines.offset();
  }
  return {};
}

}  // namespace koegura::store
