#include "bundle_files.h"

#include <filesystem>
#include <system_error>

#include "bundle_format.h"
#include "durable_file.h"
#include "sha256.h"

namespace koegura::store {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostBytes = 256U << 20U;  // of what is read into memory

}  // namespace

Result<BundleFiles> BundleFiles::find(const std::string& path, const OnFault& fault) {
  BundleFiles files(path, fault);
  if (Result<void> walked = files.walk(); !walked) {
    return tl::make_unexpected(std::move(walked).error());
  }
  files.payload_ = files.read_manifest(kManifestFile, /*of_payload=*/true);
  files.tags_ = files.read_manifest(kTagManifestFile, /*of_payload=*/false);
  return files;
}

Result<void> BundleFiles::walk() {
  std::error_code error;
  if (!fs::is_directory(path_, error)) {
    return failure(path_ + (error ? ": " + error.message() : " is no folder"));
  }
  fs::recursive_directory_iterator entries(path_, error);
  for (; !error && entries != fs::recursive_directory_iterator(); entries.increment(error)) {
    const std::string path = entries->path().string().substr(path_.size() + 1);
    const fs::file_status status = entries->symlink_status(error);
    if (error) break;
    if (fs::is_directory(status)) continue;
    if (!fs::is_regular_file(status)) {
      fault_(path, "it is no file: it was added, and is not read");
      continue;
    }
    sizes_[path] = entries->file_size(error);
    if (error) break;
  }
  if (error) return failure("reading " + path_ + ": " + error.message());
  return {};
}

std::vector<ManifestLine> BundleFiles::read_manifest(std::string_view name, bool of_payload) {
  if (!has(name)) {
    fault_(name, "it is missing: the export was cut short, or it was removed");
    return {};
  }
  const std::string text = content(name);
  Result<std::vector<ManifestLine>> lines = parse_manifest(text);
  if (!lines) {
    fault_(name, lines.error().message);
    return {};
  }
  for (const ManifestLine& line : *lines) {
    const bool is_payload = line.path.starts_with(kPayloadFolder);
    if (is_payload != of_payload) fault_(name, "it has a line of " + line.path);
  }
  return std::move(*lines);
}

std::string BundleFiles::content(std::string_view path) const {
  if (!has(path)) {
    fault_(path, "it is missing");
    return {};
  }
  Result<std::string> text = read_file(at(path), kMostBytes);
  if (text) return std::move(*text);
  fault_(path, text.error().message);
  return {};
}

std::uint64_t BundleFiles::check(const ManifestLine& line) const {
  const auto found = sizes_.find(line.path);
  if (found == sizes_.end()) {
    fault_(line.path, "it is missing");
    return 0;
  }
  const Result<Sha256> hash = sha256_of_file(at(line.path));
  if (!hash) {
    fault_(line.path, hash.error().message);
  } else if (hex(*hash) != line.sha256) {
    fault_(line.path, "it was changed: its SHA-256 is not the one in its manifest");
  }
  return found->second;
}

void BundleFiles::tell_added() const {
  for (const auto& file : sizes_) {
    const bool is_listed = file.first == kTagManifestFile || line_of(payload_, file.first) ||
                           line_of(tags_, file.first);
    if (!is_listed) fault_(file.first, "it is in no manifest: it was added");
  }
}

}  // namespace koegura::store
