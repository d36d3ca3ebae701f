// replay: capture files through all four stages into the archive.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "capture/capture_file.h"
#include "command.h"
#include "output.pb.h"
#include "record_result.h"

namespace koegura::tools {

// Files read one after another as one input, so that a call may begin in one and end in the next.
class ReplayInput {
 public:
  // Opens every file once, so that a missing one is refused before anything is done.
  [[nodiscard]] static Result<ReplayInput> open(const std::vector<std::string>& files);

  // 0 is the end. After an error the input is at its end.
  [[nodiscard]] Result<std::size_t> read(std::span<capture::Frame> burst);
  // The file being read; its name, and where it stands among the others ("2/3 b.pcap").
  [[nodiscard]] std::string label() const;
  // Bytes of all files; total 0 where one of them has no known end.
  [[nodiscard]] capture::SourceProgress progress() const;
  [[nodiscard]] const std::vector<std::string>& files() const { return files_; }

 private:
  std::vector<std::string> files_;
  std::vector<std::unique_ptr<capture::PacketSource>>
      sources_;  // null: reopened when its turn comes
  std::vector<std::uint64_t> sizes_;
  std::size_t current_ = 0;
  std::uint64_t done_before_ = 0;
  bool endless_ = false;
};

// Reads the input to its end or until `stop`, and archives every call. Fails before reading if
// the archive or the spool cannot be opened.
[[nodiscard]] Result<RecordResult> replay(ReplayInput input, const Session& session,
                                          const std::atomic<bool>& stop);

}  // namespace koegura::tools
