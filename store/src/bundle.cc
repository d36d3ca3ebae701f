#include "store/bundle.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "bag_writer.h"
#include "bundle_format.h"
#include "call_check.h"
#include "call_file.h"
#include "capture/frame.h"
#include "decode/flac_file.h"
#include "decode/matroska.h"
#include "ledger_format.h"
#include "sha256.h"

namespace koegura::store {

namespace {

tl::unexpected<Error> not_archived_so(const std::string& what) {
  return failure(what + ": `koegura verify` says more", ErrorKind::kVerification);
}

class FolderBundle : public BundleWriter {
 public:
  explicit FolderBundle(BagWriter bag) : bag_(std::move(bag)) {}

  [[nodiscard]] const std::string& name() const override { return bag_.name(); }

  [[nodiscard]] Result<void> add_call(const CallRecord& record, const std::string& file,
                                      const ArchivedCallEntry& archived,
                                      const BundledFiles& files) override;
  [[nodiscard]] Result<void> add_report(std::string_view csv) override {
    return bag_.add(std::string(kBundledReport), csv);
  }
  [[nodiscard]] Result<ExportBundle> close_payload(const BundleInfo& info) override;
  [[nodiscard]] Result<std::string> finish(const ArchiveChanged& proven) override;
  [[nodiscard]] std::uint64_t bytes() const override { return bag_.bytes(); }

 private:
  [[nodiscard]] Result<void> add_audio(const CallRecord& record, const std::string& file,
                                       const BundledFiles& files);
  [[nodiscard]] Result<void> add_attachments(const std::string& folder, const std::string& file,
                                             const std::string& record_sha256);
  [[nodiscard]] Result<void> add_proofs(const ArchiveChanged& proven);

  BagWriter bag_;
  std::map<std::uint32_t, std::string> calls_;  // by their entries
  std::string manifest_;
  std::string info_;
};

// Nothing is written of a call that is not what it was.
Result<LedgerEntry> check_archived(const CallRecord& record, const std::string& file,
                                   const ArchivedCallEntry& archived) {
  Result<LedgerEntry> entry = parse_entry(archived.line(), archived.sequence());
  if (!entry || entry->kind() != kArchivedEntry || entry->call() != record.id()) {
    return not_archived_so("call " + record.id() + ": its entry in the ledger is another's");
  }
  const Result<Sha256> hash = sha256_of_file(file);
  if (!hash && hash.error().kind == ErrorKind::kNotPermitted) {
    return tl::make_unexpected(hash.error());
  }
  if (!hash) return not_archived_so("call " + record.id() + ": " + hash.error().message);
  if (hex(*hash) != entry->file_sha256()) {
    return not_archived_so("call " + record.id() + ": its file is not what was archived");
  }
  if (Result<void> whole = check_call_file(file, record); !whole) {
    return not_archived_so("call " + record.id() + ": " + whole.error().message);
  }
  return entry;
}

Result<void> FolderBundle::add_call(const CallRecord& record, const std::string& file,
                                    const ArchivedCallEntry& archived, const BundledFiles& files) {
  const Result<LedgerEntry> entry = check_archived(record, file, archived);
  if (!entry) return tl::make_unexpected(entry.error());
  const std::string folder = folder_of_call(record.id());
  calls_[archived.sequence()] = record.id();
  return add_attachments(folder, file, entry->record_sha256())
      .and_then([&] { return add_audio(record, file, files); })
      .and_then([&] {
        return files.original ? bag_.add_copy(folder + "/" + std::string(kBundledOriginal), file)
                              : Result<void>();
      });
}

Result<void> FolderBundle::add_attachments(const std::string& folder, const std::string& file,
                                           const std::string& record_sha256) {
  const Result<std::vector<decode::Attachment>> attachments = decode::read_attachments(file);
  if (!attachments) return tl::make_unexpected(attachments.error());
  for (const decode::Attachment& attachment : *attachments) {
    const std::string path = folder + "/" + attachment.name;
    if (call_of_payload(path).empty()) continue;  // what a bundle does not have
    const std::string_view bytes = capture::as_text(attachment.bytes);
    if (attachment.name == kBundledRecord && hex(sha256(bytes)) != record_sha256) {
      return not_archived_so(file + ": its call.json is not what was archived");
    }
    if (Result<void> added = bag_.add(path, bytes); !added) return added;
  }
  return {};
}

Result<void> FolderBundle::add_audio(const CallRecord& record, const std::string& file,
                                     const BundledFiles& files) {
  const std::string folder = folder_of_call(record.id());
  const auto add = [&](std::string_view name, decode::AudioFormat format) {
    return bag_.add_by(folder + "/" + std::string(name), [&](int output) {
      return decode::export_audio(file, output, format, decode::ChannelChoice::kBoth);
    });
  };
  if (Result<void> added = add(kBundledFlac, decode::AudioFormat::kFlac); !added) return added;
  const auto digest = decode::digest_of_flac(bag_.at(folder + "/" + std::string(kBundledFlac)));
  if (!digest) return tl::make_unexpected(digest.error());
  const std::string& samples = record.audio().sha256();
  if (!samples.empty() && hex(digest->sha256) != samples) {
    return not_archived_so("call " + record.id() + ": its audio is not what was archived");
  }
  return files.wav ? add(kBundledWav, decode::AudioFormat::kWav) : Result<void>();
}

Result<ExportBundle> FolderBundle::close_payload(const BundleInfo& info) {
  if (Result<void> same = bag_.read_back(); !same)
    return tl::make_unexpected(std::move(same).error());
  manifest_ = manifest_text(bag_.lines());
  info_ = "External-Identifier: " + name() + "\nBagging-Date: " + info.date +
          "\nPayload-Oxum: " + std::to_string(bag_.bytes()) + "." +
          std::to_string(bag_.lines().size()) + "\nBag-Software-Agent: " + info.software +
          "\nCheck-Files: sha256sum -c manifest-sha256.txt tagmanifest-sha256.txt"
          "\nCheck-Signature: openssl pkeyutl -verify -pubin -inkey proof/key.pub -rawin -in "
          "manifest-sha256.txt -sigfile proof/manifest-sha256.txt.sig\n";
  ExportBundle bundle;
  bundle.set_bundle(name());
  bundle.set_info_sha256(hex(sha256(info_)));
  bundle.set_manifest(manifest_);
  for (const auto& call : calls_) bundle.add_entries(call.first);
  return bundle;
}

Result<void> FolderBundle::add_proofs(const ArchiveChanged& proven) {
  auto call = calls_.begin();
  for (const std::string& proof : proven.proofs()) {
    const bool is_own = call == calls_.end();
    const std::string path = is_own ? std::string(kExportProof) : proof_of_call(call->second);
    if (Result<void> added = bag_.add(path, proof); !added) return added;
    if (!is_own) ++call;
  }
  return {};
}

Result<std::string> FolderBundle::finish(const ArchiveChanged& proven) {
  if (static_cast<std::size_t>(proven.proofs_size()) != calls_.size() + 1) {
    return failure("the archive did not prove every call of the bundle", ErrorKind::kVerification);
  }
  const std::size_t payload = bag_.lines().size();
  const auto add = [&](std::string_view path, std::string_view bytes) {
    return [this, path, bytes] { return bag_.add(std::string(path), bytes); };
  };
  Result<void> added = add_proofs(proven)
                           .and_then(add(kBundledKey, proven.key()))
                           .and_then(add(kBundledHead, proven.checkpoint()))
                           .and_then(add(kBundledSignature, proven.signature()))
                           .and_then(add(kBagitFile, kBagDeclaration))
                           .and_then(add(kBagInfoFile, info_));
  // Only what is on the disk as it was written comes to have a manifest.
  if (added) added = bag_.read_back().and_then(add(kManifestFile, manifest_));
  if (!added) return tl::make_unexpected(std::move(added).error());
  const auto tags = bag_.lines().begin() + static_cast<std::ptrdiff_t>(payload);
  const std::string tag_manifest =
      manifest_text(std::vector<ManifestLine>(tags, bag_.lines().end()));
  return bag_.add(std::string(kTagManifestFile), tag_manifest).and_then([&] {
    return bag_.finish();
  });
}

}  // namespace

Result<std::unique_ptr<BundleWriter>> BundleWriter::create(const std::string& directory,
                                                           const std::string& name) {
  Result<BagWriter> bag = BagWriter::create(directory, name);
  if (!bag) return tl::make_unexpected(std::move(bag).error());
  return std::unique_ptr<BundleWriter>(std::make_unique<FolderBundle>(std::move(*bag)));
}

}  // namespace koegura::store
