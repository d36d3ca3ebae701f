// call.json of any archive file reaches from_json in reindex. What it takes must come out of
// to_json and back as the same record.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "store/archive.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto record = koegura::store::from_json({reinterpret_cast<const char*>(data), size});
  if (!record) return 0;
  const std::string json = koegura::store::to_json(*record);
  const auto again = koegura::store::from_json(json);
  if (!again) std::abort();
  // protobuf reads "-0" as 0: a negative zero is gone the second time, and then nothing changes.
  const std::string settled = koegura::store::to_json(*again);
  const auto third = koegura::store::from_json(settled);
  if (!third || koegura::store::to_json(*third) != settled) std::abort();
  return 0;
}
