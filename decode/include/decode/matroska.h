// Matroska: the archive file's container, by libavformat: FLAC audio, chapters, tags and
// attachments, in names that any player understands.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "capture/error.h"
#include "decode/rendered_call.h"

namespace koegura::decode {

struct Attachment {
  std::string name;              // "call.json"
  std::string mime_type;         // "application/json"
  std::vector<std::byte> bytes;  // one without bytes is left out: readers refuse it
};

struct MatroskaFile {
  std::string title;
  Timestamp date;                                         // DATE_RECORDED
  std::vector<std::pair<std::string, std::string>> tags;  // Matroska's own names, upper case
  std::vector<Chapter> chapters;
  std::vector<Attachment> attachments;
};

// Writes a new file (0640, must not exist) and closes it; the caller syncs and renames. On failure
// nothing is left behind. audio.flac may be null: then one sample of silence stands for "no audio".
[[nodiscard]] Result<void> write_matroska(const std::string& path, const MatroskaFile& file,
                                          const RenderedAudio& audio);

// Reads the attachments back; the audio is not touched.
[[nodiscard]] Result<std::vector<Attachment>> read_attachments(const std::string& path);

// Reads one attachment of a file that is whole; of one that is not, read_attachments may make more.
[[nodiscard]] Result<Attachment> read_attachment(const std::string& path, std::string_view name);

// Reads the whole file and compares every part with its CRC-32 (RFC 8794 §11.3.1), which
// write_matroska leaves in each: no byte of what readers read can change unseen. Fails with the
// file, the offset and the part that is damaged.
[[nodiscard]] Result<void> check_matroska(const std::string& path);

struct ReadBack {
  std::vector<Attachment> attachments;
  std::uint32_t sample_rate = 0;
  std::uint64_t samples = 0;              // per channel
  std::array<std::uint8_t, 32> sha256{};  // of the samples as interleaved s16le
};

// Reads the attachments, and decodes all of the audio again.
[[nodiscard]] Result<ReadBack> read_back(const std::string& path);

enum class AudioFormat : unsigned char { kWav, kFlac, kOpus };
enum class ChannelChoice : unsigned char { kBoth, kCaller, kCallee, kMix };

// Decodes the call's audio and writes it to an open file descriptor. kFlac with kBoth copies the
// FLAC frames unchanged. Works on a pipe: lengths come from the file's header, so a WAV's is right
// there, too (beyond 4 GiB it is the length of an unbounded stream). A reader that went away is an
// error (EPIPE) for a program that ignores SIGPIPE.
[[nodiscard]] Result<void> export_audio(const std::string& matroska_path, int output,
                                        AudioFormat format, ChannelChoice channels);

}  // namespace koegura::decode
