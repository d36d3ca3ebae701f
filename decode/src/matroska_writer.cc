extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/dict.h>
}

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "decode/encoded_flac.h"
#include "decode/matroska.h"
#include "flac_encoder.h"
#include "libav_output.h"

namespace koegura::decode {
namespace {

constexpr mode_t kMode = 0640;
constexpr AVRational kMilliseconds = {1, 1000};

// "2026-11-21 01:15:02.123" for the tag DATE_RECORDED, with 'T' and 'Z' for the element DateUTC.
std::string utc(Timestamp time, char separator, const char* zone) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time - seconds);
  const std::time_t unix_time = seconds.time_since_epoch().count();
  std::tm fields{};
  gmtime_r(&unix_time, &fields);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02d%c%02d:%02d:%02d.%03d%s", fields.tm_year + 1900,
                fields.tm_mon + 1, fields.tm_mday, separator, fields.tm_hour, fields.tm_min,
                fields.tm_sec, static_cast<int>(milliseconds.count()), zone);
  return text;
}

bool set_extradata(AVCodecParameters& parameters, const void* data, std::size_t bytes) {
  auto* copy = static_cast<std::uint8_t*>(av_mallocz(bytes + AV_INPUT_BUFFER_PADDING_SIZE));
  if (copy == nullptr) return false;
  if (bytes != 0) std::memcpy(copy, data, bytes);
  parameters.extradata = copy;
  parameters.extradata_size = static_cast<int>(bytes);
  return true;
}

bool add_audio(AVFormatContext& muxer, const EncodedFlac& flac, const RenderedAudio& audio) {
  AVStream* stream = avformat_new_stream(&muxer, nullptr);
  if (stream == nullptr) return false;
  const int rate = static_cast<int>(audio.sample_rate);
  stream->time_base = {1, rate};
  AVCodecParameters& parameters = *stream->codecpar;
  parameters.codec_type = AVMEDIA_TYPE_AUDIO;
  parameters.codec_id = AV_CODEC_ID_FLAC;
  parameters.format = AV_SAMPLE_FMT_S16;
  parameters.bits_per_raw_sample = 16;
  parameters.sample_rate = rate;
  av_channel_layout_default(&parameters.ch_layout, audio.channels);
  return set_extradata(parameters, flac.stream_info().data(), flac.stream_info().size());
}

bool add_attachment(AVFormatContext& muxer, const Attachment& attachment) {
  if (attachment.bytes.empty()) return true;
  AVStream* stream = avformat_new_stream(&muxer, nullptr);
  if (stream == nullptr) return false;
  stream->codecpar->codec_type = AVMEDIA_TYPE_ATTACHMENT;
  av_dict_set(&stream->metadata, "filename", attachment.name.c_str(), 0);
  av_dict_set(&stream->metadata, "mimetype", attachment.mime_type.c_str(), 0);
  return set_extradata(*stream->codecpar, attachment.bytes.data(), attachment.bytes.size());
}

// libavformat has no public function for this: a muxer's chapters are the caller's to allocate,
// and avformat_free_context frees them.
bool add_chapters(AVFormatContext& muxer, const std::vector<Chapter>& chapters) {
  if (chapters.empty()) return true;
  muxer.chapters = static_cast<AVChapter**>(av_calloc(chapters.size(), sizeof(AVChapter*)));
  if (muxer.chapters == nullptr) return false;
  for (const Chapter& chapter : chapters) {
    auto* entry = static_cast<AVChapter*>(av_mallocz(sizeof(AVChapter)));
    if (entry == nullptr) return false;
    muxer.chapters[muxer.nb_chapters++] = entry;
    entry->id = muxer.nb_chapters;
    entry->time_base = kMilliseconds;
    entry->start = std::llround(chapter.from_s * 1000);
    entry->end = std::llround(chapter.to_s * 1000);
    av_dict_set(&entry->metadata, "title", chapter.title.c_str(), 0);
  }
  return true;
}

void set_tags(AVFormatContext& muxer, const MatroskaFile& file) {
  av_dict_set(&muxer.metadata, "title", file.title.c_str(), 0);
  av_dict_set(&muxer.metadata, "creation_time", utc(file.date, 'T', "Z").c_str(), 0);
  av_dict_set(&muxer.metadata, "DATE_RECORDED", utc(file.date, ' ', "").c_str(), 0);
  for (const auto& [name, value] : file.tags) {
    if (!value.empty()) av_dict_set(&muxer.metadata, name.c_str(), value.c_str(), 0);
  }
}

Result<void> write_frames(AVFormatContext& muxer, const EncodedFlac& flac,
                          const LibavOutput& output) {
  struct PacketFree {
    void operator()(AVPacket* p) const { av_packet_free(&p); }
  };
  const std::unique_ptr<AVPacket, PacketFree> packet(av_packet_alloc());
  if (!packet) return failure("out of memory");
  const AVStream& stream = *muxer.streams[0];
  const AVRational samples = {1, stream.codecpar->sample_rate};
  FlacFrameReader reader(flac);
  FlacFrame frame;
  std::int64_t at = 0;
  while (true) {
    const Result<bool> more = reader.next(frame);
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) return {};
    // Not reference-counted: libavformat writes the bytes before av_write_frame returns.
    packet->data = reinterpret_cast<std::uint8_t*>(const_cast<std::byte*>(frame.bytes.data()));
    packet->size = static_cast<int>(frame.bytes.size());
    packet->flags = AV_PKT_FLAG_KEY;
    packet->stream_index = 0;
    packet->pts = packet->dts = av_rescale_q(at, samples, stream.time_base);
    packet->duration = av_rescale_q(at + frame.samples, samples, stream.time_base) - packet->pts;
    at += frame.samples;
    const int result = av_write_frame(&muxer, packet.get());
    if (Result<void> ok = output.check(result, "cannot write"); !ok) return ok;
  }
}

Result<void> mux(int fd, const MatroskaFile& file, const RenderedAudio& audio,
                 const EncodedFlac& flac) {
  LibavOutput output(fd, Seekable::kYes);
  const Muxer muxer = open_muxer("matroska", output);
  bool made = muxer != nullptr && add_audio(*muxer, flac, audio);
  for (const Attachment& attachment : file.attachments) {
    made = made && add_attachment(*muxer, attachment);
  }
  if (!made || !add_chapters(*muxer, file.chapters)) return failure("out of memory");
  set_tags(*muxer, file);

  int result = avformat_write_header(muxer.get(), nullptr);
  if (Result<void> ok = output.check(result, "cannot write"); !ok) return ok;
  if (Result<void> ok = write_frames(*muxer, flac, output); !ok) return ok;
  result = av_write_trailer(muxer.get());
  avio_flush(output.context());
  return output.check(result, "cannot write");
}

// A Matroska file without a track is refused by players: a single silent sample stands in.
Result<void> mux_without_audio(int fd, const MatroskaFile& file) {
  EncodedFlac flac({}, 1U << 20U);
  RenderedAudio audio;
  const Sample silence[1] = {0};
  const std::array<std::span<const Sample>, 2> planes = {silence, silence};
  Result<std::unique_ptr<FlacEncoder>> encoder =
      FlacEncoder::create(audio.sample_rate, audio.channels, flac);
  if (!encoder) return tl::make_unexpected(encoder.error());
  if (Result<void> ok = (*encoder)->encode(planes); !ok) return ok;
  if (Result<void> ok = (*encoder)->finish(); !ok) return ok;
  return mux(fd, file, audio, flac);
}

}  // namespace

Result<void> write_matroska(const std::string& path, const MatroskaFile& file,
                            const RenderedAudio& audio) {
  const int fd = open(path.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, kMode);
  if (fd < 0) return failure(path + ": cannot create: " + std::strerror(errno));
  // The mode is a promise, whatever the umask of who starts us.
  Result<void> done;
  if (fchmod(fd, kMode) != 0) {
    done = failure(std::string("cannot set its mode: ") + std::strerror(errno));
  } else {
    done = audio.flac ? mux(fd, file, audio, *audio.flac) : mux_without_audio(fd, file);
  }
  // close is where some file systems report that the disk is full.
  if (close(fd) != 0 && done) done = failure(std::string("cannot close: ") + std::strerror(errno));
  if (!done) {
    unlink(path.c_str());
    return tl::make_unexpected(std::move(done.error()).in(path));
  }
  return {};
}

}  // namespace koegura::decode
