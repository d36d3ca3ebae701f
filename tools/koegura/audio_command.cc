// koegura audio: a call's audio as a file that any program takes.
#include <array>
#include <cstdio>

#include "archive_access.h"
#include "capture/frame.h"
#include "command.h"
#include "decode/matroska.h"
#include "file_output.h"
#include "store/attachment_names.h"

namespace koegura::tools {

namespace {

struct FormatRow {
  const char* name;  // also the file name's ending
  decode::AudioFormat format;
};
constexpr std::array kFormats = {FormatRow{"wav", decode::AudioFormat::kWav},
                                 FormatRow{"flac", decode::AudioFormat::kFlac},
                                 FormatRow{"opus", decode::AudioFormat::kOpus}};

struct ChannelRow {
  const char* name;
  decode::ChannelChoice choice;
};
constexpr std::array kChannels = {ChannelRow{"both", decode::ChannelChoice::kBoth},
                                  ChannelRow{"caller", decode::ChannelChoice::kCaller},
                                  ChannelRow{"callee", decode::ChannelChoice::kCallee},
                                  ChannelRow{"mix", decode::ChannelChoice::kMix}};

template <typename Rows>
std::vector<std::string> names_of(const Rows& rows) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  return names;
}

// The overview for viewers, which is beside the audio: as it stands in the call's file.
constexpr const char* kWaveformFormat = "dat";

Result<void> write_waveform(const std::string& call_file, FileOutput& output) {
  const auto attachments = decode::read_attachments(call_file);
  if (!attachments) return tl::make_unexpected(attachments.error());
  for (const decode::Attachment& attachment : *attachments) {
    if (attachment.name != store::kWaveform) continue;
    return output.write(capture::as_text(attachment.bytes));
  }
  return failure(call_file + ": no waveform is attached to this call", ErrorKind::kNotFound);
}

std::vector<std::string> all_formats() {
  std::vector<std::string> names = names_of(kFormats);
  names.emplace_back(kWaveformFormat);
  return names;
}

class AudioCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("CALL", "", call_, "the call's id, or its beginning (6 characters or more)");
    options.required();
    options.text("--output,-o", "FILE", output_, "where to [ID.wav in this folder]; '-' is stdout");
    options.choice("--format", format_, all_formats(),
                   "dat is the waveform's overview [from the file's name, else wav]");
    options.choice("--channel", channel_, names_of(kChannels),
                   "both is stereo, left caller, right callee [both]");
    options.text("--reason", "R", reason_, "why it is wanted: it stands in the ledger for good");
    options.flag("--force", force_, "overwrite the file if it exists");
  }

  Result<void> run(const Session& session) override {
    auto call = open_call(session, call_, "audio");
    if (!call) return tl::make_unexpected(std::move(call.error()));
    const FormatRow& format = chosen_format();
    const std::string ending = wants_waveform() ? kWaveformFormat : format.name;
    const std::string path = output_.empty() ? call->record.id() + '.' + ending : output_;
    auto output = FileOutput::create(path, force_);
    if (!output) return tl::make_unexpected(std::move(output.error()));
    const auto file = call->give_file({.action = "audio", .reason = reason_});
    if (!file) return tl::make_unexpected(file.error());
    auto exported = wants_waveform() ? write_waveform(*file, *output)
                                     : decode::export_audio(*file, output->fd(), format.format,
                                                            chosen_channels());
    if (!exported) return exported;
    if (auto done = output->commit(); !done) return done;
    if (path != "-") std::printf("%s\n", path.c_str());
    return {};
  }

 private:
  [[nodiscard]] const FormatRow& chosen_format() const {
    for (const FormatRow& row : kFormats) {
      const bool named =
          format_.empty() ? output_.ends_with(std::string(".") + row.name) : format_ == row.name;
      if (named) return row;
    }
    return kFormats.front();
  }

  [[nodiscard]] bool wants_waveform() const {
    return format_.empty() ? output_.ends_with(std::string(".") + kWaveformFormat)
                           : format_ == kWaveformFormat;
  }

  [[nodiscard]] decode::ChannelChoice chosen_channels() const {
    for (const ChannelRow& row : kChannels) {
      if (channel_ == row.name) return row.choice;
    }
    return decode::ChannelChoice::kBoth;
  }

  std::string call_;
  std::string output_;
  std::string format_;
  std::string channel_;
  std::string reason_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_audio_command() {
  return std::make_unique<AudioCommand>();
}

}  // namespace koegura::tools
