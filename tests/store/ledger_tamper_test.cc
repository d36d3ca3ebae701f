// An archive that somebody changed behind the ledger's back: found, and named.
#include <doctest/doctest.h>

#include <filesystem>

#include "archive_with_ledger.h"
#include "call_file.h"
#include "record.h"

namespace koegura::store {
namespace {

namespace fs = std::filesystem;

TEST_CASE("a call's file that is changed, exchanged, gone or new is found and named") {
  const ArchiveWithLedger archive;
  std::string what;
  SUBCASE("a byte that nothing in the file guards") {
    std::string content = content_of(archive.file);
    content[4] ^= 1;
    write_content(archive.file, content);
    what = archive.id + ": ";
  }
  SUBCASE("another whole file of the same call") {
    CallBuilder call("c1");
    call.starting(kMorning + std::chrono::seconds(1)).lasting(std::chrono::seconds(5));
    const decode::RenderedCall other = call.build();
    archive.inside([&](const ArchiveFolder& folder, Index& index) {
      CallRecord record = make_record(other, {});
      REQUIRE(record.id() == archive.id);
      record.mutable_audio()->set_path(call_file_path(other.call, record.id()));
      REQUIRE(write_call_file(folder, other, record, /*sync=*/true));
      REQUIRE(index.add(record, 1));
    });
    what = archive.id + ": its file is not what was archived: the SHA-256 differs from entry 1";
  }
  SUBCASE("gone, with its row") {
    fs::remove(archive.file);
    REQUIRE(reindex(
        archive.path, {}, [](const std::string&, const Error&) {}, [](auto, auto) {}));
    what = "call " + archive.id + ": it is missing: entry 1 of the ledger";
  }
  SUBCASE("new, with its row") {
    archive.inside([&](const ArchiveFolder& folder, Index& index) {
      const decode::RenderedCall call = numbered(3);
      CallRecord record = make_record(call, {});
      record.mutable_audio()->set_path(call_file_path(call.call, record.id()));
      REQUIRE(write_call_file(folder, call, record, /*sync=*/true));
      REQUIRE(index.add(record, 1));
      what = "call " + record.id() + ": it is in the archive, and not in the ledger";
    });
  }
  SUBCASE("the record in the index") {
    archive.inside([&](const ArchiveFolder&, Index& index) {
      CallRecord record = **index.get(*Ulid::parse(archive.id));
      record.mutable_caller()->set_number("+81699999999");
      REQUIRE(index.add(record, 1));
    });
    what = archive.id + ": its call.json and the index tell different things";
  }
  const Faults faults = all_faults(archive.path);
  REQUIRE(faults.size() == 1);
  CAPTURE(faults[0]);
  CHECK(faults[0].starts_with(what));
}

TEST_CASE("a head that was kept is a part of all that came later") {
  const ArchiveWithLedger archive;
  const std::string kept = (*Ledger::open(archive.path))->head()->note;
  {
    const auto writer = open(archive.path);
    for (int i = 2; i < 6; ++i) REQUIRE(writer->put(numbered(i)));
  }
  CHECK(all_faults(archive.path, kept) == Faults());
  // All anew, as if nothing had been: whole in itself.
  fs::remove_all(archive.path + "/ledger");
  open(archive.path);
  CHECK(all_faults(archive.path) == Faults());
  const Faults faults = all_faults(archive.path, kept);
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].starts_with("the head kept: it is not signed with this ledger's key"));
}

}  // namespace
}  // namespace koegura::store
