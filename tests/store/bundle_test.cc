// What a bundle is made of: its manifest, its proofs, and what the archive's key signs of them.
#include "store/bundle.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "archive_with_ledger.h"
#include "archived_line.h"
#include "bag_manifest.h"
#include "bundle_format.h"
#include "checkpoint.h"
#include "ledger_log.h"
#include "sha256.h"
#include "signing_key.h"
#include "store/bundle_audit.h"
#include "tlog_proof.h"

namespace koegura::store {
namespace {

const std::string kHash(64, 'a');

std::vector<std::string> faults_in(const std::string& bundle) {
  std::vector<std::string> faults;
  const std::atomic<bool> stop = false;
  const auto summary = audit_bundle(
      bundle, {.fault = [&](const BundleFault& fault) { faults.push_back(fault.where); },
               .progress = [](std::uint64_t) {},
               .stop = stop});
  REQUIRE(summary);
  CHECK(summary->faults == faults.size());
  CHECK(summary->complete);
  return faults;
}

// An archive, and a bundle of its calls that is to be signed.
struct ExportStory {
  ExportStory() : opened(open(archive.path)) {
    REQUIRE(opened->query({}, [&](const CallRecord& record) {
      records.push_back(record);
      return true;
    }));
    ArchiveChange change;
    for (const CallRecord& record : records) change.mutable_access()->add_calls(record.id());
    change.mutable_access()->set_action("export");
    change.mutable_access()->set_bundle("bundle");
    const auto changed = opened->change(change, "tanaka");
    REQUIRE(changed);
    auto made = BundleWriter::create(stick.path(), "bundle");
    REQUIRE(made);
    writer = std::move(*made);
    for (std::size_t i = 0; i < records.size(); ++i) {
      const int index = static_cast<int>(i);
      REQUIRE(writer->add_call(records[i], opened->file_of(records[i]), changed->archived(index),
                               {.wav = true, .original = true}));
    }
    REQUIRE(writer->add_report("a,b\r\n"));
    auto closed = writer->close_payload({.date = "2026-11-29", .software = "koegura"});
    REQUIRE(closed);
    payload = std::move(*closed);
    payload.set_reason("R8-12");
  }
  [[nodiscard]] Result<ArchiveChanged> sign() const {
    ArchiveChange change;
    *change.mutable_export_bundle() = payload;
    return opened->change(change, "tanaka");
  }
  [[nodiscard]] bool is_refused(ErrorKind kind) const {
    const auto before = entries_of(archive.path, "export").size();
    const auto changed = sign();
    return !changed && changed.error().kind == kind &&
           entries_of(archive.path, "export").size() == before;
  }

  ArchiveWithLedger archive;
  TemporaryFolder stick;
  std::unique_ptr<Archive> opened;
  std::vector<CallRecord> records;
  std::unique_ptr<BundleWriter> writer;
  ExportBundle payload;
};

TEST_CASE("a manifest is read as it is written, and in no other spelling") {
  const std::vector<ManifestLine> lines = {{kHash, "data/a+b_c-d.csv"}, {kHash, "data/b/c.json"}};
  const std::string text = manifest_text({lines[1], lines[0]});
  CHECK(text == kHash + "  data/a+b_c-d.csv\n" + kHash + "  data/b/c.json\n");
  const auto read = parse_manifest(text);
  REQUIRE(read);
  CHECK(*read == lines);
  CHECK(line_of(*read, "data/b/c.json") == &(*read)[1]);
  CHECK(line_of(*read, "data/b") == nullptr);
  CHECK(parse_manifest("")->empty());
  const std::string good = kHash + "  data/a\n";
  for (const std::string& bad :
       {text.substr(0, text.size() - 1), good + good, "\n" + good, kHash + " *data/a\n",
        std::string(64, 'A') + "  data/a\n", kHash + "  /data/a\n", kHash + "  data/../a\n",
        kHash + "  data//a\n", kHash + "  data/a/\n", kHash + "  ./a\n", kHash + "  a%0A\n",
        kHash + "  \n", kHash.substr(1) + "  data/a\n", kHash + "  b\n" + kHash + "  a\n",
        kHash + "  data/\xE3\x81\x82\n", good + "x"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_manifest(bad));
  }
}

TEST_CASE(
    "the archive's key signs a manifest and nothing that is a head, and no head is a manifest") {
  const TemporaryFolder folder;
  const LedgerPaths paths = ledger_of(folder / "archive");
  auto log = LedgerLog::open(paths, true);
  REQUIRE(log);
  const std::string head = content_of(paths.checkpoint());
  const std::string text = head.substr(0, head.find("\n\n") + 1);
  for (const std::string& other : {head, text, std::string(), std::string("\n"), text + kHash}) {
    CAPTURE(other);
    CHECK_FALSE(log->sign_manifest(other));
  }
  const std::string manifest = kHash + "  data/a\n";
  const auto signature = log->sign_manifest(manifest);
  REQUIRE(signature);
  const auto key = VerifyingKey::from_pem(content_of(paths.public_key()));
  REQUIRE(key);
  CHECK(key->verify(manifest, {reinterpret_cast<const char*>(signature->data()), 64}));
  CHECK_FALSE(read_checkpoint(manifest));
  CHECK_FALSE(read_checkpoint(manifest + "\n" + manifest));
}

TEST_CASE("a proof is read as it is written, and holds for its entry, place, path and head alone") {
  const ArchiveWithLedger archive;
  const auto ledger = Ledger::open(archive.path);
  REQUIRE(ledger);
  const auto proof = (*ledger)->prove(archive.id);
  REQUIRE(proof);
  const auto key = VerifyingKey::from_pem(content_of(ledger_of(archive.path).public_key()));
  REQUIRE(key);
  const std::string text = tlog_proof(*proof);
  const auto read = read_tlog_proof(text);
  REQUIRE(read);
  CHECK(read->entry.call() == archive.id);
  CHECK(verify_proof(*read, *key));
  std::size_t refused = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::string changed = text;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto other = read_tlog_proof(changed);
    if (!other || !verify_proof(*other, *key)) ++refused;
  }
  CHECK(refused == text.size());
  for (const std::size_t size : {std::size_t{0}, std::size_t{10}, text.size() - 1}) {
    CHECK_FALSE(read_tlog_proof(text.substr(0, size)).and_then([&](const LedgerProof& cut) {
      return verify_proof(cut, *key);
    }));
  }
}

TEST_CASE("an archived line is read without the parser as it is with it, or not at all") {
  const ArchiveWithLedger archive;
  const std::string entries = content_of(ledger_of(archive.path).entries());
  const std::string line = entries.substr(0, entries.find('\n'));
  const auto read = read_archived_line(line);
  REQUIRE(read);
  const auto entry = parse_entry(line, 0);
  REQUIRE(entry);
  CHECK(read->call == entry->call());
  CHECK(read->file_sha256 == entry->file_sha256());
  CHECK(read->record_sha256 == entry->record_sha256());
  CHECK_FALSE(read->adopted);
  CHECK_FALSE(read_archived_line(line + " "));
  CHECK_FALSE(read_archived_line(line.substr(1)));
  CHECK_FALSE(read_archived_line(entries));
}

TEST_CASE("what is signed is a bundle that verifies, and whose export the ledger tells") {
  ExportStory story;
  const auto proven = story.sign();
  REQUIRE(proven);
  const auto path = story.writer->finish(*proven);
  REQUIRE(path);
  CHECK(*path == story.stick / "bundle");
  CHECK(faults_in(*path).empty());
  const auto entries = entries_of(story.archive.path, "export");
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].who() == "tanaka");
  CHECK(entries[0].manifest_sha256() == hex(sha256(story.payload.manifest())));
  CHECK(all_faults(story.archive.path).empty());
}

TEST_CASE("what is not finished leaves nothing") {
  ExportStory story;
  CHECK(!files_below(story.stick.path()).empty());
  story.writer.reset();
  CHECK(files_below(story.stick.path()).empty());
}

TEST_CASE("a manifest that is not the archive's calls is neither signed nor entered") {
  ExportStory story;
  const ExportBundle good = story.payload;
  const std::string folder = folder_of_call(story.records[0].id()) + "/";
  const auto changed = [&](const std::function<void(std::vector<ManifestLine>&)>& change) {
    auto lines = *parse_manifest(good.manifest());
    change(lines);
    story.payload.set_manifest(manifest_text(lines));
  };
  const auto with_hash = [&](const std::string& path) {
    changed([&](auto& lines) {
      const auto line = std::find_if(lines.begin(), lines.end(),
                                     [&](const ManifestLine& one) { return one.path == path; });
      REQUIRE(line != lines.end());
      line->sha256 = kHash;
    });
  };
  with_hash(folder + "call.json");
  CHECK(story.is_refused(ErrorKind::kVerification));
  with_hash(folder + "original.mka");
  CHECK(story.is_refused(ErrorKind::kVerification));
  changed([&](auto& lines) { lines.push_back({kHash, "data/other.txt"}); });
  CHECK(story.is_refused(ErrorKind::kUsage));
  changed([&](auto& lines) { lines.push_back({kHash, "bagit.txt"}); });
  CHECK(story.is_refused(ErrorKind::kUsage));
  changed([&](auto& lines) {
    lines.push_back({kHash, folder_of_call("01ARZ3NDEKTSV4RRFFQ69G5FAV") + "/audio.flac"});
  });
  CHECK(story.is_refused(ErrorKind::kUsage));
  story.payload = good;
  story.payload.mutable_entries()->RemoveLast();
  CHECK(story.is_refused(ErrorKind::kUsage));
  story.payload = good;
  story.payload.set_entries(0, 1000);
  CHECK(story.is_refused(ErrorKind::kNotFound));
  story.payload = good;
  story.payload.set_manifest("koegura/0123456789abcdef\n1\nAAAA\n");
  CHECK(story.is_refused(ErrorKind::kUsage));
  story.payload = good;
  story.payload.set_reason(std::string(2000, 'x'));
  CHECK(story.is_refused(ErrorKind::kUsage));
  story.payload = good;
  CHECK(story.sign());
}

TEST_CASE(
    "a call whose entry is another's, or whose file has changed, is not taken into a bundle") {
  ArchiveWithLedger archive;
  const auto opened = open(archive.path, OpenMode::kRead);
  const auto record = opened->find(archive.id);
  REQUIRE(record);
  const auto ledger = Ledger::open(archive.path);
  REQUIRE(ledger);
  const auto lines = (*ledger)->archived({archive.id});
  REQUIRE(lines);
  ArchivedCallEntry entry;
  entry.set_sequence(static_cast<std::uint32_t>((*lines)[0].index));
  entry.set_line((*lines)[0].line);
  const TemporaryFolder stick;
  const auto writer = BundleWriter::create(stick.path(), "bundle");
  REQUIRE(writer);
  const auto kind_of = [&](const ArchivedCallEntry& told) {
    const auto added = (*writer)->add_call(*record, archive.file, told, {});
    return added ? ErrorKind::kFailed : added.error().kind;
  };
  ArchivedCallEntry other = entry;
  other.set_sequence(entry.sequence() + 1);
  CHECK(kind_of(other) == ErrorKind::kVerification);
  std::string bytes = content_of(archive.file);
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  write_content(archive.file, bytes);
  CHECK(kind_of(entry) == ErrorKind::kVerification);
  std::filesystem::remove(archive.file);
  CHECK(kind_of(entry) == ErrorKind::kVerification);
  CHECK(files_below(stick.path()).empty());
}

}  // namespace
}  // namespace koegura::store
