// Call file: one call as one Matroska file: its name, its attachments, and its way to disk.
// Free-threaded, one call a thread.
#pragma once

#include <string>
#include <vector>

#include "archive_folder.h"
#include "capture/error.h"
#include "decode/matroska.h"
#include "decode/rendered_call.h"
#include "record.pb.h"
#include "store/attachment_names.h"

namespace koegura::store {

inline constexpr std::string_view kCallJson = "call.json";

// Relative to the archive's folder:
// "calls/2026/11/21/20261121T101502+0900_0312345678_2301_01KAJ….mka", the numbers as dialled.
[[nodiscard]] std::string call_file_path(const capture::FinishedCall& call, const std::string& id);

// call.json, signalling.pcapng, media.pcapng with every stream that the FLAC does not carry,
// fax.tiff and waveform.dat.
[[nodiscard]] Result<std::vector<decode::Attachment>> attachments_of(
    const decode::RenderedCall& rendered, const CallRecord& record);

// Writes the file to DIR/tmp, syncs it and renames it to record.audio().path(). On failure nothing
// of it is left. Gives its size.
[[nodiscard]] Result<std::uint64_t> write_call_file(const ArchiveFolder& folder,
                                                    const decode::RenderedCall& rendered,
                                                    const CallRecord& record, bool sync);

}  // namespace koegura::store
