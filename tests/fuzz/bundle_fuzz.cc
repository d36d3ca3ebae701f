// What a stranger's bundle may hold. Input: a byte that says what it is: 0 a manifest, 1 a proof;
// then the text. What is read is written again the same; no proof holds that nobody signed.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "bag_manifest.h"
#include "bundle_format.h"
#include "checkpoint.h"
#include "signing_key.h"
#include "store/ledger.h"
#include "tlog_proof.h"

namespace {

using namespace koegura::store;

void check(bool is_so) {
  if (!is_so) std::abort();
}

void check_manifest(std::string_view text) {
  const auto lines = parse_manifest(text);
  if (!lines) return;
  check(manifest_text(*lines) == text);
  check(lines->empty() || !read_checkpoint(text));
  for (const ManifestLine& line : *lines) {
    check(is_bag_path(line.path) && line_of(*lines, line.path) == &line);
    const std::string call = call_of_payload(line.path);
    check(call.empty() || line.path.starts_with(folder_of_call(call) + "/"));
  }
}

void check_proof(std::string_view text) {
  static const auto key = SigningKey::generate();
  static const auto shown = key->public_half();
  const auto proof = read_tlog_proof(text);
  if (!proof) return;
  check(tlog_proof(*proof) == text);
  check(!verify_proof(*proof, *shown));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 == 0) {
    check_manifest(text);
  } else {
    check_proof(text);
  }
  return 0;
}
