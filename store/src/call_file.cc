#include "call_file.h"

#include <algorithm>
#include <filesystem>

#include "calendar.h"
#include "durable_file.h"
#include "packet_attachment.h"
#include "record.h"
#include "store/archive.h"

namespace koegura::store {

namespace {

constexpr std::size_t kMaxNumberInName = 32;

std::string number_in_name(const capture::Identity& identity) {
  std::string name;
  for (const char c : identity.user) {
    const bool is_alphanumeric =
        (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!is_alphanumeric && std::string_view("+*#.-").find(c) == std::string_view::npos) continue;
    name.push_back(c);
    if (name.size() == kMaxNumberInName) break;
  }
  return name;
}

decode::Attachment json_attachment(CallRecord record) {
  record.mutable_audio()->clear_path();  // the file may be moved or copied
  const std::string json = to_json(record) + "\n";
  decode::Attachment attachment{std::string(kCallJson), "application/json", {}};
  const auto* bytes = reinterpret_cast<const std::byte*>(json.data());
  attachment.bytes.assign(bytes, bytes + json.size());
  return attachment;
}

std::string title_of(const CallRecord& record) {
  const auto shown = [](const Party& party) {
    if (!party.number().empty()) return party.number();
    return party.withheld().empty() ? std::string("?") : party.withheld();
  };
  return shown(record.caller()) + " → " + shown(record.callee());
}

decode::MatroskaFile describe(const decode::RenderedCall& rendered, const CallRecord& record) {
  decode::MatroskaFile file;
  file.title = title_of(record);
  file.date = wall_time(rendered.call, rendered.call.start);
  // Names of the Matroska tag registry, so that players show them.
  file.tags = {{"ARTIST", record.caller().number()},
               {"COMMENT", record.state() + ", " + record.direction()},
               {"CATALOG_NUMBER", record.id()}};
  file.chapters = rendered.chapters;
  return file;
}

// Nothing on the wire is lost: what FLAC does not carry is attached as packets.
std::vector<PacketSelection> not_in_flac(const decode::RenderedCall& rendered) {
  std::vector<PacketSelection> media;
  for (std::size_t i = 0; i < rendered.call.streams.size(); ++i) {
    const capture::SpooledPackets& packets = rendered.call.streams[i].spooled;
    if (packets.empty()) continue;
    // What decode says nothing of is kept whole.
    if (i >= rendered.streams.size()) {
      media.push_back({.packets = &packets});
      continue;
    }
    const decode::RenderedStream& stream = rendered.streams[i];
    const bool in_flac = stream.lossless && stream.rendered;
    if (in_flac && stream.beside_audio.empty()) continue;
    media.push_back({.packets = &packets,
                     .payload_types = in_flac ? stream.beside_audio : std::vector<std::uint8_t>(),
                     .leave_out = stream.redacted});
  }
  return media;
}

}  // namespace

std::string call_file_path(const capture::FinishedCall& call, const std::string& id) {
  const LocalTime start = local_time(wall_time(call, call.start));
  return "calls/" + start.day_folder + "/" + start.stamp + "_" + number_in_name(call.caller) + "_" +
         number_in_name(call.callee) + "_" + id + ".mka";
}

Result<std::vector<decode::Attachment>> attachments_of(const decode::RenderedCall& rendered,
                                                       const CallRecord& record) {
  std::vector<decode::Attachment> attachments;
  attachments.push_back(json_attachment(record));
  const auto attach = [&](std::string_view name,
                          const std::vector<PacketSelection>& sources) -> Result<void> {
    Result<std::vector<std::byte>> packets = merge_to_pcapng(sources, rendered.call.wall_offset);
    if (!packets) return tl::make_unexpected(std::move(packets).error());
    attachments.push_back({std::string(name), "application/x-pcapng", std::move(*packets)});
    return {};
  };

  if (!rendered.call.signalling.empty()) {
    PacketSelection signalling{.packets = &rendered.call.signalling};
    Result<std::unique_ptr<capture::DigitMask>> mask;
    if (rendered.digits_redacted) {
      mask = digit_mask_of(rendered.call.signalling);
      if (!mask) return tl::make_unexpected(std::move(mask).error());
      signalling.mask = mask->get();
    }
    Result<void> attached = attach(kSignallingPcapng, {signalling});
    if (!attached) return tl::make_unexpected(std::move(attached).error());
  }
  const std::vector<PacketSelection> media = not_in_flac(rendered);
  if (!media.empty()) {
    Result<void> attached = attach(kMediaPcapng, media);
    if (!attached) return tl::make_unexpected(std::move(attached).error());
  }
  if (!rendered.fax.tiff.empty()) {
    attachments.push_back({std::string(kFaxTiff), "image/tiff", rendered.fax.tiff});
  }
  if (!rendered.waveform.empty()) {
    attachments.push_back({std::string(kWaveform), "application/octet-stream", rendered.waveform});
  }
  return attachments;
}

Result<std::uint64_t> write_call_file(const ArchiveFolder& folder,
                                      const decode::RenderedCall& rendered,
                                      const CallRecord& record, bool sync) {
  const std::string temporary = folder.temporary() + "/" + record.id() + ".mka.part";
  const std::string final_path = folder.path() + "/" + record.audio().path();
  decode::MatroskaFile file = describe(rendered, record);
  Result<std::vector<decode::Attachment>> attachments = attachments_of(rendered, record);
  if (!attachments) return tl::make_unexpected(std::move(attachments).error());
  file.attachments = std::move(*attachments);

  Result<std::uint64_t> size =
      make_folders(folder_of(final_path), sync)
          .and_then([&] { return decode::write_matroska(temporary, file, rendered.audio); })
          .and_then([&] { return sync ? sync_path(temporary) : Result<void>(); })
          .and_then([&] { return file_size(temporary); });
  if (size) {
    Result<void> moved = move_into_place(temporary, final_path, sync);
    if (moved) return size;
    discard_file(final_path);  // the name may be there while its folder could not be synced
    size = tl::make_unexpected(std::move(moved).error());
  }
  discard_file(temporary);
  return size;
}

}  // namespace koegura::store
