// What may stand in DIR/ledger, whoever wrote it. Input: a byte that says what it is: 0 a head, 1 a
// line, 2 the file of entries, 3 its leaves beside one good entry; then the file. What is read is
// read again the same; a start refuses or comes to a ledger that an audit finds whole but for what
// was signed.
#include <stdlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "archived_line.h"
#include "checkpoint.h"
#include "ledger_format.h"
#include "ledger_log.h"
#include "store/ledger_audit.h"

namespace {

using koegura::LedgerEntry;
using namespace koegura::store;

void check(bool is_so) {
  if (!is_so) std::abort();
}

const SigningKey& key() {
  static const auto made = SigningKey::generate();
  check(made.has_value());
  return *made;
}

void check_head(std::string_view note) {
  const auto checkpoint = read_checkpoint(note);
  const auto shown = key().public_half();
  check(shown.has_value());
  check(!verify_checkpoint(note, *shown));  // nobody can have signed it
  if (!checkpoint) return;
  const auto again = sign_checkpoint({origin_of(*shown), checkpoint->tree}, key());
  check(again.has_value());
  check(verify_checkpoint(*again, *shown)->tree == checkpoint->tree);
}

// What is read without the parser is what it reads.
void check_archived(std::string_view line) {
  const auto archived = read_archived_line(line);
  if (!archived) return;
  const auto entry = parse_entry(line, archived->sequence);
  check(entry && entry->kind() == kArchivedEntry && entry->call() == archived->call &&
        entry->file_sha256() == archived->file_sha256 &&
        entry->record_sha256() == archived->record_sha256 && entry->adopted() == archived->adopted);
}

void check_line(std::string_view line) {
  check_archived(line);
  const auto entry = parse_entry(line, 0);
  if (!entry) return;
  const auto written = entry_line(*entry);
  if (!written) return;
  const auto again = parse_entry(std::string_view(*written).substr(0, written->size() - 1), 0);
  check(again && again->SerializeAsString() == entry->SerializeAsString());
}

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "koegura-XXXXXX").string();
    check(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// One ledger for all inputs: its key, and its head of nothing.
const Folder& folder() {
  static const Folder made;
  return made;
}

void write(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

void check_files(std::string_view entries, std::string_view leaves) {
  const LedgerPaths paths = ledger_of(folder().path());
  if (!std::filesystem::exists(paths.checkpoint())) check(LedgerLog::open(paths, true).has_value());
  write(paths.entries(), entries);
  write(paths.leaves(), leaves);
  {
    auto log = LedgerLog::open(paths, true);
    if (!log) return;
    std::vector<LedgerEntry> more(1);
    more[0].set_kind("stop");
    check(log->append(more).has_value());
    check(more[0].sequence() + 1 == log->size());
  }
  const auto audit =
      LedgerAudit::read(folder().path(), {}, [](const LedgerFault&) { std::abort(); });
  check(audit.has_value());
  check((*audit)->entries() > 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string good = "{\"sequence\":0,\"kind\":\"start\"}\n";
  switch (data[0] % 4) {
    case 0:
      check_head(file);
      break;
    case 1:
      check_line(file);
      break;
    case 2:
      check_files(file, {});
      break;
    default:
      check_files(good, file);
  }
  return 0;
}
