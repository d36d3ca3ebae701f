#include "export_entry.h"

#include <optional>
#include <set>
#include <vector>

#include "bag_manifest.h"
#include "bundle_format.h"
#include "durable_file.h"
#include "ledger_format.h"
#include "sha256.h"
#include "store/ledger.h"
#include "utf8.h"

namespace koegura::store {

namespace {

constexpr std::size_t kMostText = 1000;  // bytes of what people wrote

tl::unexpected<Error> unfit(const std::string& why) {
  return failure("the bundle is not signed: " + why, ErrorKind::kUsage);
}

bool is_fit_text(const std::string& text) {
  return text.size() <= kMostText && is_utf8(text);
}

std::string hash_in(const std::vector<ManifestLine>& manifest, const std::string& path) {
  const ManifestLine* const line = line_of(manifest, path);
  return line == nullptr ? std::string() : line->sha256;
}

// What the call's entry says is what the manifest says.
Result<void> check_call(const LedgerLine& line, const std::vector<ManifestLine>& manifest) {
  const Result<LedgerEntry> entry = parse_entry(line.line, line.index);
  if (!entry || entry->kind() != kArchivedEntry) {
    return unfit("entry " + std::to_string(line.index) + " is of no archived call");
  }
  const std::string folder = folder_of_call(entry->call());
  const std::string record = hash_in(manifest, folder + "/" + std::string(kBundledRecord));
  if (record.empty()) return unfit("call " + entry->call() + " is not in its manifest");
  const std::string file = hash_in(manifest, folder + "/" + std::string(kBundledOriginal));
  const bool is_file = file.empty() || file == entry->file_sha256();
  if (record == entry->record_sha256() && is_file) return {};
  return failure(
      "the bundle is not signed: its call " + entry->call() + " is not the one that was archived",
      ErrorKind::kVerification);
}

// Every file is the report, or one of a call that is so named, and each call has its entry.
Result<void> check_files(const std::vector<ManifestLine>& manifest, std::size_t entries) {
  std::set<std::string> calls;
  for (const ManifestLine& line : manifest) {
    if (line.path == kBundledReport) continue;
    const std::string call = call_of_payload(line.path);
    if (call.empty()) return unfit(line.path + " is no file of a bundle");
    calls.insert(call);
  }
  if (calls.empty() || calls.size() != entries) return unfit("it has other calls than it says");
  return {};
}

}  // namespace

Result<LedgerEntry> export_entry(const std::string& archive, const ExportBundle& bundle) {
  const bool is_fit = is_bag_path(bundle.bundle()) && sha256_in_hex(bundle.info_sha256()) &&
                      is_fit_text(bundle.bundle()) && is_fit_text(bundle.reason()) &&
                      is_fit_text(bundle.ground()) && is_fit_text(bundle.recipient());
  if (!is_fit) return unfit("its name, reason, ground or recipient is too long, or no text");
  const auto manifest = parse_manifest(bundle.manifest());
  if (!manifest) return unfit("manifest-sha256.txt: " + manifest.error().message);
  const auto entries = static_cast<std::size_t>(bundle.entries_size());
  if (Result<void> fit = check_files(*manifest, entries); !fit) {
    return tl::make_unexpected(std::move(fit).error());
  }
  const Result<std::unique_ptr<Ledger>> ledger = Ledger::open(archive);
  if (!ledger) return tl::make_unexpected(ledger.error());
  std::optional<std::uint32_t> last;
  for (const std::uint32_t sequence : bundle.entries()) {
    if (last && sequence <= *last) return unfit("its calls are not in the ledger's order");
    last = sequence;
    const Result<LedgerLine> line = (*ledger)->at(sequence);
    if (!line) return tl::make_unexpected(line.error());
    if (Result<void> fits = check_call(*line, *manifest); !fits) {
      return tl::make_unexpected(std::move(fits).error());
    }
  }
  LedgerEntry entry;
  entry.set_kind(std::string(kExportEntry));
  entry.set_bundle(bundle.bundle());
  entry.set_reason(bundle.reason());
  entry.set_ground(bundle.ground());
  entry.set_recipient(bundle.recipient());
  entry.set_manifest_sha256(hex(sha256(bundle.manifest())));
  entry.set_info_sha256(bundle.info_sha256());
  LedgerFigure& calls = *entry.add_figures();
  calls.set_name("calls");
  calls.set_value(static_cast<double>(entries));
  return entry;
}

namespace {

// The last of this bundle, which has just been written.
Result<LedgerLine> entry_of_export(const Ledger& ledger, const std::string& manifest_sha256) {
  for (std::uint64_t index = ledger.size(); index > 0; --index) {
    Result<LedgerLine> line = ledger.at(index - 1);
    if (!line || line->line.find(manifest_sha256) != std::string::npos) return line;
  }
  return failure("the ledger has no entry of the export", ErrorKind::kVerification);
}

}  // namespace

Result<ArchiveChanged> proofs_of_export(const std::string& archive, const ExportBundle& bundle,
                                        const Signature& signature) {
  const Result<std::unique_ptr<Ledger>> ledger = Ledger::open(archive);
  if (!ledger) return tl::make_unexpected(ledger.error());
  std::vector<LedgerLine> entries;
  for (const std::uint32_t sequence : bundle.entries()) {
    Result<LedgerLine> line = (*ledger)->at(sequence);
    if (!line) return tl::make_unexpected(std::move(line).error());
    entries.push_back(std::move(*line));
  }
  Result<LedgerLine> own = entry_of_export(**ledger, hex(sha256(bundle.manifest())));
  if (!own) return tl::make_unexpected(std::move(own).error());
  entries.push_back(std::move(*own));
  const auto proofs = (*ledger)->prove(entries);
  if (!proofs) return tl::make_unexpected(proofs.error());
  Result<std::string> key = read_file(ledger_of(archive).public_key(), kMostHeadBytes);
  if (!key) return tl::make_unexpected(std::move(key).error());
  ArchiveChanged changed;
  changed.set_signature(signature.data(), signature.size());
  changed.set_manifest_sha256(hex(sha256(bundle.manifest())));
  changed.set_key(std::move(*key));
  changed.set_checkpoint(proofs->back().head);
  for (const LedgerProof& proof : *proofs) changed.add_proofs(tlog_proof(proof));
  return changed;
}

}  // namespace koegura::store
