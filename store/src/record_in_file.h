// record_in_file: the record that a call's file carries (call.json); its path is empty.
#pragma once

#include <string>
#include <vector>

#include "capture/error.h"
#include "decode/matroska.h"
#include "record.pb.h"

namespace koegura::store {

[[nodiscard]] Result<CallRecord> record_in(const std::vector<decode::Attachment>& attachments);
// Reads the attachments alone.
[[nodiscard]] Result<CallRecord> record_in_file(const std::string& path);

}  // namespace koegura::store
