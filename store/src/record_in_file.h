// record_in_file: which call a file is of, and the record that a call's file carries (call.json);
// its path is empty.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "capture/error.h"
#include "decode/matroska.h"
#include "record.pb.h"
#include "ulid.h"

namespace koegura::store {

// Of "…_01KAJ….mka", and of what lies beside it under that name ("….notes.jsonl"); a file that
// somebody has given another name has none.
[[nodiscard]] std::optional<Ulid> id_in_name(const std::string& path);
[[nodiscard]] Result<CallRecord> record_in(std::string_view call_json);
[[nodiscard]] Result<CallRecord> record_in(const std::vector<decode::Attachment>& attachments);
// Reads the attachments alone.
[[nodiscard]] Result<CallRecord> record_in_file(const std::string& path);

}  // namespace koegura::store
