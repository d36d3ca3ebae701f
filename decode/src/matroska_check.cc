// Every element at the top of a Segment has its CRC-32 as its first child, of all that follows in
// it (RFC 8794 §11.3.1, RFC 9559 §6.2); only Void, which is all zeros, has none.
extern "C" {
#include <libavutil/crc.h>
}

#include <algorithm>
#include <array>

#include "decode/matroska.h"
#include "ebml_file.h"

namespace koegura::decode {
namespace {

constexpr std::uint32_t kVoid = 0xEC;

struct Part {
  std::uint32_t id;
  const char* name;
};
constexpr std::array kParts = {
    Part{0x114D9B74, "SeekHead"}, Part{0x1549A966, "Info"},          Part{0x1654AE6B, "Tracks"},
    Part{0x1043A770, "Chapters"}, Part{kAttachments, "Attachments"}, Part{0x1254C367, "Tags"},
    Part{0x1F43B675, "Cluster"},  Part{0x1C53BB6B, "Cues"},          Part{kVoid, "Void"},
};

class Check {
 public:
  explicit Check(const std::string& path) : file_(path) {}

  [[nodiscard]] Result<void> run() {
    const Result<EbmlElement> segment = file_.segment();
    if (!segment) return tl::make_unexpected(segment.error());
    return file_.walk(*segment, [this](std::uint64_t at, const EbmlElement& element) {
      return check_part(at, element).map([] { return true; });
    });
  }

 private:
  [[nodiscard]] Result<void> check_part(std::uint64_t at, const EbmlElement& element) {
    const auto* part = std::find_if(kParts.begin(), kParts.end(),
                                    [&](const Part& known) { return known.id == element.id; });
    if (part == kParts.end()) return file_.damaged(at, "a part of no known kind");
    if (element.id == kVoid) return check_empty(element);
    // BF: CRC-32; 84: of four bytes, the lowest first.
    constexpr std::size_t kCrcElement = 6;
    const capture::Bytes head = file_.read(element.body, kCrcElement);
    const bool has_crc = element.end - element.body >= kCrcElement && head.size() == kCrcElement &&
                         head[0] == std::byte{0xBF} && head[1] == std::byte{0x84};
    if (!has_crc)
      return file_.damaged(at, std::string("its ") + part->name + " has lost its checksum");
    std::uint32_t said = 0;
    for (std::size_t i = kCrcElement; i-- > 2;) {
      said = (said << 8U) | static_cast<std::uint32_t>(head[i]);
    }
    if (crc_of(element.body + kCrcElement, element.end) == said) return {};
    return file_.damaged(at, std::string("its ") + part->name + " does not match its checksum");
  }

  [[nodiscard]] Result<void> check_empty(const EbmlElement& element) {
    for (std::uint64_t at = element.body; at < element.end;) {
      const capture::Bytes bytes = file_.read(at, element.end - at);
      const bool empty = std::all_of(bytes.begin(), bytes.end(),
                                     [](std::byte byte) { return byte == std::byte{0}; });
      if (bytes.empty() || !empty) return file_.damaged(at, "its empty part is not empty");
      at += bytes.size();
    }
    return {};
  }

  [[nodiscard]] std::uint32_t crc_of(std::uint64_t from, std::uint64_t to) {
    const AVCRC* const table = av_crc_get_table(AV_CRC_32_IEEE_LE);
    std::uint32_t crc = 0xFFFFFFFF;
    while (from < to) {
      const capture::Bytes bytes = file_.read(from, to - from);
      if (bytes.empty()) break;
      crc = av_crc(table, crc, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
      from += bytes.size();
    }
    return ~crc;
  }

  EbmlFile file_;
};

}  // namespace

Result<void> check_matroska(const std::string& path) {
  return Check(path).run().map_error([&](Error error) { return std::move(error).in(path); });
}

}  // namespace koegura::decode
