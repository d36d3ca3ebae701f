#include "bundle_call_audit.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "bundle_format.h"
#include "call_check.h"
#include "capture/frame.h"
#include "decode/flac_file.h"
#include "decode/matroska.h"
#include "ledger_format.h"
#include "sha256.h"
#include "store/archive.h"
#include "store/attachment_names.h"
#include "tiff_check.h"

namespace koegura::store {

namespace {

constexpr std::size_t kWavHeader = 44;  // of export_audio's
constexpr std::string_view kOtherSamples =
    "it is not the call's audio: the SHA-256 of its samples is not the one in call.json";

class CallAudit {
 public:
  CallAudit(const BundleFiles& files, const std::string& id, const BundleFiles::OnFault& fault)
      : files_(files), id_(id), folder_(folder_of_call(id) + "/"), fault_(fault) {}

  void check_record(const LedgerEntry* archived);
  void check_audio() const;
  void check_attachments() const;
  void check_original(const LedgerEntry* archived) const;

 private:
  [[nodiscard]] std::string path(std::string_view name) const {
    return folder_ + std::string(name);
  }
  void check_wav(const std::string& samples) const;
  [[nodiscard]] std::optional<decode::Attachment> attachment(std::string_view name) const;

  const BundleFiles& files_;
  const std::string& id_;
  const std::string folder_;
  const BundleFiles::OnFault& fault_;
  std::optional<CallRecord> record_;
};

void CallAudit::check_record(const LedgerEntry* archived) {
  const std::string where = path(kBundledRecord);
  const std::string json = files_.content(where);
  if (archived != nullptr) {
    if (archived->kind() != kArchivedEntry || archived->call() != id_) {
      fault_(proof_of_call(id_), "its entry is not of this call");
    } else if (archived->record_sha256() != hex(sha256(json))) {
      fault_(where, "it is not what was archived: its SHA-256 is not the one in the ledger");
    }
  }
  Result<CallRecord> record = from_json(json);
  if (!record) return fault_(where, record.error().message);
  if (record->id() != id_) fault_(where, "it is of another call");
  record_ = std::move(*record);
}

void CallAudit::check_audio() const {
  const std::string where = path(kBundledFlac);
  if (!files_.has(where)) return fault_(where, "it is missing");
  const auto digest = decode::digest_of_flac(files_.at(where));
  if (!digest) {
    const std::size_t behind = files_.at(where).size() + 2;  // "FILE: "
    return fault_(where,
                  digest.error().message.substr(std::min(behind, digest.error().message.size())));
  }
  const std::string samples = record_ ? record_->audio().sha256() : std::string();
  if (!samples.empty() && hex(digest->sha256) != samples) {
    fault_(where, std::string(kOtherSamples));
  }
  if (files_.has(path(kBundledWav))) check_wav(hex(digest->sha256));
}

void CallAudit::check_wav(const std::string& samples) const {
  const std::string where = path(kBundledWav);
  const Result<Sha256> hash = sha256_of_file(files_.at(where), kWavHeader);
  if (!hash || hex(*hash) != samples) fault_(where, std::string(kOtherSamples));
}

std::optional<decode::Attachment> CallAudit::attachment(std::string_view name) const {
  if (!files_.has(path(name))) return std::nullopt;
  const std::string text = files_.content(path(name));
  const auto* bytes = reinterpret_cast<const std::byte*>(text.data());
  return decode::Attachment{
      .name = std::string(name), .mime_type = {}, .bytes = {bytes, bytes + text.size()}};
}

void CallAudit::check_attachments() const {
  if (const auto packets = attachment(kSignallingPcapng)) {
    if (const auto good = check_packets(*packets); !good) {
      fault_(path(kSignallingPcapng), good.error().message);
    }
  }
  if (const auto pages = attachment(kFaxTiff); pages && record_) {
    if (const auto good = check_tiff(*pages, record_->fax().tiff_pages()); !good) {
      fault_(path(kFaxTiff), good.error().message);
    }
  }
}

// What it carries is what lies beside it.
void CallAudit::check_original(const LedgerEntry* archived) const {
  const std::string where = path(kBundledOriginal);
  if (!files_.has(where)) return;
  const Result<Sha256> hash = sha256_of_file(files_.at(where));
  if (hash && archived != nullptr && hex(*hash) != archived->file_sha256()) {
    fault_(where, "it is not the file that was archived: its SHA-256 is not the one in the ledger");
  }
  const auto attachments = decode::read_attachments(files_.at(where));
  if (!attachments) return fault_(where, "it cannot be read");
  for (const decode::Attachment& carried : *attachments) {
    const auto beside = attachment(carried.name);
    if (beside && beside->bytes != carried.bytes) {
      fault_(path(carried.name), "it is not the one in original.mka");
    }
  }
}

}  // namespace

void check_bundled_call(const BundleFiles& files, const std::string& id,
                        const LedgerEntry* archived, const BundleFiles::OnFault& fault) {
  CallAudit call(files, id, fault);
  call.check_record(archived);
  call.check_audio();
  call.check_attachments();
  call.check_original(archived);
}

}  // namespace koegura::store
