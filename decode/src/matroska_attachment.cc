// One attachment, without a demuxer: `verify` asks for one of each of millions of files, and to
// libavformat each is a stream to be set up.
#include <algorithm>
#include <optional>
#include <utility>

#include "decode/matroska.h"
#include "ebml_file.h"

namespace koegura::decode {
namespace {

// RFC 9559 §5.1.6
constexpr std::uint32_t kAttachedFile = 0x61A7;
constexpr std::uint32_t kFileName = 0x466E;
constexpr std::uint32_t kFileMediaType = 0x4660;
constexpr std::uint32_t kFileData = 0x465C;

class AttachmentSearch {
 public:
  AttachmentSearch(const std::string& path, std::string_view name) : file_(path), name_(name) {}

  [[nodiscard]] Result<Attachment> run() {
    const Result<EbmlElement> segment = file_.segment();
    if (!segment) return tl::make_unexpected(segment.error());
    Result<void> walked = look_into(*segment, kAttachments, [this](const EbmlElement& all) {
      return look_into(all, kAttachedFile,
                       [this](const EbmlElement& attached) { return look_at(attached); });
    });
    if (!walked) return tl::make_unexpected(std::move(walked).error());
    if (!found_) return failure("it has no attachment " + std::string(name_));
    return std::move(*found_);
  }

 private:
  // Its elements of one kind, until it is found.
  template <typename Look>
  [[nodiscard]] Result<void> look_into(const EbmlElement& parent, std::uint32_t id,
                                       const Look& look) {
    return file_.walk(parent, [&](std::uint64_t /*at*/, const EbmlElement& element) {
      Result<void> looked = element.id == id ? look(element) : Result<void>();
      return looked.map([this] { return !found_; });
    });
  }

  [[nodiscard]] Result<void> look_at(const EbmlElement& attached) {
    Attachment attachment;
    std::optional<EbmlElement> data;
    Result<void> walked =
        file_.walk(attached, [&](std::uint64_t /*at*/, const EbmlElement& element) -> Result<bool> {
          if (element.id == kFileData) data = element;
          if (element.id == kFileName) attachment.name = text_of(element);
          if (element.id == kFileMediaType) attachment.mime_type = text_of(element);
          return true;
        });
    if (!walked || attachment.name != name_ || !data) return walked;
    attachment.bytes.reserve(data->end - data->body);
    for (std::uint64_t at = data->body; at < data->end;) {
      const capture::Bytes bytes = file_.read(at, data->end - at);
      if (bytes.empty()) return file_.damaged(at, "it is cut off");
      attachment.bytes.insert(attachment.bytes.end(), bytes.begin(), bytes.end());
      at += bytes.size();
    }
    found_ = std::move(attachment);
    return {};
  }

  // The first bytes of a longer one.
  [[nodiscard]] std::string text_of(const EbmlElement& element) {
    constexpr std::uint64_t kLongest = 256;
    return std::string(
        capture::as_text(file_.read(element.body, std::min(element.end - element.body, kLongest))));
  }

  EbmlFile file_;
  std::string_view name_;
  std::optional<Attachment> found_;
};

}  // namespace

Result<Attachment> read_attachment(const std::string& path, std::string_view name) {
  return AttachmentSearch(path, name).run().map_error([&](Error error) {
    return std::move(error).in(path);
  });
}

}  // namespace koegura::decode
