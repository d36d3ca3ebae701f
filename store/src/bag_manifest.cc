#include "bag_manifest.h"

#include <algorithm>

#include "sha256.h"

namespace koegura::store {

namespace {

constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kMostPath = 255;
constexpr std::string_view kBetween = "  ";

bool is_path_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
         std::string_view("._+-").find(c) != std::string_view::npos;
}

bool is_path_part(std::string_view part) {
  return !part.empty() && part != "." && part != ".." &&
         std::all_of(part.begin(), part.end(), is_path_character);
}

}  // namespace

bool is_bag_path(std::string_view path) {
  if (path.empty() || path.size() > kMostPath) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    if (!is_path_part(path.substr(0, slash))) return false;
    if (slash == std::string_view::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

std::string manifest_text(std::vector<ManifestLine> lines) {
  std::sort(lines.begin(), lines.end(),
            [](const ManifestLine& a, const ManifestLine& b) { return a.path < b.path; });
  std::string text;
  for (const ManifestLine& line : lines) {
    text.append(line.sha256).append(kBetween).append(line.path).append("\n");
  }
  return text;
}

Result<std::vector<ManifestLine>> parse_manifest(std::string_view text) {
  std::vector<ManifestLine> lines;
  while (!text.empty()) {
    const std::string where = "line " + std::to_string(lines.size() + 1);
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return failure(where + " is cut off");
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.size() <= kHashDigits + kBetween.size() ||
        !sha256_in_hex(line.substr(0, kHashDigits)) ||
        line.substr(kHashDigits, kBetween.size()) != kBetween) {
      return failure(where + " is no SHA-256, two spaces and a path");
    }
    const std::string_view path = line.substr(kHashDigits + kBetween.size());
    if (!is_bag_path(path)) return failure(where + ": its path is none of a bundle");
    if (!lines.empty() && path <= lines.back().path) return failure(where + " is out of order");
    lines.push_back(
        {.sha256 = std::string(line.substr(0, kHashDigits)), .path = std::string(path)});
  }
  return lines;
}

const ManifestLine* line_of(const std::vector<ManifestLine>& lines, std::string_view path) {
  const auto found =
      std::lower_bound(lines.begin(), lines.end(), path,
                       [](const ManifestLine& line, std::string_view p) { return line.path < p; });
  return found != lines.end() && found->path == path ? &*found : nullptr;
}

}  // namespace koegura::store
