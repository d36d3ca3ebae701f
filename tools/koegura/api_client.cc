#include "api_client.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cerrno>
#include <cstdint>
#include <optional>

#include "api_answer.h"
#include "api_socket.h"

namespace koegura::tools {

namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using ErrorCode = boost::system::error_code;
using Parser = http::response_parser<http::buffer_body>;

constexpr std::size_t kPiece = 64U << 10U;
constexpr unsigned kOk = 200;

// What Beast reads from. Asio's own socket would wait for ever in spite of SO_RCVTIMEO.
class Wire {
 public:
  explicit Wire(const Descriptor& socket) : fd_(socket.get()) {}

  // Beast asks for this one too, and never calls it.
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers);
  template <typename Buffers>
  std::size_t read_some(const Buffers& buffers, ErrorCode& error) {
    const asio::mutable_buffer buffer = *asio::buffer_sequence_begin(buffers);
    ssize_t got = 0;
    do {
      got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    } while (got < 0 && errno == EINTR);
    error = {};
    if (got == 0) error = asio::error::eof;
    if (got < 0) error.assign(errno, boost::system::system_category());
    return got < 0 ? 0 : static_cast<std::size_t>(got);
  }

 private:
  int fd_;
};

// If it cannot be sent, the answer will not come: reading tells.
void send_all(const Descriptor& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

class Client : public ApiClient {
 public:
  Client(std::string path, Descriptor socket) : path_(std::move(path)), socket_(std::move(socket)) {
    set_patience(patience_);
  }

  Result<std::string> get(const std::string& target) override {
    std::string body;
    auto done = get(target, [&](std::string_view piece) -> Result<void> {
      body += piece;
      return {};
    });
    if (!done) return tl::make_unexpected(std::move(done.error()));
    return body;
  }

  Result<void> get(const std::string& target, const Take& take) override;
  Result<std::string> post(const std::string& target, std::string_view body) override;

  void set_patience(std::chrono::milliseconds patience) override {
    patience_ = patience;
    tools::set_patience(socket_, patience);
  }

 private:
  // Sends the request and reads the answer's head.
  [[nodiscard]] bool ask(const std::string& request, Parser& parser);
  [[nodiscard]] Result<void> connect_anew();
  [[nodiscard]] Result<void> read_body(Parser& parser, const Take& take);
  [[nodiscard]] Result<void> read_answer(Parser& parser, const Take& take);
  [[nodiscard]] bool is_silent() const {
    return error_ == boost::system::errc::resource_unavailable_try_again;
  }
  [[nodiscard]] Error broken() const;

  std::string path_;
  Descriptor socket_;
  std::chrono::milliseconds patience_ = std::chrono::minutes(5);
  bool used_ = false;  // an answer has come over this connection
  boost::beast::flat_buffer buffer_;
  ErrorCode error_;
};

Error Client::broken() const {
  if (is_silent()) return {"the recorder at " + path_ + " does not answer"};
  return {"the recorder at " + path_ +
          " broke off its answer: it was stopped, or see its log for what it met"};
}

Result<void> Client::connect_anew() {
  buffer_.clear();
  used_ = false;
  auto socket = connect_to(path_);
  if (!socket) {
    return failure("the recorder no longer listens: " + socket.error().message);
  }
  socket_ = std::move(*socket);
  set_patience(patience_);
  return {};
}

bool Client::ask(const std::string& request, Parser& parser) {
  parser.body_limit(UINT64_MAX);  // boost::none forbids every length (Boost 1.74)
  send_all(socket_, request);
  Wire wire(socket_);
  http::read_header(wire, buffer_, parser, error_);
  return !error_;
}

Result<void> Client::read_body(Parser& parser, const Take& take) {
  std::array<char, kPiece> piece{};
  Wire wire(socket_);
  auto& body = parser.get().body();
  while (!parser.is_done()) {
    body.data = piece.data();
    body.size = piece.size();
    http::read(wire, buffer_, parser, error_);
    if (error_ == http::error::need_buffer) error_ = {};
    if (error_) return tl::make_unexpected(broken());
    if (auto taken = take({piece.data(), piece.size() - body.size}); !taken) return taken;
  }
  return {};
}

Result<void> Client::get(const std::string& target, const Take& take) {
  const std::string request = "GET " + target + " HTTP/1.1\r\nHost: koegura\r\n\r\n";
  std::optional<Parser> parser;
  if (socket_.get() < 0) {
    if (auto connected = connect_anew(); !connected) return connected;
  }
  const bool may_be_closed = used_;
  bool heard = ask(request, parser.emplace());
  if (!heard && may_be_closed && !is_silent()) {
    if (auto connected = connect_anew(); !connected) return connected;
    heard = ask(request, parser.emplace());
  }
  if (!heard) {
    socket_ = Descriptor();
    return tl::make_unexpected(broken());
  }
  return read_answer(*parser, take);
}

Result<void> Client::read_answer(Parser& parser, const Take& take) {
  used_ = true;
  const bool ok = parser.get().result_int() == kOk;
  const bool stays = parser.get().keep_alive();
  std::string said;
  auto done = read_body(
      parser, ok ? take : [&](std::string_view piece) -> Result<void> {
        said += piece;
        return {};
      });
  if (!done || !stays) socket_ = Descriptor();  // what is left of the answer is not read
  if (done && !ok) return tl::make_unexpected(error_of(said));
  return done;
}

Result<std::string> Client::post(const std::string& target, std::string_view body) {
  // A connection that was idle may be closed already, and what was sent on it is not asked twice.
  if (auto connected = connect_anew(); !connected) {
    return tl::make_unexpected(std::move(connected.error()));
  }
  std::string request = "POST " + target + " HTTP/1.1\r\nHost: koegura\r\n";
  request += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  request += body;
  Parser parser;
  if (!ask(request, parser)) {
    socket_ = Descriptor();
    return tl::make_unexpected(broken());
  }
  std::string said;
  auto done = read_answer(parser, [&](std::string_view piece) -> Result<void> {
    said += piece;
    return {};
  });
  if (!done) return tl::make_unexpected(std::move(done.error()));
  return said;
}

}  // namespace

Result<std::unique_ptr<ApiClient>> ApiClient::connect(const std::string& socket_path) {
  auto socket = connect_to(socket_path);
  if (!socket) return tl::make_unexpected(std::move(socket.error()));
  return std::make_unique<Client>(socket_path, std::move(*socket));
}

}  // namespace koegura::tools
