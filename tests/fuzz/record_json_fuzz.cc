// call.json of any archive file reaches from_json in reindex. What it takes must come out of
// to_json and back as the same record; and what plain_json prints, protobuf prints, too.
#include <google/protobuf/util/json_util.h>

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "plain_json.h"
#include "record.pb.h"
#include "store/archive.h"

namespace {

void compare_printers(const koegura::CallRecord& record) {
  const std::optional<std::string> plain = koegura::store::plain_json(record);
  if (!plain) return;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(record, &json, options);
  if (!status.ok() || json != *plain) std::abort();
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
