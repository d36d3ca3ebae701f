#include "remote_archive.h"

#include <doctest/doctest.h>
#include <grp.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>
#include <vector>

#include "archive_access.h"
#include "call_query.h"
#include "fake_recorder.h"
#include "recorder_file.h"
#include "store/ledger.h"
#include "store/user_name.h"

namespace koegura::tools {
namespace {

using std::chrono::seconds;

Session session_of(const std::string& archive) {
  Session session;
  session.archive = archive;
  session.config.socket = "/nowhere/koegura.sock";
  return session;
}

TEST_CASE("a change is made by the recorder, and entered in the name of the user who asks") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const CallRecord record = recorder.put(CallBuilder("call"));
  const auto server = serve(folder, recorder);
  RemoteArchive archive = remote_of(folder);
  ArchiveChange change;
  change.mutable_access()->add_calls(record.id());
  change.mutable_access()->set_action("audio");
  change.mutable_access()->set_reason("R8-123");
  REQUIRE(archive.change(change, "somebody else"));
  change.mutable_access()->set_calls(0, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
  const auto unknown = archive.change(change, "");
  REQUIRE(!unknown);
  CHECK(unknown.error().kind == ErrorKind::kNotFound);
  const auto nothing = archive.change(ArchiveChange(), "");
  REQUIRE(!nothing);
  CHECK(nothing.error().kind == ErrorKind::kUsage);

  const auto ledger = store::Ledger::open(folder / "archive");
  REQUIRE(ledger);
  std::vector<LedgerEntry> entries;
  REQUIRE((*ledger)->for_each(0, [&](const LedgerEntry& entry, std::string_view) {
    if (entry.kind() == "access") entries.push_back(entry);
    return true;
  }));
  REQUIRE(entries.size() == 1);
  CHECK(entries[0].call() == record.id());
  CHECK(entries[0].action() == "audio");
  CHECK(entries[0].reason() == "R8-123");
  CHECK(entries[0].who() == store::user_name(::geteuid()));
}

TEST_CASE("single calls and the summary are those of the folder; writing is refused") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  recorder.put_many(5);
  const CallRecord record = recorder.put(CallBuilder("c1").starting(kMorning + seconds(9)));
  const auto server = serve(folder, recorder);
  RemoteArchive remote = remote_of(folder);

  const auto found = remote.find(record.id().substr(0, 14));
  REQUIRE(found);
  CHECK(store::to_json(*found) == store::to_json(record));
  CHECK(remote.contains(record.id()) == true);
  CHECK(remote.contains("01ZZZZZZZZZZZZZZZZZZZZZZZZ") == false);
  CHECK(remote.file_of(*found) == recorder.archive().file_of(record));
  for (const char* wrong : {"01ZZZZZZ", "x/../y", "0", "01K A%"}) {
    CAPTURE(wrong);
    const auto here = recorder.archive().find(wrong);
    const auto there = remote.find(wrong);
    REQUIRE_FALSE(there);
    CHECK(there.error().message == here.error().message);
    CHECK(there.error().kind == here.error().kind);
  }

  const auto summary = remote.summary();
  const auto expected = recorder.archive().summary();
  REQUIRE(summary);
  CHECK(summary->calls == 6);
  CHECK(summary->oldest == expected->oldest);
  CHECK(summary->newest == expected->newest);
  CHECK(summary->file_bytes == expected->file_bytes);
  CHECK(summary->disk_total_bytes == expected->disk_total_bytes);

  CHECK_FALSE(remote.put(CallBuilder("c2").build()));
}

TEST_CASE("a recorder that ends between two pages is an error, not the end of the list") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  recorder.put_many(1100);
  auto server = serve(folder, recorder);
  const RemoteArchive remote = remote_of(folder);
  int seen = 0;
  const auto done = remote.query({}, [&](const CallRecord& /*record*/) {
    if (++seen == 1) server.reset();
    return true;
  });
  REQUIRE_FALSE(done);
  CHECK(done.error().kind == ErrorKind::kFailed);
  CHECK(seen == 500);
}

TEST_CASE("a copy of a call's file is the file, and has no name") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const CallRecord record = recorder.put(CallBuilder("c1"));
  const auto server = serve(folder, recorder);
  const RemoteArchive remote = remote_of(folder);
  const auto copy = remote.fetch(record, "audio", "R8");
  REQUIRE(copy);
  const std::string content = content_of(recorder.archive().file_of(record));
  CHECK(content_of(*copy) == content);
  CHECK(content_of(*copy) == content);  // each opening reads from the start
  struct stat status {};
  REQUIRE(::stat(copy->c_str(), &status) == 0);
  CHECK(status.st_nlink == 0);
  CHECK((status.st_mode & 0777U) == 0600);
}

// ---- which archive a command gets -----------------------------------------------------------

TEST_CASE("commands find the recorder by its file in the folder, under any path to it") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const CallRecord record = recorder.put(CallBuilder("c1"));
  const auto server = serve(folder, recorder);
  CHECK_FALSE(find_recorder(session_of(folder / "archive")));  // it has not said so yet
  REQUIRE(write_recorder_file(folder / "archive", folder / "run/koegura.sock"));
  std::filesystem::create_directory_symlink(folder / "archive", folder / "link");
  for (const char* path : {"archive", "link", "archive/", "run/../archive"}) {
    CAPTURE(path);
    const auto call = open_call(session_of(folder / path), record.id());
    REQUIRE(call);
    CHECK(call->remote != nullptr);
    CHECK(call->give_file({.action = "audio"}) == call->file());  // root reads the folder itself
  }
}

TEST_CASE("the recorder's file is for owner and group, and only its own process removes it") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const std::string file = folder / "archive/recorder.json";
  REQUIRE(write_recorder_file(folder / "archive", "/run/x.sock"));
  struct stat status {};
  REQUIRE(::stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0640);
  const auto read = read_recorder_file(folder / "archive");
  REQUIRE(read);
  CHECK(read->pid() == ::getpid());
  CHECK(read->socket() == "/run/x.sock");
  write_content(file, R"({"pid": 1, "socket": "/run/x.sock"})");
  remove_recorder_file(folder / "archive");
  CHECK(std::filesystem::exists(file));
  REQUIRE(write_recorder_file(folder / "archive", "/run/x.sock"));
  remove_recorder_file(folder / "archive");
  CHECK_FALSE(std::filesystem::exists(file));
}

TEST_CASE("where the recorder died, the folder is opened, and its trace is told") {
  const TemporaryFolder folder;
  std::string id;
  {
    FakeRecorder recorder(folder / "archive");
    id = recorder.put(CallBuilder("c1")).id();
    REQUIRE(write_recorder_file(folder / "archive", folder / "run/koegura.sock"));
  }
  const auto recorder = find_recorder(session_of(folder / "archive"));
  REQUIRE_FALSE(recorder);
  CHECK(recorder.error().kind == ErrorKind::kNotFound);
  CHECK(recorder.error().message.find("ended without a word") != std::string::npos);
  const auto call = open_call(session_of(folder / "archive"), id);
  REQUIRE(call);
  CHECK(call->remote == nullptr);

  write_content(folder / "archive/recorder.json", "{ half a");
  CHECK(open_for_reading(session_of(folder / "archive")));
}

TEST_CASE("a recorder of another archive is not believed") {
  const TemporaryFolder folder;
  FakeRecorder other(folder / "other");
  const auto server = serve(folder, other);
  std::string id;
  {
    FakeRecorder ours(folder / "archive");
    id = ours.put(CallBuilder("ours")).id();
  }
  REQUIRE(write_recorder_file(folder / "archive", folder / "run/koegura.sock"));
  const auto recorder = find_recorder(session_of(folder / "archive"));
  REQUIRE_FALSE(recorder);
  CHECK(recorder.error().message.find("another archive") != std::string::npos);
  const auto call = open_call(session_of(folder / "archive"), id);
  REQUIRE(call);
  CHECK(call->remote == nullptr);
}

TEST_CASE("a socket whose owner never answers holds nobody up") {
  const TemporaryFolder folder;
  { FakeRecorder ours(folder / "archive"); }
  const auto deaf = ListeningSocket::open(folder / "run/koegura.sock");
  REQUIRE(deaf);
  REQUIRE(write_recorder_file(folder / "archive", folder / "run/koegura.sock"));
  const auto recorder = find_recorder(session_of(folder / "archive"));
  REQUIRE_FALSE(recorder);
  CHECK(recorder.error().kind == ErrorKind::kFailed);
  CHECK(open_for_reading(session_of(folder / "archive")));
}

// Does it as the user nobody: ids belong to the thread, as far as the kernel knows.
template <typename Work>
void as_nobody(const Work& work) {
  std::thread([&] {
    constexpr long kNobody = 65534;
    const bool changed = ::syscall(SYS_setgroups, 0, nullptr) == 0 &&
                         ::syscall(SYS_setresgid, kNobody, kNobody, kNobody) == 0 &&
                         ::syscall(SYS_setresuid, kNobody, kNobody, kNobody) == 0;
    if (changed) work();
    CHECK(changed);
  }).join();
}

TEST_CASE("who may use the socket and not the folder reads calls and their files all the same") {
  if (::getuid() != 0) {
    std::puts("skipped: only root can become another user");
    return;
  }
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const CallRecord record = recorder.put(CallBuilder("c1"));
  const std::string content = content_of(recorder.archive().file_of(record));
  const auto server = serve(folder, recorder);
  REQUIRE(write_recorder_file(folder / "archive", folder / "run/koegura.sock"));
  for (const char* open : {"", "run"}) REQUIRE(::chmod((folder / open).c_str(), 0755) == 0);
  Session session = session_of(folder / "archive");
  session.config.socket = folder / "run/koegura.sock";

  as_nobody([&] {
    const auto refused = open_call(session, record.id());
    CHECK_FALSE(refused);
    if (!refused) CHECK(refused.error().kind == ErrorKind::kNotPermitted);
  });

  REQUIRE(::chmod((folder / "run/koegura.sock").c_str(), 0666) == 0);
  as_nobody([&] {
    const auto call = open_call(session, record.id());
    CHECK(call);
    if (!call) return;
    CHECK(call->file() == recorder.archive().file_of(record));
    const auto file = call->give_file({.action = "audio"});
    CHECK(file);
    CHECK(*file != call->file());
    CHECK(content_of(*file) == content);
  });
}

}  // namespace
}  // namespace koegura::tools
