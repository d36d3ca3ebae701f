#include "call_check.h"

#include <algorithm>
#include <string_view>
#include <vector>

#include "call_file.h"
#include "capture/frame.h"
#include "capture/pcapng.h"
#include "decode/waveform_file.h"
#include "record_in_file.h"
#include "sha256.h"
#include "store/archive.h"
#include "tiff_check.h"

namespace koegura::store {

namespace {

Result<void> check_waveform(const decode::Attachment& attachment, std::uint64_t samples) {
  const std::string_view flaw = decode::flaw_of_waveform(attachment.bytes, samples);
  if (!flaw.empty()) return failure(attachment.name + " " + std::string(flaw));
  return {};
}

// What index and file both must say. A field that this program does not know is none of it: the
// program that does may have written one of the two. Nor is what other calls have to do with this
// one: the index alone knows them, and the file alone has what they are known by. Notes have a file
// of their own (note_audit.h), and how long it is kept the rules say anew each time.
CallRecord comparable(CallRecord record) {
  record.mutable_audio()->clear_path();
  record.clear_conversation();
  record.clear_joining();
  record.clear_fingerprint();
  record.clear_retention();
  record.clear_notes();
  record.clear_tags();
  record.clear_unrecognised();
  record.DiscardUnknownFields();
  return record;
}

// A call's own JSON names itself as its conversation.
std::string expected_json(const CallRecord& record) {
  CallRecord own = comparable(record);
  own.set_conversation(own.id());
  return to_json(own) + '\n';
}

// Most of a record's JSON, and nothing that is compared. Within strings a quotation mark is
// escaped, so the name stands nowhere else; and it holds numbers and base64 alone.
void cut_fingerprint(std::vector<std::byte>& json) {
  constexpr std::string_view kBegin = ",\"fingerprint\":{";
  const std::string_view text = capture::as_text(json);
  const std::size_t begin = text.find(kBegin);
  if (begin == std::string_view::npos) return;
  std::size_t end = begin + kBegin.size();
  for (std::size_t depth = 1; depth > 0; ++end) {
    if (end == text.size()) return;
    depth += text[end] == '{' ? 1 : 0;
    depth -= text[end] == '}' ? 1 : 0;
  }
  json.erase(json.begin() + static_cast<std::ptrdiff_t>(begin),
             json.begin() + static_cast<std::ptrdiff_t>(end));
}

// Of the file and of the index.
Result<void> compare(const Result<CallRecord>& own, const CallRecord& record) {
  if (!own) return tl::make_unexpected(own.error());
  if (own->id() != record.id()) return failure("it holds another call: " + own->id());
  if (comparable(*own).SerializeAsString() != comparable(record).SerializeAsString()) {
    return failure("its call.json and the index tell different things of the call");
  }
  return {};
}

}  // namespace

Result<void> check_packets(const decode::Attachment& attachment) {
  const std::vector<std::byte> preamble = capture::pcapng_preamble(capture::LinkType::kRaw);
  const capture::Bytes bytes = attachment.bytes;
  if (bytes.size() < preamble.size() ||
      !std::equal(preamble.begin(), preamble.end(), bytes.begin())) {
    return failure(attachment.name + " does not begin as a capture file does");
  }
  for (std::size_t at = preamble.size(); at < bytes.size();) {
    const auto packet = capture::read_enhanced_packet(bytes.subspan(at));
    if (!packet) return failure(attachment.name + ": offset " + std::to_string(at) + ": no packet");
    at += packet->block_size;
  }
  return {};
}

Result<void> check_call_record(const std::string& path, const CallRecord& record) {
  Result<decode::Attachment> json = decode::read_attachment(path, kCallJson);
  if (!json) return tl::make_unexpected(std::move(json).error());
  cut_fingerprint(json->bytes);
  // To write what it should say takes a fraction of the time that it takes to parse what it says.
  const std::string_view text = capture::as_text(json->bytes);
  if (text == expected_json(record)) return {};
  return compare(record_in(text), record);
}

Result<void> check_call_file(const std::string& path, const CallRecord& record) {
  if (Result<void> whole = decode::check_matroska(path); !whole) return whole;
  const Result<decode::ReadBack> back = decode::read_back(path);
  if (!back) return tl::make_unexpected(back.error());
  if (Result<void> same = compare(record_in(back->attachments), record); !same) return same;
  const std::string& hash = record.audio().sha256();
  if (!hash.empty() && hex(back->sha256) != hash) {
    return failure("its audio is not what was archived: the SHA-256 of the samples differs");
  }
  const auto check_attached = [&](const decode::Attachment& attachment) -> Result<void> {
    if (attachment.name == kCallJson) return {};
    if (attachment.name == kWaveform) return check_waveform(attachment, back->samples);
    if (attachment.name == kFaxTiff) return check_tiff(attachment, record.fax().tiff_pages());
    return check_packets(attachment);
  };
  for (const decode::Attachment& attachment : back->attachments) {
    if (Result<void> readable = check_attached(attachment); !readable) return readable;
  }
  return {};
}

}  // namespace koegura::store
