// What FFmpeg's command line makes of frames, by a file of theirs.
#pragma once

#include <cstring>
#include <fstream>
#include <span>
#include <string>
#include <vector>

#include "call_builder.h"
#include "command_output.h"

namespace koegura::decode::test {

struct FileKind {
  const char* demuxer;
  std::string magic;
  std::string options = {};  // of its decoder
};

// The samples that ffmpeg gives for a file.
inline Samples ffmpeg_decodes_file(const TemporaryFolder& folder, const std::string& bytes,
                                   const std::string& input_options) {
  std::ofstream(folder / "frames", std::ios::binary) << bytes;
  command_output("ffmpeg -nostdin -v error -y " + input_options + " -i " + (folder / "frames") +
                 " -f s16le " + (folder / "samples"));
  const std::string raw = read_file(folder / "samples");
  Samples samples(raw.size() / 2);
  std::memcpy(samples.data(), raw.data(), samples.size() * 2);
  return samples;
}

inline std::string text_of(const Octets& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Of frames one behind the other.
inline Samples ffmpeg_decodes(const FileKind& kind, std::span<const Octets> frames) {
  const TemporaryFolder folder;
  std::string file = kind.magic;
  for (const Octets& frame : frames) file += text_of(frame);
  return ffmpeg_decodes_file(folder, file, kind.options + " -f " + kind.demuxer);
}

// An Ogg file (RFC 3533), a packet a page.
class OggBuilder {
 public:
  // granule: samples up to the end of the packet.
  OggBuilder& page(const std::string& packet, std::uint64_t granule, bool last = false) {
    const unsigned char flags = pages_ == 0 ? 2 : last ? 4 : 0;
    std::string page = "OggS";
    page += little(flags << 8U, 2) + little(granule, 8) + little(kSerial, 4) + little(pages_++, 4) +
            little(0, 4);
    std::string lacing(packet.size() / 255, '\xFF');
    lacing += static_cast<char>(packet.size() % 255);
    page += static_cast<char>(lacing.size());
    page += lacing + packet;
    page.replace(kChecksumAt, 4, little(checksum(page), 4));
    file_ += page;
    return *this;
  }
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] static std::string little(std::uint64_t value, unsigned bytes) {
    std::string out;
    for (; bytes != 0; --bytes, value >>= 8U) out += static_cast<char>(value & 0xFFU);
    return out;
  }

 private:
  static constexpr std::uint32_t kSerial = 1;
  static constexpr std::size_t kChecksumAt = 22;

  static std::uint32_t checksum(const std::string& page) {
    std::uint32_t crc = 0;
    for (const char c : page) {
      crc ^= static_cast<std::uint32_t>(static_cast<unsigned char>(c)) << 24U;
      for (int bit = 0; bit < 8; ++bit) {
        crc = (crc & 0x80000000U) != 0 ? crc << 1U ^ 0x04C11DB7U : crc << 1U;
      }
    }
    return crc;
  }

  std::string file_;
  std::uint32_t pages_ = 0;
};

struct OggCodec {
  const char* decoder;  // libspeex, libopus
  std::uint32_t rate;
  std::size_t frame_samples;
};

// Of packets of Speex or Opus, by the decoder of the library itself.
inline Samples ffmpeg_decodes_ogg(const OggCodec& codec, std::span<const Octets> packets) {
  const auto little = OggBuilder::little;
  std::string head;
  if (std::string_view(codec.decoder) == "libopus") {  // RFC 7845 §5.1, no pre-skip
    head = "OpusHead" + little(1, 1) + little(1, 1) + little(0, 2) + little(codec.rate, 4) +
           little(0, 2) + little(0, 1);
  } else {  // the Speex manual §7.3
    const unsigned mode = codec.rate == 8000 ? 0 : codec.rate == 16000 ? 1 : 2;
    head = "Speex   1.2" + std::string(17, '\0');
    for (const std::uint64_t value :
         {std::uint64_t{1}, std::uint64_t{80}, std::uint64_t{codec.rate}, std::uint64_t{mode},
          std::uint64_t{4}, std::uint64_t{1}, std::uint64_t{0xFFFFFFFF},
          std::uint64_t{codec.frame_samples}, std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0},
          std::uint64_t{0}, std::uint64_t{0}}) {
      head += little(value, 4);
    }
  }
  const std::string tags = (head[0] == 'O' ? "OpusTags" : "") + little(0, 4) + little(0, 4);
  OggBuilder ogg;
  ogg.page(head, 0).page(tags, 0);
  for (std::size_t i = 0; i < packets.size(); ++i) {
    ogg.page(text_of(packets[i]), (i + 1) * codec.frame_samples, i + 1 == packets.size());
  }
  const TemporaryFolder folder;
  return ffmpeg_decodes_file(folder, ogg.file(), std::string("-f ogg -c:a ") + codec.decoder);
}

}  // namespace koegura::decode::test
