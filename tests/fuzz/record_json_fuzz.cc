// call.json of any archive file reaches from_json in reindex. What it takes must come out of
// to_json and back as the same record; and what plain_json prints, protobuf prints, too.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "plain_json.h"
#include "record.pb.h"
#include "store/archive.h"
#include "store/message_json.h"

namespace {

void compare_printers(const koegura::CallRecord& record) {
  const std::optional<std::string> plain = koegura::store::plain_json(record);
  if (!plain) return;
  const auto json = koegura::store::protobuf_json(record, koegura::store::DefaultFields::kPrinted);
  if (!json || *json != *plain) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto record = koegura::store::from_json({reinterpret_cast<const char*>(data), size});
  if (!record) return 0;
  compare_printers(*record);
  const std::string json = koegura::store::to_json(*record);
  const auto again = koegura::store::from_json(json);
  if (!again) std::abort();
  // protobuf reads "-0" as 0: a negative zero is gone the second time, and then nothing changes.
  const std::string settled = koegura::store::to_json(*again);
  const auto third = koegura::store::from_json(settled);
  if (!third || koegura::store::to_json(*third) != settled) std::abort();
  return 0;
}
