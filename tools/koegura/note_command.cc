// koegura note: a remark or a tag on a call.
#include <string>
#include <vector>

#include "archive_access.h"
#include "command.h"
#include "store/notes.h"

namespace koegura::tools {

namespace {

class NoteCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("CALL", "", call_, "the call's id, or its beginning (6 characters or more)");
    options.required();
    options.texts("TEXT", "", words_, "the remark, in quotes; words that begin with # are tags");
  }

  Result<void> run(const Session& session) override {
    // Before anything is opened; the archive looks again.
    auto text = store::note_text(text_of_words());
    if (!text) {
      if (words_.empty()) {
        text.error().message += ": write TEXT in quotes, as a shell reads '#' as its own remark";
      }
      return tl::make_unexpected(std::move(text.error()));
    }
    auto archive = open_for_changing(session);
    if (!archive) return tl::make_unexpected(std::move(archive.error()));
    const auto call = (*archive)->find(call_);
    if (!call) return tl::make_unexpected(call.error());
    ArchiveChange change;
    change.mutable_note()->set_call(call->id());
    change.mutable_note()->set_text(*text);
    const auto changed = (*archive)->change(change, "");
    return changed ? Result<void>() : tl::make_unexpected(changed.error());
  }

 private:
  [[nodiscard]] std::string text_of_words() const {
    std::string text;
    for (const std::string& word : words_) text += (text.empty() ? "" : " ") + word;
    return text;
  }

  std::string call_;
  std::vector<std::string> words_;
};

}  // namespace

std::unique_ptr<Command> make_note_command() {
  return std::make_unique<NoteCommand>();
}

}  // namespace koegura::tools
