// api_answer: what the running recorder answers on its socket; HTTP itself is api_server's.
//
//   GET /v1/recorder       RecorderFile    who records here
//   GET /v1/status         Status          as `koegura status --json`
//   GET /v1/top            TopSnapshot     the rates are made by the client, from two of them
//   GET /v1/calls?QUERY    CallRecord, one a line; QUERY as in call_query.h
//   GET /v1/records?QUERY  CallPage        the same for the commands, ten times as fast
//   GET /v1/calls/ID       CallRecord      by id or unambiguous prefix
//   GET /v1/calls/ID/file                  the call's Matroska file
//   GET /v1/retention      RetentionOutlook  may anything be erased now; /due, /rules: which calls
//   GET /v1/holds          HoldList
//   POST /v1/change        ArchiveChanged  of an ArchiveChange, done by the user who asks
//
// What is given is entered in the ledger, in the name of who asks: a search with the names of its
// filters and a look at a call soon, a file before it is given. QUERY may say what for:
//
//   for=audio&reason=R     of a file, what is made of it, and why; else it is "file"
//   for=audio, for=more    of calls: not entered as what they are, as this entry comes, or has come
//
// All but the file, the page, retention, holds and the change is JSON of output.proto and
// record.proto. A refusal is an ApiError; where it comes after the first calls it is the last line.
//
// Threads: any number at once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "capture/error.h"
#include "output.pb.h"
#include "recorder.h"

namespace koegura::tools {

// Who asks, by SO_PEERCRED: of the process that connected. Roles will decide by it.
struct ApiPeer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
};

struct ApiRequest {
  std::string method;
  std::string target;  // "/v1/calls?state=missed"
  std::string body;    // of a POST
  ApiPeer peer;
};

// The body of an answer, part by part, so that no answer has to fit into memory. Used by one thread
// at a time. Outlives no RecorderState.
class ApiBody {
 public:
  virtual ~ApiBody() = default;
  // The next part; empty at the end. After an error the rest cannot be had.
  [[nodiscard]] virtual Result<std::string> next() = 0;
  // Bytes of all parts, where that is known before.
  [[nodiscard]] virtual std::optional<std::uint64_t> size() const { return std::nullopt; }
};

struct ApiAnswer {
  unsigned status = 200;
  std::string type = "application/json";
  std::string text;                // the whole body,
  std::unique_ptr<ApiBody> parts;  // unless this is set
};

struct ApiContext {
  RecorderState& state;
  std::string socket_path;
  std::string region;         // of numbers without a country code
  bool needs_reason = false;  // access.reason
};

// May take as long as a walk through the index.
[[nodiscard]] ApiAnswer answer(const ApiRequest& request, const ApiContext& context);
// The one method that this path takes.
[[nodiscard]] std::string_view method_of(std::string_view target);
// True if answering looks at the recorder and not through its calls: such a request need not wait
// behind those that do.
[[nodiscard]] bool is_quick(std::string_view target);

[[nodiscard]] ApiAnswer refusal(unsigned status, const Error& error);
// The Error that a refusal was made of.
[[nodiscard]] Error error_of(const ApiError& message);
[[nodiscard]] Error error_of(std::string_view json);

}  // namespace koegura::tools
