// Bag manifest (RFC 8493 §2.1.3): the files of a bundle with their SHA-256, a line each, as
// `sha256sum -c` reads it: 64 hex digits, two spaces, the path. Ours is stricter than the RFC:
// lower case, in order of the paths, and of these only what needs no escaping, so that there is one
// text for one list of files.
//
// Nothing else that an archive signs parses as one: a checkpoint begins with its origin, which is
// no hash.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/error.h"

namespace koegura::store {

struct ManifestLine {
  std::string sha256;  // 64 digits
  std::string path;    // "data/report.csv", relative to the bag
  bool operator==(const ManifestLine&) const = default;
};

// Letters, digits and ". _ + -" between single slashes; no part of it is "." or "..".
[[nodiscard]] bool is_bag_path(std::string_view path);

// REQUIRES: each path is a bag path, and no two are the same. Puts them in order.
[[nodiscard]] std::string manifest_text(std::vector<ManifestLine> lines);
// Exactly what manifest_text writes; the error says which line is not.
[[nodiscard]] Result<std::vector<ManifestLine>> parse_manifest(std::string_view text);
// The line of this path; null if there is none. REQUIRES: in order.
[[nodiscard]] const ManifestLine* line_of(const std::vector<ManifestLine>& lines,
                                          std::string_view path);

}  // namespace koegura::store
