#include "matroska_reader.h"

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/dict.h>
}

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "libav_log.h"
#include "libav_output.h"

namespace koegura::decode {
namespace {

std::string metadata(const AVStream& stream, const char* name) {
  const AVDictionaryEntry* entry = av_dict_get(stream.metadata, name, nullptr, 0);
  return entry == nullptr ? std::string() : std::string(entry->value);
}

// libavformat takes an image for a cover: a stream of one packet.
std::optional<capture::Bytes> attached(const AVStream& stream) {
  const auto view = [](const std::uint8_t* data, int size) {
    return capture::Bytes(reinterpret_cast<const std::byte*>(data), static_cast<std::size_t>(size));
  };
  if (stream.codecpar->codec_type == AVMEDIA_TYPE_ATTACHMENT) {
    return view(stream.codecpar->extradata, stream.codecpar->extradata_size);
  }
  if ((stream.disposition & AV_DISPOSITION_ATTACHED_PIC) != 0) {
    return view(stream.attached_pic.data, stream.attached_pic.size);
  }
  return std::nullopt;
}

}  // namespace

void MatroskaReader::Close::operator()(AVFormatContext* demuxer) const {
  avformat_close_input(&demuxer);
}
void MatroskaReader::Close::operator()(AVPacket* packet) const {
  av_packet_free(&packet);
}

Result<MatroskaReader> MatroskaReader::open(const std::string& path) {
  silence_libav();
  MatroskaReader reader;
  reader.path_ = path;
  AVFormatContext* demuxer = nullptr;
  // "file:": a path is never a protocol. The format is given: nothing else is probed for.
  const int result = avformat_open_input(&demuxer, ("file:" + path).c_str(),
                                         av_find_input_format("matroska"), nullptr);
  if (result == AVERROR(ENOENT)) {
    return failure(path + ": " + std::strerror(ENOENT), ErrorKind::kNotFound);
  }
  if (result < 0) return failure(path + ": not a Matroska file: " + libav_message(result));
  reader.demuxer_.reset(demuxer);
  reader.packet_.reset(av_packet_alloc());
  if (!reader.packet_) return failure("out of memory");
  for (unsigned i = 0; i < demuxer->nb_streams; ++i) {
    if (demuxer->streams[i]->codecpar->codec_id == AV_CODEC_ID_FLAC) {
      reader.flac_stream_ = static_cast<int>(i);
    }
  }
  return reader;
}

std::vector<Attachment> MatroskaReader::attachments() const {
  std::vector<Attachment> found;
  for (unsigned i = 0; i < demuxer_->nb_streams; ++i) {
    const AVStream& stream = *demuxer_->streams[i];
    const auto bytes = attached(stream);
    if (!bytes) continue;
    found.push_back({.name = metadata(stream, "filename"),
                     .mime_type = metadata(stream, "mimetype"),
                     .bytes = {bytes->begin(), bytes->end()}});
  }
  return found;
}

Result<FlacStreamInfo> MatroskaReader::stream_info() const {
  FlacStreamInfo info{};
  if (flac_stream_ < 0) return failure(path_ + ": has no FLAC track");
  const AVCodecParameters& parameters = *demuxer_->streams[flac_stream_]->codecpar;
  if (parameters.extradata_size < static_cast<int>(info.size())) {
    return failure(path_ + ": its FLAC track has no stream information");
  }
  std::memcpy(info.data(), parameters.extradata, info.size());
  return info;
}

Result<capture::Bytes> MatroskaReader::next_frame() {
  while (true) {
    av_packet_unref(packet_.get());
    const int result = av_read_frame(demuxer_.get(), packet_.get());
    if (result == AVERROR_EOF) return capture::Bytes();
    if (result < 0) return failure(path_ + ": cannot read: " + libav_message(result));
    if (packet_->stream_index != flac_stream_ || packet_->size == 0) continue;
    return capture::Bytes(reinterpret_cast<const std::byte*>(packet_->data),
                          static_cast<std::size_t>(packet_->size));
  }
}

Result<std::vector<Attachment>> read_attachments(const std::string& path) {
  const Result<MatroskaReader> reader = MatroskaReader::open(path);
  if (!reader) return tl::make_unexpected(reader.error());
  return reader->attachments();
}

}  // namespace koegura::decode
