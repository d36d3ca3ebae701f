// CaptureWriter: Ethernet frames into a pcap (nanoseconds) or pcapng file, built in place in one
// large buffer.
// Source: draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng §4.3.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "capture/error.h"
#include "capture/time.h"
#include "output_file.h"

namespace koegura::traffic {

enum class CaptureFormat : std::uint8_t { kPcap, kPcapng };

class CaptureWriter {
 public:
  // The format follows from the path: ".pcapng", anything else (and "-") is pcap.
  [[nodiscard]] static Result<CaptureWriter> open(const std::string& path);

  // Room for one frame. The caller fills all of it before the next call of this object.
  // REQUIRES: size <= 65,535.
  [[nodiscard]] std::byte* frame(Timestamp time, std::size_t size);

  // False once a write failed: frames go nowhere then, and close() says why.
  [[nodiscard]] bool healthy() const { return status_.has_value(); }
  [[nodiscard]] std::uint64_t bytes() const { return flushed_ + used_; }
  // All frames are given.
  [[nodiscard]] Result<void> close();
  // The file stays. REQUIRES: close() succeeded.
  void keep() { file_->keep(); }

 private:
  CaptureWriter(CaptureFormat format, std::unique_ptr<OutputFile> file);
  void write_file_header();
  std::byte* pcap_record(Timestamp time, std::size_t size);
  std::byte* pcapng_block(Timestamp time, std::size_t size);
  void flush();

  CaptureFormat format_;
  std::unique_ptr<OutputFile> file_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t used_ = 0;
  std::uint64_t flushed_ = 0;
  Result<void> status_;
};

}  // namespace koegura::traffic
