// koegura packets: a call's packets as one capture file for Wireshark.
#include <algorithm>
#include <cstdio>

#include "archive_access.h"
#include "call_packets.h"
#include "command.h"
#include "file_output.h"
#include "quantity_text.h"
#include "store/attachment_names.h"

namespace koegura::tools {

namespace {

Result<void> write_capture(const CallPackets& merged, FileOutput& output) {
  constexpr std::size_t kPart = 1U << 20U;
  std::vector<std::byte> part = capture::pcapng_preamble(capture::LinkType::kRaw);
  for (const capture::EnhancedPacket& packet : merged.packets) {
    const std::size_t at = part.size();
    part.resize(at + capture::enhanced_packet_size(packet.packet.size()));
    capture::write_enhanced_packet(part.data() + at, packet.time, packet.packet);
    if (part.size() < kPart) continue;
    if (auto written = output.write(capture::as_text(part)); !written) return written;
    part.clear();
  }
  return output.write(capture::as_text(part));
}

class PacketsCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("CALL", "", call_, "the call's id, or its beginning (6 characters or more)");
    options.required();
    options.text("--output,-o", "FILE", output_, "the pcapng file to write; '-' is stdout");
    options.required();
    options.text("--reason", "R", reason_, "why it is wanted: it stands in the ledger for good");
    options.flag("--force", force_, "overwrite the file if it exists");
  }

  Result<void> run(const Session& session) override {
    auto call = open_call(session, call_, "packets");
    if (!call) return tl::make_unexpected(std::move(call.error()));
    const auto file = call->give_file({.action = "packets", .reason = reason_});
    if (!file) return tl::make_unexpected(file.error());
    const auto attachments = decode::read_attachments(*file);
    if (!attachments) return tl::make_unexpected(attachments.error());
    auto merged = merge_packets(*attachments, {store::kSignallingPcapng, store::kMediaPcapng});
    if (!merged) return tl::make_unexpected(std::move(merged.error()).in(call->file()));
    if (merged->packets.empty()) {
      return failure(call->file() + ": no packets are attached to this call", ErrorKind::kNotFound);
    }
    auto output = FileOutput::create(output_, force_);
    if (!output) return tl::make_unexpected(std::move(output.error()));
    if (auto written = write_capture(*merged, *output); !written) return written;
    if (auto done = output->commit(); !done) return done;
    say_what(*merged, call->record);
    return {};
  }

 private:
  void say_what(const CallPackets& merged, const CallRecord& record) const {
    if (output_ != "-") {
      std::printf("%s: %s\n", output_.c_str(), plural(merged.packets.size(), "packet").c_str());
    }
    const auto& names = merged.attachments;
    const bool has_media =
        std::find(names.begin(), names.end(), store::kMediaPcapng) != names.end();
    if (has_media || record.streams().empty()) return;
    std::fprintf(stderr,
                 "koegura: signalling only: the media of this call is lossless in its audio "
                 "(koegura audio %s)\n",
                 record.id().c_str());
  }

  std::string call_;
  std::string output_;
  std::string reason_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_packets_command() {
  return std::make_unique<PacketsCommand>();
}

}  // namespace koegura::tools
