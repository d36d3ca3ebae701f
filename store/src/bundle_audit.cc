#include "store/bundle_audit.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "bundle_call_audit.h"
#include "bundle_files.h"
#include "bundle_format.h"
#include "checkpoint.h"
#include "ledger_format.h"
#include "sha256.h"
#include "signing_key.h"
#include "tlog_proof.h"

namespace koegura::store {

namespace {

// Without these in the tag manifest it is no bundle.
constexpr std::array kRequiredTags = {kBagitFile,   kBagInfoFile, kManifestFile,    kBundledKey,
                                      kBundledHead, kExportProof, kBundledSignature};

class BundleAudit {
 public:
  BundleAudit(const BundleFiles& files, const BundleFiles::OnFault& fault,
              const BundleAuditOptions& options)
      : files_(files), fault_(fault), options_(options) {}

  [[nodiscard]] BundleSummary run() {
    check_tags();
    read_key();
    check_calls_and_files();
    files_.tell_added();
    summary_.complete = !options_.stop;
    return std::move(summary_);
  }

 private:
  void check_tags();
  void read_key();
  void check_head(const VerifyingKey& key);
  void check_export();
  void check_kept(const VerifyingKey& key);
  [[nodiscard]] std::optional<LedgerProof> proof(const std::string& path) const;
  void check_calls_and_files();
  void read(const std::vector<ManifestLine>& lines);
  [[nodiscard]] std::map<std::string, std::vector<std::string>> calls() const;
  void check_proofs_of(const std::set<std::string>& calls) const;

  const BundleFiles& files_;
  const BundleFiles::OnFault& fault_;
  const BundleAuditOptions& options_;
  BundleSummary summary_;
  std::optional<VerifyingKey> key_;
  std::string head_;  // as it stands in its file
  std::uint64_t calls_exported_ = 0;
};

void BundleAudit::check_tags() {
  for (const std::string_view tag : kRequiredTags) {
    if (!files_.tags().empty() && line_of(files_.tags(), tag) == nullptr) {
      fault_(tag, "it is not in tagmanifest-sha256.txt");
    }
  }
  if (files_.content(kBagitFile) != kBagDeclaration) {
    fault_(kBagitFile, "it does not say BagIt 1.0 and UTF-8");
  }
}

void BundleAudit::read_key() {
  Result<VerifyingKey> key = VerifyingKey::from_pem(files_.content(kBundledKey));
  if (!key) return fault_(kBundledKey, key.error().message);
  const auto* bytes = reinterpret_cast<const char*>(key->bytes().data());
  summary_.key_sha256 = hex(sha256({bytes, key->bytes().size()}));
  summary_.origin = origin_of(*key);
  key_ = std::move(*key);
  if (!key_->verify(files_.content(kManifestFile), files_.content(kBundledSignature))) {
    fault_(kBundledSignature, "it is not the signature of manifest-sha256.txt with proof/key.pub");
  }
  check_head(*key_);
  check_export();
  check_kept(*key_);
}

void BundleAudit::check_head(const VerifyingKey& key) {
  head_ = files_.content(kBundledHead);
  const Result<Checkpoint> head = verify_checkpoint(head_, key);
  if (!head) return fault_(kBundledHead, head.error().message);
  summary_.head_entries = head->tree.size;
}

// To the bundle's head; nothing, and a fault, if it does not hold.
std::optional<LedgerProof> BundleAudit::proof(const std::string& path) const {
  Result<LedgerProof> read = read_tlog_proof(files_.content(path));
  Result<void> holds;
  if (!read) {
    holds = tl::make_unexpected(read.error());
  } else if (key_) {
    holds = verify_proof(*read, *key_);
  }
  if (holds && read->head != head_) holds = failure("its head is not proof/checkpoint");
  if (holds) return std::move(*read);
  fault_(path, holds.error().message);
  return std::nullopt;
}

void BundleAudit::check_export() {
  const std::string path(kExportProof);
  std::optional<LedgerProof> own = proof(path);
  if (!own) return;
  if (own->entry.kind() != kExportEntry) return fault_(path, "its entry is of no export");
  if (own->entry.manifest_sha256() != hex(sha256(files_.content(kManifestFile)))) {
    fault_(kManifestFile, "it is not the one that was exported: its SHA-256 is not the entry's");
  }
  if (own->entry.info_sha256() != hex(sha256(files_.content(kBagInfoFile)))) {
    fault_(kBagInfoFile, "it is not the one that was exported: its SHA-256 is not the entry's");
  }
  for (const LedgerFigure& figure : own->entry.figures()) {
    if (figure.name() == "calls") calls_exported_ = static_cast<std::uint64_t>(figure.value());
  }
  summary_.exported = std::move(own->entry);
}

void BundleAudit::check_kept(const VerifyingKey& key) {
  if (options_.kept.empty()) return;
  const std::string_view where = "the head kept";
  const Result<Checkpoint> kept = verify_checkpoint(options_.kept, key);
  if (!kept)
    return fault_(where, "the bundle is of another archive, or of none: " + kept.error().message);
  const Result<Checkpoint> head = read_checkpoint(head_);
  if (head && head->tree.size == kept->tree.size && head->tree.root != kept->tree.root) {
    fault_(where, "it is of as many entries as the bundle's, and of others: history was rewritten");
  }
}

std::map<std::string, std::vector<std::string>> BundleAudit::calls() const {
  std::map<std::string, std::vector<std::string>> calls;
  for (const ManifestLine& line : files_.payload()) {
    if (line.path == kBundledReport) continue;
    const std::string call = call_of_payload(line.path);
    if (call.empty()) {
      fault_(line.path, "a bundle has no such file");
    } else {
      calls[call].push_back(line.path);
    }
  }
  return calls;
}

void BundleAudit::check_proofs_of(const std::set<std::string>& calls) const {
  for (const ManifestLine& line : files_.tags()) {
    if (!line.path.starts_with(kCallProofs)) continue;
    const std::string call = line.path.substr(
        kCallProofs.size(),
        line.path.size() - std::min(line.path.size(), kCallProofs.size() + kProofEnding.size()));
    if (!calls.contains(call)) fault_(line.path, "its call is not in the bundle");
  }
}

void BundleAudit::read(const std::vector<ManifestLine>& lines) {
  for (const ManifestLine& line : lines) {
    if (options_.stop) return;
    summary_.bytes += files_.check(line);
    ++summary_.files;
    options_.progress(summary_.bytes);
  }
}

void BundleAudit::check_calls_and_files() {
  read(files_.tags());
  read(files_.payload());
  std::set<std::string> ids;
  for (const auto& call : calls()) {
    if (options_.stop) return;
    ids.insert(call.first);
    const std::optional<LedgerProof> known = proof(proof_of_call(call.first));
    check_bundled_call(files_, call.first, known ? &known->entry : nullptr, fault_);
  }
  summary_.calls = ids.size();
  check_proofs_of(ids);
  const bool has_other = !summary_.exported.kind().empty() && ids.size() != calls_exported_;
  if (ids.empty() || has_other) {
    fault_(kManifestFile, "it has " + std::to_string(ids.size()) + " calls, and " +
                              std::to_string(calls_exported_) + " were exported");
  }
}

}  // namespace

Result<BundleSummary> audit_bundle(const std::string& path, const BundleAuditOptions& options) {
  std::error_code error;
  const bool is_archive = std::filesystem::exists(path + "/format", error) &&
                          !std::filesystem::exists(path + "/" + std::string(kBagitFile), error);
  if (is_archive) {
    return failure(path + " is an archive and no bundle: `koegura verify --archive " + path + "`",
                   ErrorKind::kUsage);
  }
  std::string folder = path;
  while (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  std::set<std::pair<std::string, std::string>> told;  // each once
  const BundleFiles::OnFault fault = [&](std::string_view where, const std::string& what) {
    if (!told.emplace(where, what).second) return;
    options.fault({.where = std::string(where), .what = what});
  };
  const Result<BundleFiles> files = BundleFiles::find(folder, fault);
  if (!files) return tl::make_unexpected(files.error());
  BundleSummary summary = BundleAudit(*files, fault, options).run();
  summary.faults = told.size();
  return summary;
}

}  // namespace koegura::store
