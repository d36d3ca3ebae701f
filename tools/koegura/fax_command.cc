// koegura fax: the pages of a call's faxes as a TIFF.
#include <cstdio>

#include "archive_access.h"
#include "command.h"
#include "decode/matroska.h"
#include "file_output.h"
#include "quantity_text.h"
#include "store/attachment_names.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

// Why there are none, as well as the record knows.
std::string why_no_pages(const CallRecord& record) {
  if (!record.has_fax()) return "no fax (T.38) was sent in this call";
  if (record.fax().faxes().empty()) return "no fax machine was heard in the T.38 of this call";
  return printable(record.fax().faxes(0).result());
}

class FaxCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("CALL", "", call_, "the call's id, or its beginning (6 characters or more)");
    options.required();
    options.text("--output,-o", "FILE", output_,
                 "where to [ID.tiff in this folder]; '-' is stdout");
    options.text("--reason", "R", reason_, "why it is wanted: it stands in the ledger for good");
    options.flag("--force", force_, "overwrite the file if it exists");
  }

  Result<void> run(const Session& session) override {
    auto call = open_call(session, call_, "fax");
    if (!call) return tl::make_unexpected(std::move(call.error()));
    const auto file = call->give_file({.action = "fax", .reason = reason_});
    if (!file) return tl::make_unexpected(file.error());
    const auto attachments = decode::read_attachments(*file);
    if (!attachments) return tl::make_unexpected(attachments.error());
    for (const decode::Attachment& attachment : *attachments) {
      if (attachment.name == store::kFaxTiff) return write(call->record, attachment.bytes);
    }
    return failure(call->file() + ": " + why_no_pages(call->record), ErrorKind::kNotFound);
  }

 private:
  Result<void> write(const CallRecord& record, capture::Bytes tiff) const {
    const std::string path = output_.empty() ? record.id() + ".tiff" : output_;
    auto output = FileOutput::create(path, force_);
    if (!output) return tl::make_unexpected(std::move(output.error()));
    if (auto written = output->write(capture::as_text(tiff)); !written) return written;
    if (auto done = output->commit(); !done) return done;
    if (path != "-") {
      std::printf("%s: %s\n", path.c_str(), plural(record.fax().tiff_pages(), "page").c_str());
    }
    return {};
  }

  std::string call_;
  std::string output_;
  std::string reason_;
  bool force_ = false;
};

}  // namespace

std::unique_ptr<Command> make_fax_command() {
  return std::make_unique<FaxCommand>();
}

}  // namespace koegura::tools
