// DIR/directory.csv: imported beside a writer, read anew when it changed, never in the way.
#include "store/directory_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>

#include "call_builder.h"
#include "current_directory.h"
#include "store/archive.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

const std::string kHeading = "number,department,person,valid_from,valid_to\n";
const ArchiveOptions kUnsynced = {.region = "JP", .internal_numbers = {}, .sync = false};

// An archive whose writer stays, as a recorder's does.
class Recording {
 public:
  Recording() {
    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
    auto archive = Archive::open(path(), OpenMode::kWrite, kUnsynced);
    if (!archive) FAIL(archive.error().message);
    archive_ = std::move(*archive);
  }
  [[nodiscard]] std::string path() const { return folder_ / "archive"; }
  [[nodiscard]] Archive& archive() { return *archive_; }

  Result<DirectoryImport> import(const std::string& rows, bool dry_run = false) {
    DirectoryImportOptions options;
    options.today = *parse_day("2026-04-01");
    options.dry_run = dry_run;
    told_.clear();
    return import_directory(path(), {"staff.csv", kHeading + rows}, options,
                            [&](const DirectoryFault& fault) { told_.push_back(fault); });
  }
  // As the record keeps it.
  std::string callee_of(const std::string& call_id) {
    const auto added = archive_->put(CallBuilder(call_id).to("2301").build());
    REQUIRE(added);
    const auto record = archive_->find(added->id);
    REQUIRE(record);
    return record->callee().person();
  }
  [[nodiscard]] const std::vector<DirectoryFault>& told() const { return told_; }
  void damage() { write_content(directory_path(path()), "number,person\n2301\n"); }

 private:
  TemporaryFolder folder_;
  std::unique_ptr<Archive> archive_;
  std::vector<DirectoryFault> told_;
};

TEST_CASE("a call is archived with the names of the directory as it is then") {
  Recording recording;
  CHECK(recording.callee_of("1").empty());
  REQUIRE(recording.import("2301,水道課,山田,,\n"));
  CHECK(recording.callee_of("2") == "山田");
  REQUIRE(recording.import("2301,水道課,佐藤,2026-04-01,\n"));
  CHECK(recording.callee_of("3") == "佐藤");  // in November
  CHECK(recording.callee_of("2") == "山田");  // was there already: history is not rewritten
}

TEST_CASE("reindex keeps the names that the calls have") {
  std::string id;
  TemporaryFolder folder;
  {
    auto archive = Archive::open(folder / "archive", OpenMode::kWrite, kUnsynced);
    REQUIRE(archive);
    DirectoryImportOptions options;
    options.today = *parse_day("2026-04-01");
    REQUIRE(import_directory(folder / "archive", {"a.csv", kHeading + "2301,水道課,山田,,\n"},
                             options, [](const DirectoryFault&) {}));
    id = (*archive)->put(CallBuilder("1").build())->id;
    REQUIRE(import_directory(folder / "archive",
                             {"a.csv", kHeading + "2301,税務課,佐藤,2026-04-01,\n"}, options,
                             [](const DirectoryFault&) {}));
  }
  REQUIRE(reindex(
      folder / "archive", kUnsynced, [](const auto&, const auto&) {}, [](auto, auto) {}));
  const auto archive = Archive::open(folder / "archive", OpenMode::kRead, {});
  REQUIRE(archive);
  CHECK((*archive)->find(id)->callee().person() == "山田");
  CHECK((*archive)->find(id)->direction() == "in");
  const auto found = [&](const CallFilter& filter) {
    int calls = 0;
    REQUIRE((*archive)->query(filter, [&](const CallRecord&) { return ++calls > 0; }));
    return calls;
  };
  CallFilter by_person;
  by_person.person = "山　田";
  CHECK(found(by_person) == 1);
  by_person.person = "佐藤";
  CHECK(found(by_person) == 0);
  CallFilter by_department;
  by_department.department = "水道課";
  CHECK(found(by_department) == 1);
  by_department.department = "税務課";
  CHECK(found(by_department) == 0);
}

TEST_CASE("with a bad row nothing is imported, and the row is told") {
  Recording recording;
  REQUIRE(recording.import("2301,水道課,山田,,\n"));
  const std::string before = content_of(directory_path(recording.path()));
  const auto refused = recording.import("2302,水道課,佐藤,,\n2303,,,,\n");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message == "staff.csv: 1 fault: nothing is imported");
  REQUIRE(recording.told().size() == 1);
  CHECK(recording.told()[0].line == 3);
  CHECK(content_of(directory_path(recording.path())) == before);
}

TEST_CASE("a dry run says what would change and writes nothing") {
  Recording recording;
  const auto import = recording.import("2301,水道課,山田,,\n", true);
  REQUIRE(import);
  CHECK(import->added == 1);
  CHECK_FALSE(std::filesystem::exists(directory_path(recording.path())));
}

TEST_CASE("the file is for the owner and the group, and no other is left beside it") {
  Recording recording;
  REQUIRE(recording.import("2301,水道課,山田,,\n"));
  struct stat status {};
  REQUIRE(::stat(directory_path(recording.path()).c_str(), &status) == 0);
  CHECK((status.st_mode & 07777U) == 0640);
  for (const std::string& file : files_below(recording.path())) {
    CHECK_FALSE(file.starts_with("directory.csv."));
  }
  CHECK(content_of(directory_path(recording.path())) == kHeading + "2301,水道課,山田,,\n");
}

TEST_CASE(
    "a file that cannot be read stops nobody: the last good one stays in use, until it is well") {
  Recording recording;
  REQUIRE(recording.import("2301,水道課,山田,,\n"));
  CHECK(recording.callee_of("1") == "山田");
  CHECK(recording.archive().summary()->directory_problem.empty());
  recording.damage();
  CHECK(recording.callee_of("2") == "山田");
  const std::string problem = recording.archive().summary()->directory_problem;
  CHECK(problem == directory_path(recording.path()) + " cannot be read, line 2");
  const auto listed = read_directory(recording.path(), "JP");
  REQUIRE_FALSE(listed);
  CHECK(listed.error().message.starts_with(directory_path(recording.path()) + ":2: "));
  CHECK_FALSE(recording.import("2302,水道課,佐藤,,\n"));  // what it would add to is not known
  write_content(directory_path(recording.path()), kHeading + "2301,水道課,鈴木,,\n");
  CHECK(recording.callee_of("3") == "鈴木");
  CHECK(recording.archive().summary()->directory_problem.empty());
}

TEST_CASE("without the file there is no directory, and nothing is wrong") {
  Recording recording;
  CHECK(recording.archive().summary()->directory_problem.empty());
  CHECK(read_directory(recording.path(), "JP")->empty());
  REQUIRE(recording.import("2301,水道課,山田,,\n"));
  CHECK(recording.callee_of("1") == "山田");
  REQUIRE(::unlink(directory_path(recording.path()).c_str()) == 0);
  CHECK(recording.callee_of("2").empty());
}

TEST_CASE("many imports at once: each one's rows are there") {
  Recording recording;
  constexpr int kImports = 8;
  std::vector<pid_t> processes;
  for (int i = 0; i < kImports; ++i) {
    const pid_t process = ::fork();
    REQUIRE(process >= 0);
    if (process == 0) {
      const auto done = recording.import("24" + std::to_string(10 + i) + ",水道課,山田,,\n");
      ::_exit(done && done->added == 1 ? 0 : 1);
    }
    processes.push_back(process);
  }
  for (const pid_t process : processes) {
    int status = -1;
    REQUIRE(::waitpid(process, &status, 0) == process);
    CHECK(status == 0);
  }
  CHECK(read_directory(recording.path(), "JP")->size() == kImports);
}

TEST_CASE("a folder that is no archive gets no directory") {
  const TemporaryFolder folder;
  const auto refused = import_directory(folder.path(), {"a.csv", kHeading + "1,a,b,,\n"}, {},
                                        [](const DirectoryFault&) {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("not an archive") != std::string::npos);
  CHECK(files_below(folder.path()).empty());
}

TEST_CASE("a file larger than any directory is refused before it is in memory") {
  const auto refused = read_directory_text("/dev/zero");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("/dev/zero is larger than") != std::string::npos);
  CHECK_FALSE(read_directory_text("/nowhere/staff.csv"));
}

}  // namespace
}  // namespace koegura::store
