// recorder_file: DIR/recorder.json, by which commands find the recorder that owns the archive DIR.
//
// Written once the socket is open, removed at the end. A killed recorder leaves it behind, so it
// is a hint and no proof: whoever reads it must ask the socket.
#pragma once

#include <string>

#include "capture/error.h"
#include "output.pb.h"

namespace koegura::tools {

// Of this process, from now. Replaced in one step (0640), so that no reader sees half of it.
[[nodiscard]] Result<void> write_recorder_file(const std::string& directory,
                                               const std::string& socket_path);
// Only if it is of this process.
void remove_recorder_file(const std::string& directory);
// kNotFound if there is none, kNotPermitted if this user may not read it.
[[nodiscard]] Result<RecorderFile> read_recorder_file(const std::string& directory);

// Device and inode of the folder.
[[nodiscard]] Result<void> set_folder(RecorderFile& file, const std::string& directory);

}  // namespace koegura::tools
