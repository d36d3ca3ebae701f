#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include "../wait_until.h"
#include "api_answer.h"
#include "api_client.h"
#include "api_socket.h"
#include "fake_recorder.h"
#include "json.h"

namespace koegura::tools {
namespace {

using koegura::test::wait_until;
using std::chrono::milliseconds;

std::unique_ptr<ApiClient> client_of(const TemporaryFolder& folder) {
  auto client = ApiClient::connect(folder / "run/koegura.sock");
  if (!client) FAIL(client.error().message);
  return std::move(*client);
}

// What no ApiClient would send.
class RawClient {
 public:
  explicit RawClient(const TemporaryFolder& folder) {
    auto socket = connect_to(folder / "run/koegura.sock");
    if (!socket) FAIL(socket.error().message);
    socket_ = std::move(*socket);
    set_patience(socket_, std::chrono::seconds(20));
  }
  RawClient& say(const std::string& text) {
    (void)::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    return *this;
  }
  RawClient& end() {
    REQUIRE(::shutdown(socket_.get(), SHUT_WR) == 0);
    return *this;
  }
  // Asked without taking anything.
  [[nodiscard]] bool is_hung_up() const {
    pollfd state{.fd = socket_.get(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&state, 1, 0) == 1;
  }
  // At most this many bytes; fewer if the server hangs up.
  std::string read(std::size_t most = SIZE_MAX) {
    std::string text;
    char part[4096];
    while (text.size() < most) {
      const ssize_t got =
          ::recv(socket_.get(), part, std::min(sizeof(part), most - text.size()), 0);
      const bool was_cut = got < 0 && errno == ECONNRESET;
      if (got == 0 || was_cut) break;
      REQUIRE(got > 0);
      text.append(part, static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  Descriptor socket_;
};

template <typename Message>
Message parsed(const Result<std::string>& json) {
  if (!json) FAIL(json.error().message);
  Message message;
  REQUIRE(parse_json(*json, message));
  return message;
}

bool answers(ApiClient& client) {
  return client.get("/v1/top").has_value();
}

// A call whose file is too large for any buffer between two processes.
CallRecord put_large(FakeRecorder& recorder) {
  CallRecord record = recorder.put(CallBuilder("large"));
  std::ofstream file(recorder.archive().file_of(record), std::ios::app | std::ios::binary);
  const std::string block(1U << 20U, 'x');
  for (int i = 0; i < 16; ++i) file << block;
  REQUIRE(file.flush().good());
  return record;
}

TEST_CASE("the recorder says which folder is its own, and knows who asks") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const auto server = serve(folder, recorder);
  const auto answer = parsed<RecorderFile>(client_of(folder)->get("/v1/recorder"));
  struct stat status {};
  REQUIRE(::stat(recorder.directory().c_str(), &status) == 0);
  CHECK(answer.device() == status.st_dev);
  CHECK(answer.inode() == status.st_ino);
  CHECK(answer.peer().uid() == ::getuid());
  CHECK(answer.peer().gid() == ::getgid());
  CHECK(answer.peer().pid() == ::getpid());
}

TEST_CASE("a call is there for clients as soon as it is archived") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const auto server = serve(folder, recorder);
  const auto client = client_of(folder);
  CHECK(parsed<Status>(client->get("/v1/status")).calls() == 0);
  const CallRecord record = recorder.put(CallBuilder("c1"));
  CHECK(parsed<Status>(client->get("/v1/status")).calls() == 1);
  CHECK(client->get("/v1/calls/" + record.id()) == store::to_json(record) + "\n");
  CHECK(client->get("/v1/calls") == store::to_json(record) + "\n");
}

TEST_CASE("what cannot be answered is refused with a reason and the kind of its error") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const auto server = serve(folder, recorder);
  const auto client = client_of(folder);
  const auto error_to = [&](const std::string& target) {
    const auto answer = client->get(target);
    REQUIRE_FALSE(answer);
    return answer.error();
  };
  CHECK(error_to("/v1/calls/01ZZZZZZZZ").kind == ErrorKind::kNotFound);
  CHECK(error_to("/v1/calls/01").kind == ErrorKind::kUsage);
  CHECK(error_to("/v1/calls/").kind == ErrorKind::kUsage);
  CHECK(error_to("/v1/calls/%2").kind == ErrorKind::kUsage);
  CHECK(error_to("/v1/calls?from=sometime").message.starts_with("from: "));
  CHECK(error_to("/v1/calls?limit=-1").kind == ErrorKind::kUsage);
  CHECK(error_to("/v1/calls?nmber=1").message.find("not one of from, to") != std::string::npos);
  CHECK(error_to("/v2/status").kind == ErrorKind::kFailed);
  CHECK(answers(*client));  // over the same connection
}

TEST_CASE("paths that are not there are 404, methods that are not there 405") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const auto server = serve(folder, recorder);
  const auto answer_to = [&](const std::string& start) {
    return RawClient(folder).say(start + " HTTP/1.1\r\nConnection: close\r\n\r\n").read();
  };
  CHECK(answer_to("GET /v1/status").starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer_to("GET /").starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(answer_to("GET /v1/callsX").starts_with("HTTP/1.1 404 Not Found\r\n"));
  const std::string refused = answer_to("DELETE /v1/calls");
  CHECK(refused.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  CHECK(refused.find("\r\nAllow: GET\r\n") != std::string::npos);
  const std::string other = answer_to("GET /v1/change");
  CHECK(other.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"));
  CHECK(other.find("\r\nAllow: POST\r\n") != std::string::npos);
}

TEST_CASE("what is no request is told so, and hung up on") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const auto server = serve(folder, recorder);
  const auto other = client_of(folder);
  REQUIRE(answers(*other));
  CHECK(
      RawClient(folder).say("\x16\x03\x01\x02 hello\r\n\r\n").read().starts_with("HTTP/1.1 400 "));
  CHECK(RawClient(folder)
            .say("GET /v1/top HTTP/1.1\r\nno colon\r\n\r\n")
            .read()
            .starts_with("HTTP/1.1 400 "));
  CHECK(RawClient(folder).say("GET /v1/top HT").end().read().starts_with("HTTP/1.1 400 "));
  CHECK(RawClient(folder).end().read().empty());
  const std::string large = "GET /v1/top HTTP/1.1\r\nX: " + std::string(9000, 'x') + "\r\n\r\n";
  CHECK(RawClient(folder).say(large).read().starts_with("HTTP/1.1 431 "));
  const std::string body = "POST /v1/change HTTP/1.1\r\nContent-Length: 20000000\r\n\r\n";
  CHECK(RawClient(folder).say(body).read().starts_with("HTTP/1.1 413 "));
  CHECK(answers(*other));
}

TEST_CASE("a client that says nothing, or half a request, is dropped") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const auto server = serve(folder, recorder, {.timeout = milliseconds(200)});
  RawClient silent(folder);
  RawClient half(folder);
  half.say("GET /v1/top HTTP/1.1\r\nHo");
  CHECK(answers(*client_of(folder)));
  CHECK(silent.read().empty());
  CHECK(half.read().empty());
}

TEST_CASE("a client that takes nothing is dropped, and nobody waits for it") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const CallRecord record = put_large(recorder);
  const auto server = serve(folder, recorder, {.max_connections = 9, .timeout = milliseconds(500)});
  std::vector<RawClient> slow;
  for (int i = 0; i < 8; ++i) {
    slow.emplace_back(folder).say("GET /v1/calls/" + record.id() + "/file HTTP/1.1\r\n\r\n");
    CHECK(slow.back().read(100).size() == 100);
  }
  CHECK(client_of(folder)->get("/v1/calls"));
  for (RawClient& client : slow) {
    wait_until([&] { return client.is_hung_up(); });
    CHECK(client.read().size() < 16U << 20U);
  }
}

TEST_CASE("a client that vanishes in the middle of a file leaves nothing behind") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const CallRecord record = put_large(recorder);
  const auto server = serve(folder, recorder, {.max_connections = 2});
  for (int i = 0; i < 20; ++i) {
    // Until the server has noticed the last one, it turns this one away.
    wait_until([&] {
      RawClient client(folder);
      client.say("GET /v1/calls/" + record.id() + "/file HTTP/1.1\r\n\r\n");
      return client.read(20).starts_with("HTTP/1.1 200 OK");
    });
  }
  wait_until([&] {
    const auto size = client_of(folder)->get("/v1/calls/" + record.id() + "/file");
    return size && size->size() > 16U << 20U;
  });
}

TEST_CASE("a file comes as it is on the disk") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const CallRecord record = put_large(recorder);
  const auto server = serve(folder, recorder);
  const auto client = client_of(folder);
  const std::string content = content_of(recorder.archive().file_of(record));
  CHECK(client->get("/v1/calls/" + record.id() + "/file") == content);
  std::filesystem::remove(recorder.archive().file_of(record));
  const auto gone = client->get("/v1/calls/" + record.id() + "/file");
  REQUIRE_FALSE(gone);
  CHECK(gone.error().message.find("No such file") != std::string::npos);
}

TEST_CASE("a hundred clients at once each get their answers") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  recorder.put_many(50);
  const auto server = serve(folder, recorder);
  const auto expected = client_of(folder)->get("/v1/calls");
  REQUIRE(expected);
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 100; ++i) {
    threads.emplace_back([&] {
      const auto client = ApiClient::connect(folder / "run/koegura.sock");
      for (int ask = 0; client && ask < 5; ++ask) {
        const bool top = answers(**client);
        if (top && (*client)->get("/v1/calls") == *expected) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(right == 500);
}

TEST_CASE("one client too many is told so") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const auto server = serve(folder, recorder, {.max_connections = 1});
  const auto first = client_of(folder);
  REQUIRE(answers(*first));
  const auto refused = client_of(folder)->get("/v1/top");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("too many clients") != std::string::npos);
  CHECK(answers(*first));
}

TEST_CASE("a connection that was dropped between two requests is made anew") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const auto server = serve(folder, recorder, {.timeout = milliseconds(50)});
  const auto client = client_of(folder);
  REQUIRE(answers(*client));
  RawClient later(folder);  // dropped no sooner than the client
  CHECK(later.read().empty());
  CHECK(answers(*client));
}

TEST_CASE("a list longer than a part comes whole, in chunks or until the server hangs up") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  recorder.put_many(900);
  const auto server = serve(folder, recorder);
  const auto direct = client_of(folder)->get("/v1/calls");
  REQUIRE(direct);
  CHECK(std::count(direct->begin(), direct->end(), '\n') == 900);
  CHECK(direct->size() > 2 * (256U << 10U));
  const std::string old = RawClient(folder).say("GET /v1/calls HTTP/1.0\r\n\r\n").read();
  CHECK(old.ends_with("\r\n\r\n" + *direct));
  const auto page = client_of(folder)->get("/v1/records");  // in parts too, and one message
  CallPage records;
  REQUIRE(records.ParseFromString(page.value_or("")));
  std::string lines;
  for (const CallRecord& record : records.calls()) lines += store::to_json(record) + '\n';
  CHECK(lines == *direct);
  const auto part = client_of(folder)->get("/v1/calls?limit=700&reverse=true");
  REQUIRE(part);
  CHECK(std::count(part->begin(), part->end(), '\n') == 700);
}

TEST_CASE("the socket is for owner and group, and goes with the server") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const std::string path = folder / "run/koegura.sock";
  auto server = serve(folder, recorder);
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0660);
  REQUIRE(::stat((folder / "run").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0750);
  server.reset();
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a dead recorder's socket is taken over; what is alive, or no socket, is not") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const std::string path = folder / "run/koegura.sock";
  {
    auto dead = ListeningSocket::open(path);
    REQUIRE(dead);
    std::filesystem::create_hard_link(path, folder / "left");
  }
  std::filesystem::rename(folder / "left", path);
  const auto server = serve(folder, recorder);
  CHECK(answers(*client_of(folder)));

  const auto second = ApiServer::start(path, recorder, {});
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("another recorder") != std::string::npos);
  CHECK(answers(*client_of(folder)));

  write_content(folder / "file", "mine");
  CHECK_FALSE(ApiServer::start(folder / "file", recorder, {}));
  CHECK(content_of(folder / "file") == "mine");
  CHECK_FALSE(ApiServer::start(folder / std::string(200, 'x'), recorder, {}));
}

TEST_CASE("the server stops while clients are connected and answers are on their way") {
  const TemporaryFolder folder;
  FakeRecorder recorder(folder / "archive");
  const CallRecord record = put_large(recorder);
  auto server = serve(folder, recorder);
  RawClient idle(folder);
  RawClient busy(folder);
  busy.say("GET /v1/calls/" + record.id() + "/file HTTP/1.1\r\n\r\n");
  CHECK(busy.read(100).size() == 100);
  server.reset();
  CHECK(idle.read().empty());
  CHECK(busy.read().size() < 16U << 20U);
  CHECK_FALSE(ApiClient::connect(folder / "run/koegura.sock"));
}

}  // namespace
}  // namespace koegura::tools
