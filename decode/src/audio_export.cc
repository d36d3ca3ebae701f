#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <vector>

#include "decode/encoded_flac.h"
#include "decode/matroska.h"
#include "flac_decoder.h"
#include "flac_encoder.h"
#include "libav_output.h"
#include "matroska_reader.h"
#include "opus_writer.h"
#include "resampler.h"

namespace koegura::decode {
namespace {

constexpr std::uint32_t kFlacMemory = 32U << 20U;

using Planes = std::span<const std::span<const Sample>>;

// The call's planes → those that were asked for.
class ChannelSelection {
 public:
  explicit ChannelSelection(ChannelChoice choice) : choice_(choice) {}
  [[nodiscard]] unsigned channels() const { return choice_ == ChannelChoice::kBoth ? 2 : 1; }
  // Valid until the next call.
  [[nodiscard]] Planes select(Planes stereo) {
    switch (choice_) {
      case ChannelChoice::kBoth:
        return stereo;
      case ChannelChoice::kCaller:
        return stereo.first(1);
      case ChannelChoice::kCallee:
        return stereo.last(1);
      case ChannelChoice::kMix:
        break;
    }
    mix_.resize(stereo[0].size());
    std::transform(
        stereo[0].begin(), stereo[0].end(), stereo[1].begin(), mix_.begin(),
        [](int a, int b) { return static_cast<Sample>(std::clamp(a + b, -32768, 32767)); });
    mixed_ = mix_;
    return {&mixed_, 1};
  }

 private:
  ChannelChoice choice_;
  std::vector<Sample> mix_;
  std::span<const Sample> mixed_;
};

// RIFF WAVE. Lengths that do not fit 32 bits are given as unbounded (0xFFFFFFFF).
std::array<std::byte, 44> wav_header(const FlacProperties& flac, unsigned channels) {
  constexpr std::uint32_t kBytesPerSample = 2;
  constexpr std::uint32_t kUnbounded = 0xFFFFFFFF;
  const std::uint64_t data = flac.samples * channels * kBytesPerSample;
  const bool fits = flac.samples != 0 && data < kUnbounded - 36;
  std::array<std::byte, 44> header{};
  std::size_t at = 0;
  const auto text = [&](const char* four) {
    std::memcpy(header.data() + at, four, 4);
    at += 4;
  };
  const auto number = [&](std::uint32_t value, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) header[at++] = static_cast<std::byte>(value >> (8U * i));
  };
  text("RIFF");
  number(fits ? static_cast<std::uint32_t>(data) + 36 : kUnbounded, 4);
  text("WAVE");
  text("fmt ");
  number(16, 4);
  number(1, 2);  // PCM
  number(channels, 2);
  number(flac.sample_rate, 4);
  number(flac.sample_rate * channels * kBytesPerSample, 4);
  number(channels * kBytesPerSample, 2);
  number(8 * kBytesPerSample, 2);
  text("data");
  number(fits ? static_cast<std::uint32_t>(data) : kUnbounded, 4);
  return header;
}

// An archived file opened for its audio.
struct Recording {
  MatroskaReader reader;
  FlacStreamInfo info{};
  FlacProperties flac;

  [[nodiscard]] Result<void> decode(const SampleSink& sink) {
    return decode_flac(
        info, [this] { return reader.next_frame(); }, sink);
  }
};

void interleave(Planes planes, std::vector<Sample>& out) {
  out.resize(planes.size() * planes[0].size());
  for (std::size_t channel = 0; channel < planes.size(); ++channel) {
    for (std::size_t i = 0; i < planes[0].size(); ++i) {
      out[i * planes.size() + channel] = planes[channel][i];
    }
  }
}

Result<void> export_wav(Recording& recording, int output, ChannelChoice choice) {
  ChannelSelection selection(choice);
  const auto header = wav_header(recording.flac, selection.channels());
  if (Result<void> done = write_all(output, header.data(), header.size()); !done) return done;
  std::vector<Sample> interleaved;
  return recording.decode([&](Planes stereo) {
    const Planes planes = selection.select(stereo);
    interleave(planes, interleaved);
    return write_all(output, interleaved.data(), interleaved.size() * sizeof(Sample));
  });
}

Result<void> write_flac_start(int output, const FlacStreamInfo& info) {
  constexpr std::array<unsigned char, 8> kStart = {'f', 'L', 'a', 'C', 0x80, 0, 0, 34};
  if (Result<void> done = write_all(output, kStart.data(), kStart.size()); !done) return done;
  return write_all(output, info.data(), info.size());
}

Result<void> copy_flac(Recording& recording, int output) {
  if (Result<void> done = write_flac_start(output, recording.info); !done) return done;
  while (true) {
    const Result<capture::Bytes> frame = recording.reader.next_frame();
    if (!frame) return tl::make_unexpected(frame.error());
    if (frame->empty()) return {};
    if (Result<void> done = write_all(output, frame->data(), frame->size()); !done) return done;
  }
}

Result<void> export_flac(Recording& recording, int output, ChannelChoice choice) {
  ChannelSelection selection(choice);
  std::error_code none;
  EncodedFlac encoded(std::filesystem::temp_directory_path(none).string(), kFlacMemory);
  auto encoder = FlacEncoder::create(recording.flac.sample_rate, selection.channels(), encoded);
  if (!encoder) return tl::make_unexpected(encoder.error());
  Result<void> done =
      recording.decode([&](Planes stereo) { return (*encoder)->encode(selection.select(stereo)); });
  if (done) done = (*encoder)->finish();
  if (done) done = write_flac_start(output, encoded.stream_info());
  FlacFrameReader reader(encoded);
  FlacFrame frame;
  while (done) {
    const Result<bool> more = reader.next(frame);
    if (!more) return tl::make_unexpected(more.error());
    if (!*more) break;
    done = write_all(output, frame.bytes.data(), frame.bytes.size());
  }
  return done;
}

// Brings planes to Opus's rate.
class PlaneResampler {
 public:
  PlaneResampler(std::uint32_t from_rate, unsigned channels) : out_(channels) {
    for (unsigned i = 0; i < channels; ++i) {
      resamplers_.push_back(Resampler::create(from_rate, OpusWriter::kSampleRate));
    }
  }
  [[nodiscard]] bool is_usable() const {
    return std::all_of(resamplers_.begin(), resamplers_.end(),
                       [](const auto& resampler) { return resampler != nullptr; });
  }
  [[nodiscard]] Planes convert(Planes in) {
    return each([&](std::size_t i) { resamplers_[i]->convert(in[i], out_[i]); });
  }
  [[nodiscard]] Planes flush() {
    return each([&](std::size_t i) { resamplers_[i]->flush(out_[i]); });
  }

 private:
  template <typename Fill>
  Planes each(Fill fill) {
    planes_.clear();
    for (std::size_t i = 0; i < out_.size(); ++i) {
      out_[i].clear();
      fill(i);
      planes_.push_back(out_[i].samples());
    }
    return planes_;
  }

  std::vector<std::unique_ptr<Resampler>> resamplers_;
  std::vector<SampleBuffer> out_;
  std::vector<std::span<const Sample>> planes_;
};

Result<void> export_opus(Recording& recording, int output, ChannelChoice choice) {
  ChannelSelection selection(choice);
  auto writer = OpusWriter::create(output, selection.channels());
  if (!writer) return tl::make_unexpected(writer.error());
  PlaneResampler resampler(recording.flac.sample_rate, selection.channels());
  if (!resampler.is_usable()) return failure("cannot bring the audio to Opus's sample rate");
  Result<void> done = recording.decode([&](Planes stereo) {
    return (*writer)->encode(resampler.convert(selection.select(stereo)));
  });
  if (done) done = (*writer)->encode(resampler.flush());
  return done ? (*writer)->finish() : done;
}

Result<Recording> open_recording(const std::string& path) {
  Result<MatroskaReader> reader = MatroskaReader::open(path);
  if (!reader) return tl::make_unexpected(reader.error());
  const Result<FlacStreamInfo> info = reader->stream_info();
  if (!info) return tl::make_unexpected(info.error());
  const FlacProperties flac = read_stream_info(*info);
  if (flac.channels != 2 || flac.bits_per_sample != 16 || flac.sample_rate == 0) {
    return failure(path + ": its audio is not 16-bit stereo");
  }
  return Recording{.reader = std::move(*reader), .info = *info, .flac = flac};
}

}  // namespace

Result<void> export_audio(const std::string& matroska_path, int output, AudioFormat format,
                          ChannelChoice channels) {
  Result<Recording> recording = open_recording(matroska_path);
  if (!recording) return tl::make_unexpected(recording.error());
  Result<void> done;
  switch (format) {
    case AudioFormat::kWav:
      done = export_wav(*recording, output, channels);
      break;
    case AudioFormat::kFlac:
      done = channels == ChannelChoice::kBoth ? copy_flac(*recording, output)
                                              : export_flac(*recording, output, channels);
      break;
    case AudioFormat::kOpus:
      done = export_opus(*recording, output, channels);
      break;
  }
  if (!done) return tl::make_unexpected(std::move(done.error()).in(matroska_path));
  return {};
}

}  // namespace koegura::decode
