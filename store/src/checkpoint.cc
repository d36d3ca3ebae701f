#include "checkpoint.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "capture/base64.h"
#include "utf8.h"

namespace koegura::store {

namespace {

using namespace std::string_view_literals;

constexpr std::string_view kSignatureMark = "\u2014 ";  // an em dash
constexpr std::size_t kKeyIdSize = 4;
constexpr std::size_t kOriginBytes = 8;  // of the key's hash: 16 digits
constexpr std::size_t kBodyLines = 3;

// Signed text, with its last line feed, and the lines of signatures.
struct SignedNote {
  std::string_view text;
  std::string_view signatures;
};

std::optional<SignedNote> split_note(std::string_view note) {
  const std::size_t gap = note.rfind("\n\n");
  if (gap == std::string_view::npos || !note.ends_with('\n') || !is_utf8(note)) {
    return std::nullopt;
  }
  return SignedNote{note.substr(0, gap + 1), note.substr(gap + 2)};
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size() - 1);
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::optional<std::uint64_t> tree_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (error != std::errc() || std::to_string(size) != text) return std::nullopt;
  return size;
}

std::string key_id(std::string_view name, const VerifyingKey& key) {
  const auto* bytes = reinterpret_cast<const char*>(key.bytes().data());
  const Sha256 hash = sha256({name, "\n\1"sv, {bytes, key.bytes().size()}});
  return std::string(bytes_of(hash).substr(0, kKeyIdSize));
}

bool is_signature(std::string_view line, std::string_view text, const VerifyingKey& key) {
  const std::string origin = origin_of(key);
  const std::string before = std::string(kSignatureMark) + origin + " ";
  if (!line.starts_with(before)) return false;
  const std::optional<std::string> bytes = capture::from_strict_base64(line.substr(before.size()));
  return bytes && bytes->starts_with(key_id(origin, key)) &&
         key.verify(text, std::string_view(*bytes).substr(kKeyIdSize));
}

}  // namespace

std::string origin_of(const VerifyingKey& key) {
  const auto* bytes = reinterpret_cast<const char*>(key.bytes().data());
  const Sha256 hash = sha256({bytes, key.bytes().size()});
  return "koegura/" + hex(std::span(hash).first(kOriginBytes));
}

Result<std::string> sign_checkpoint(const Checkpoint& checkpoint, const SigningKey& key) {
  const std::string text = checkpoint.origin + "\n" + std::to_string(checkpoint.tree.size) + "\n" +
                           capture::to_base64(bytes_of(checkpoint.tree.root)) + "\n";
  const Result<VerifyingKey> verifying = key.public_half();
  if (!verifying) return tl::make_unexpected(verifying.error());
  const Result<Signature> signature = key.sign(text);
  if (!signature) return tl::make_unexpected(signature.error());
  std::string bytes = key_id(checkpoint.origin, *verifying);
  bytes.append(signature->begin(), signature->end());
  return text + "\n" + std::string(kSignatureMark) + checkpoint.origin + " " +
         capture::to_base64(bytes) + "\n";
}

Result<Checkpoint> read_checkpoint(std::string_view note) {
  const std::optional<SignedNote> parts = split_note(note);
  if (!parts) return failure("it is no signed note");
  const std::vector<std::string_view> lines = lines_of(parts->text);
  if (lines.size() < kBodyLines || lines[0].empty()) return failure("it is no checkpoint");
  const std::optional<std::uint64_t> size = tree_size(lines[1]);
  const std::optional<std::string> root = capture::from_strict_base64(lines[2]);
  Checkpoint checkpoint;
  if (!size || !root || root->size() != checkpoint.tree.root.size()) {
    return failure("it is no checkpoint: its size or root cannot be read");
  }
  checkpoint.origin = lines[0];
  checkpoint.tree.size = *size;
  std::copy(root->begin(), root->end(), checkpoint.tree.root.begin());
  return checkpoint;
}

Result<Checkpoint> verify_checkpoint(std::string_view note, const VerifyingKey& key) {
  Result<Checkpoint> checkpoint = read_checkpoint(note);
  if (!checkpoint) {
    checkpoint.error().kind = ErrorKind::kVerification;
    return checkpoint;
  }
  const std::optional<SignedNote> parts = split_note(note);
  const std::vector<std::string_view> signatures = lines_of(parts->signatures);
  const bool is_signed =
      checkpoint->origin == origin_of(key) &&
      std::any_of(signatures.begin(), signatures.end(),
                  [&](std::string_view line) { return is_signature(line, parts->text, key); });
  if (!is_signed) {
    return failure("it is not signed with this ledger's key, or was changed",
                   ErrorKind::kVerification);
  }
  return checkpoint;
}

}  // namespace koegura::store
