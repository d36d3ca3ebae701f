// The value of a 'c' key.
#include "index.h"

#include <utility>

namespace koegura::store {

Result<void> decode_record(std::string_view value, const Ulid& id, CallRecord& into) {
  if (!into.ParseFromArray(value.data(), static_cast<int>(value.size()))) {
    return failure("the index's record of call " + id.text() +
                   " cannot be read: `koegura reindex` rebuilds it");
  }
  return {};
}

Result<CallRecord> decode_record(std::string_view value, const Ulid& id) {
  CallRecord record;
  return decode_record(value, id, record).map([&] { return std::move(record); });
}

}  // namespace koegura::store
