#include "bundle_format.h"

#include <algorithm>
#include <array>
#include <optional>

#include "store/attachment_names.h"
#include "ulid.h"

namespace koegura::store {

namespace {

constexpr std::array kCallFiles = {kBundledRecord,    kBundledFlac, kBundledWav,
                                   kSignallingPcapng, kFaxTiff,     kBundledOriginal};

}  // namespace

std::string call_of_payload(std::string_view path) {
  if (!path.starts_with(kBundledCalls)) return {};
  path.remove_prefix(kBundledCalls.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view id = path.substr(0, slash);
  const std::string_view name = path.substr(slash + 1);
  const std::optional<Ulid> ulid = Ulid::parse(id);
  const bool is_known = std::find(kCallFiles.begin(), kCallFiles.end(), name) != kCallFiles.end();
  return ulid && ulid->text() == id && is_known ? std::string(id) : std::string();
}

}  // namespace koegura::store
