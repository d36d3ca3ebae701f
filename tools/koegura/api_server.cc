#include "api_server.h"

#include <sys/socket.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <thread>

#include "api_answer.h"
#include "api_socket.h"

namespace koegura::tools {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Protocol = asio::local::stream_protocol;
using ErrorCode = boost::system::error_code;

constexpr std::uint32_t kMostHeader = 8U << 10U;
constexpr std::uint64_t kMostBody = 8U << 20U;  // of a request: a bundle's manifest
constexpr std::size_t kMostBuffered = 16U << 10U;
constexpr std::size_t kWalkers = 2;
constexpr auto kAcceptAgain = std::chrono::milliseconds(100);
constexpr auto kBeatEvery = std::chrono::seconds(1);
constexpr unsigned kHttp11 = 11;

// What the connections share. Outlives them all.
struct Shared {
  Shared(ApiContext asked, const ApiOptions& chosen)
      : context(std::move(asked)), options(chosen), views(1), walks(kWalkers) {}

  ApiContext context;
  ApiOptions options;
  std::atomic<std::size_t> connections = 0;
  asio::io_context io{1};
  asio::thread_pool views;
  asio::thread_pool walks;
};

// read, answer, write, and again. It lives as long as one of them is under way.
class ApiConnection : public std::enable_shared_from_this<ApiConnection> {
 public:
  ApiConnection(Shared& shared, Protocol::socket socket, const ApiPeer& peer)
      : shared_(shared), stream_(std::move(socket)), peer_(peer) {
    ++shared_.connections;
  }
  ApiConnection(const ApiConnection&) = delete;
  ApiConnection& operator=(const ApiConnection&) = delete;
  ~ApiConnection() { --shared_.connections; }

  void read() {
    parser_.emplace();
    parser_->header_limit(kMostHeader);
    parser_->body_limit(kMostBody);
    stream_.expires_after(shared_.options.timeout);
    http::async_read(stream_, buffer_, *parser_,
                     [self = shared_from_this()](ErrorCode error, std::size_t /*size*/) {
                       self->on_read(error);
                     });
  }

 private:
  using Pointer = std::shared_ptr<ApiConnection>;

  void on_read(ErrorCode error);
  // Works off the thread that serves everybody, then goes on there.
  template <typename Work, typename Then>
  void leave(asio::thread_pool& pool, Work work, Then then);
  void refuse(ErrorCode error);
  void send(ApiAnswer answer);
  void send_parts();
  void next_part();
  void send_part(Result<std::string> part);
  void on_sent(ErrorCode error);
  [[nodiscard]] auto head_of(const ApiAnswer& answer) const;

  Shared& shared_;
  beast::basic_stream<Protocol> stream_;
  ApiPeer peer_;
  beast::flat_buffer buffer_{kMostBuffered};
  std::optional<http::request_parser<http::string_body>> parser_;
  unsigned version_ = kHttp11;
  bool keep_ = false;
  std::string allowed_ = "GET";  // of the path asked for
  // The answer that is under way: whole, or in parts.
  ApiAnswer answer_;
  std::optional<http::response<http::string_body>> whole_;
  std::optional<http::response<http::buffer_body>> head_;
  std::optional<http::response_serializer<http::buffer_body>> serializer_;
  std::string part_;
};

template <typename Work, typename Then>
void ApiConnection::leave(asio::thread_pool& pool, Work work, Then then) {
  asio::post(pool, [self = shared_from_this(), work = std::move(work), then]() mutable {
    auto made = work();
    asio::io_context& io = self->shared_.io;
    asio::post(io, [self = std::move(self), made = std::move(made), then]() mutable {
      then(*self, std::move(made));
    });
  });
}

void ApiConnection::on_read(ErrorCode error) {
  if (error) {
    refuse(error);
    return;
  }
  auto& message = parser_->get();
  version_ = message.version();
  keep_ = message.keep_alive();
  ApiRequest request{.method = std::string(message.method_string()),
                     .target = std::string(message.target()),
                     .body = std::move(message.body()),
                     .peer = peer_};
  asio::thread_pool& pool = is_quick(request.target) ? shared_.views : shared_.walks;
  allowed_ = method_of(request.target);
  leave(
      pool,
      [this, request = std::move(request)] { return tools::answer(request, shared_.context); },
      [](ApiConnection& self, ApiAnswer answer) { self.send(std::move(answer)); });
}

// Of what is no request we say so, and hang up: where the next one begins is not known. Of a client
// that is gone, or silent, there is nothing to say.
void ApiConnection::refuse(ErrorCode error) {
  const ErrorCode at_end = http::error::end_of_stream;
  if (error.category() != at_end.category() || error == at_end) return;
  keep_ = false;
  version_ = kHttp11;
  unsigned status = 400;
  if (error == http::error::header_limit || error == http::error::buffer_overflow) status = 431;
  if (error == http::error::body_limit) status = 413;
  send(refusal(status, {"this is no HTTP request that the recorder reads: " + error.message(),
                        ErrorKind::kUsage}));
}

auto ApiConnection::head_of(const ApiAnswer& answer) const {
  http::response_header<> head;
  head.result(answer.status);
  head.version(version_);
  head.set(http::field::content_type, answer.type);
  if (answer.status == 405) head.set(http::field::allow, allowed_);
  return head;
}

void ApiConnection::send(ApiAnswer answer) {
  answer_ = std::move(answer);
  if (answer_.parts) {
    send_parts();
    return;
  }
  whole_.emplace(head_of(answer_));
  whole_->keep_alive(keep_);
  whole_->body() = std::move(answer_.text);
  whole_->prepare_payload();
  stream_.expires_after(shared_.options.timeout);
  http::async_write(
      stream_, *whole_,
      [self = shared_from_this()](ErrorCode error, std::size_t /*size*/) { self->on_sent(error); });
}

void ApiConnection::send_parts() {
  head_.emplace(head_of(answer_));
  if (const auto size = answer_.parts->size()) {
    head_->content_length(*size);
  } else if (version_ >= kHttp11) {
    head_->chunked(true);
  } else {
    keep_ = false;  // HTTP/1.0 knows an end without a length only by hanging up
  }
  head_->keep_alive(keep_);
  head_->body().more = true;
  serializer_.emplace(*head_);
  stream_.expires_after(shared_.options.timeout);
  http::async_write_header(stream_, *serializer_,
                           [self = shared_from_this()](ErrorCode error, std::size_t /*size*/) {
                             if (!error) self->next_part();
                           });
}

void ApiConnection::next_part() {
  leave(
      shared_.walks, [this] { return answer_.parts->next(); },
      [](ApiConnection& self, Result<std::string> part) { self.send_part(std::move(part)); });
}

void ApiConnection::send_part(Result<std::string> part) {
  if (!part) return;  // hangs up: the client sees that the end is missing
  part_ = std::move(*part);
  auto& body = head_->body();
  body.data = part_.empty() ? nullptr : part_.data();
  body.size = part_.size();
  body.more = !part_.empty();
  stream_.expires_after(shared_.options.timeout);
  http::async_write(stream_, *serializer_,
                    [self = shared_from_this()](ErrorCode error, std::size_t /*size*/) {
                      if (error == http::error::need_buffer) {
                        self->next_part();
                      } else {
                        self->on_sent(error);
                      }
                    });
}

void ApiConnection::on_sent(ErrorCode error) {
  answer_ = {};
  part_ = {};
  if (error) return;
  if (keep_) {
    read();
    return;
  }
  ErrorCode ignored;
  stream_.socket().shutdown(Protocol::socket::shutdown_send, ignored);
}

ApiPeer peer_of(Protocol::socket& socket) {
  ucred known{};
  socklen_t size = sizeof(known);
  ApiPeer peer{.uid = static_cast<uid_t>(-1), .gid = static_cast<gid_t>(-1), .pid = 0};
  if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &known, &size) == 0) {
    peer = {.uid = known.uid, .gid = known.gid, .pid = known.pid};
  }
  return peer;
}

// Too many clients: said at once, if it can be, so that the command opens the archive itself.
void turn_away(Protocol::socket& socket) {
  const std::string body = refusal(503, {"the recorder has too many clients: try again"}).text;
  const std::string text =
      "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nConnection: "
      "close\r\nContent-Length: " +
      std::to_string(body.size()) + "\r\n\r\n" + body;
  (void)::send(socket.native_handle(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

class Server : public ApiServer {
 public:
  Server(ListeningSocket socket, ApiContext context, const ApiOptions& options)
      : socket_(std::move(socket)),
        shared_(std::move(context), options),
        acceptor_(shared_.io, Protocol(), socket_.release()),
        later_(shared_.io),
        next_beat_(shared_.io) {
    accept();
    beat();
    thread_ = std::thread([this] { shared_.io.run(); });
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  [[nodiscard]] std::chrono::nanoseconds silence() const override {
    return Clock::now() - last_beat_.load();
  }
  ~Server() override {
    shared_.io.stop();
    thread_.join();
    for (asio::thread_pool* pool : {&shared_.views, &shared_.walks}) {
      pool->stop();
      pool->join();
    }
  }

 private:
  using Clock = std::chrono::steady_clock;

  // Through the thread that answers what looks at the recorder, and back to this one.
  void beat() {
    last_beat_ = Clock::now();
    next_beat_.expires_after(kBeatEvery);
    next_beat_.async_wait(
        [this](ErrorCode /*error*/) { asio::post(shared_.views, [this] { beat_back(); }); });
  }
  void beat_back() {
    asio::post(shared_.io, [this] { beat(); });
  }
  void accept() {
    acceptor_.async_accept([this](ErrorCode error, Protocol::socket socket) {
      if (error) return accept_later();
      take(std::move(socket));
      accept();
    });
  }
  // No descriptor is left: one will come back.
  void accept_later() {
    later_.expires_after(kAcceptAgain);
    later_.async_wait([this](ErrorCode /*error*/) { accept(); });
  }
  void take(Protocol::socket socket) {
    if (shared_.connections >= shared_.options.max_connections) return turn_away(socket);
    const ApiPeer peer = peer_of(socket);
    std::make_shared<ApiConnection>(shared_, std::move(socket), peer)->read();
  }

  ListeningSocket socket_;
  Shared shared_;
  Protocol::acceptor acceptor_;
  asio::steady_timer later_;
  asio::steady_timer next_beat_;
  std::atomic<Clock::time_point> last_beat_ = Clock::now();
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::start(const std::string& socket_path,
                                                    RecorderState& state,
                                                    const ApiOptions& options) {
  auto socket = ListeningSocket::open(socket_path);
  if (!socket) return tl::make_unexpected(std::move(socket.error()));
  ApiContext context{.state = state,
                     .socket_path = socket_path,
                     .region = options.region,
                     .needs_reason = options.needs_reason};
  try {
    return std::make_unique<Server>(std::move(*socket), std::move(context), options);
  } catch (const std::exception& error) {  // no descriptor or no thread left
    return failure("cannot listen on " + socket_path + ": " + error.what());
  }
}

}  // namespace koegura::tools
