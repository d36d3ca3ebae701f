// call_check: is a call's file what was archived, and does it tell what the index tells? A file
// that is not there is kNotFound.
#pragma once

#include <string>

#include "capture/error.h"
#include "decode/matroska.h"
#include "record.pb.h"

namespace koegura::store {

// Of a file whose bytes are known to be those that were archived: reads call.json alone.
[[nodiscard]] Result<void> check_call_record(const std::string& path, const CallRecord& record);

// Reads all of it: checksums, decoded audio, attachments, record.
[[nodiscard]] Result<void> check_call_file(const std::string& path, const CallRecord& record);

// A capture file as write_call_file attaches it: one section, whole packets up to the end.
[[nodiscard]] Result<void> check_packets(const decode::Attachment& attachment);

}  // namespace koegura::store
