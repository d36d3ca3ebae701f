// A reader beside a writer of another process. The writer is forked before anything here has
// threads.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call_builder.h"
#include "store/archive.h"
#include "temporary_folder.h"

namespace koegura::store {
namespace {

// One step of the other process at a time, told through a pipe and answered through another.
class Pipe {
 public:
  Pipe() { REQUIRE(::pipe(ends_) == 0); }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  ~Pipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  void tell() { REQUIRE(::write(ends_[1], "x", 1) == 1); }
  void wait() {
    char byte = 0;
    REQUIRE(::read(ends_[0], &byte, 1) == 1);
  }

 private:
  int ends_[2]{};
};

int write_calls(const std::string& directory, Pipe& go, Pipe& done) {
  const auto archive = Archive::open(directory, OpenMode::kWrite, {});
  if (!archive) return 1;
  for (int i = 0; i < 2; ++i) {
    go.wait();
    CallBuilder call("c" + std::to_string(i));
    if (!(*archive)->put(call.build())) return 2;
    done.tell();
  }
  go.wait();
  ::_exit(0);  // as killed: nothing is flushed or closed
}

TEST_CASE("a reader sees what another process archives, also after that was killed") {
  const TemporaryFolder folder;
  Pipe go;
  Pipe done;
  const pid_t writer = ::fork();
  REQUIRE(writer >= 0);
  if (writer == 0) ::_exit(write_calls(folder / "archive", go, done));

  go.tell();
  done.wait();
  const auto reader = Archive::open(folder / "archive", OpenMode::kRead, {});
  if (!reader) FAIL(reader.error().message);
  CHECK((*reader)->summary()->calls == 1);
  go.tell();
  done.wait();
  CHECK((*reader)->summary()->calls == 2);

  const auto second = Archive::open(folder / "archive", OpenMode::kWrite, {});
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("locked by another process (" + std::to_string(writer) + ")") !=
        std::string::npos);

  go.tell();
  int status = 0;
  REQUIRE(::waitpid(writer, &status, 0) == writer);
  CHECK(status == 0);
  CHECK((*reader)->summary()->calls == 2);
  const auto after = Archive::open(folder / "archive", OpenMode::kWrite, {});
  if (!after) FAIL(after.error().message);
  CHECK((*after)->summary()->calls == 2);
}

}  // namespace
}  // namespace koegura::store
