// MatroskaReader: an archived call's file, opened for its attachments or its FLAC frames.
#pragma once

#include <memory>
#include <string>

#include "capture/error.h"
#include "decode/encoded_flac.h"
#include "decode/matroska.h"

struct AVFormatContext;
struct AVPacket;

namespace koegura::decode {

class MatroskaReader {
 public:
  // Reads the header. Errors name the file: missing, unreadable, not Matroska, cut off.
  [[nodiscard]] static Result<MatroskaReader> open(const std::string& path);

  [[nodiscard]] std::vector<Attachment> attachments() const;
  // Error if the file has no FLAC track.
  [[nodiscard]] Result<FlacStreamInfo> stream_info() const;
  // The next FLAC frame's bytes, valid until the next call; empty at the end.
  [[nodiscard]] Result<capture::Bytes> next_frame();

 private:
  struct Close {
    void operator()(AVFormatContext* demuxer) const;
    void operator()(AVPacket* packet) const;
  };
  MatroskaReader() = default;

  std::string path_;
  std::unique_ptr<AVFormatContext, Close> demuxer_;
  std::unique_ptr<AVPacket, Close> packet_;
  int flac_stream_ = -1;
};

}  // namespace koegura::decode
