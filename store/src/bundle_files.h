// BundleFiles: the files of a bundle that somebody hands over, as its manifests have them: which
// are there, and are they what stands there? What is no regular file is not opened.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "bag_manifest.h"
#include "capture/error.h"

namespace koegura::store {

class BundleFiles {
 public:
  using OnFault = std::function<void(std::string_view where, const std::string& what)>;

  // Looks at what is there, and reads the manifests. The fault function outlives this.
  [[nodiscard]] static Result<BundleFiles> find(const std::string& path, const OnFault& fault);

  [[nodiscard]] const std::vector<ManifestLine>& payload() const { return payload_; }
  [[nodiscard]] const std::vector<ManifestLine>& tags() const { return tags_; }
  [[nodiscard]] bool has(std::string_view path) const { return sizes_.contains(std::string(path)); }
  [[nodiscard]] std::uint64_t count() const { return sizes_.size(); }
  [[nodiscard]] std::string at(std::string_view path) const {
    return path_ + "/" + std::string(path);
  }
  // The whole of a file; a fault if it cannot be had, and then empty.
  [[nodiscard]] std::string content(std::string_view path) const;

  // Compares a file with its line. Its bytes.
  std::uint64_t check(const ManifestLine& line) const;
  // What is there and in no manifest.
  void tell_added() const;

 private:
  BundleFiles(std::string path, const OnFault& fault) : path_(std::move(path)), fault_(fault) {}
  [[nodiscard]] Result<void> walk();
  [[nodiscard]] std::vector<ManifestLine> read_manifest(std::string_view name, bool of_payload);

  std::string path_;
  const OnFault& fault_;
  std::map<std::string, std::uint64_t> sizes_;  // of the regular files, by their path
  std::vector<ManifestLine> payload_;
  std::vector<ManifestLine> tags_;
};

}  // namespace koegura::store
