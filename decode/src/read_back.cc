#include "decode/encoded_flac.h"
#include "decode/matroska.h"
#include "flac_decoder.h"
#include "matroska_reader.h"
#include "sample_hash.h"

namespace koegura::decode {

Result<ReadBack> read_back(const std::string& path) {
  Result<MatroskaReader> reader = MatroskaReader::open(path);
  if (!reader) return tl::make_unexpected(reader.error());
  const Result<FlacStreamInfo> info = reader->stream_info();
  if (!info) return tl::make_unexpected(info.error());
  const FlacProperties flac = read_stream_info(*info);
  if (flac.channels != 2 || flac.bits_per_sample != 16) {
    return failure(path + ": its audio is not 16-bit stereo");
  }
  ReadBack back;
  back.attachments = reader->attachments();
  back.sample_rate = flac.sample_rate;
  SampleHash hash;
  const Result<void> decoded = decode_flac(
      *info, [&] { return reader->next_frame(); },
      [&](std::span<const std::span<const Sample>> planes) -> Result<void> {
        hash.update(planes[0], planes[1]);
        back.samples += planes[0].size();
        return {};
      });
  if (!decoded) return tl::make_unexpected(Error(decoded.error()).in(path));
  back.sha256 = hash.finish();
  return back;
}

}  // namespace koegura::decode
