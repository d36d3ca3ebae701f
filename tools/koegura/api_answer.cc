#include "api_answer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>

#include "accounting_report.h"
#include "api_access.h"
#include "call_query.h"
#include "json.h"
#include "recorder_file.h"
#include "recorder_report.h"
#include "status_report.h"
#include "store/user_name.h"
#include "text_width.h"

namespace koegura::tools {

namespace {

constexpr std::size_t kPart = 256U << 10U;
constexpr std::string_view kCalls = "/v1/calls";
constexpr std::string_view kCount = "/v1/count";
constexpr std::string_view kFile = "/file";
constexpr std::string_view kChange = "/v1/change";
constexpr std::string_view kRecords = "/v1/records";
constexpr std::string_view kProtobuf = "application/x-protobuf";

struct KindRow {
  ErrorKind kind;
  std::string_view name;
  unsigned status;
};
constexpr std::array kKinds = {
    KindRow{ErrorKind::kFailed, "failed", 500},
    KindRow{ErrorKind::kUsage, "usage", 400},
    KindRow{ErrorKind::kVerification, "verification", 500},
    KindRow{ErrorKind::kNotFound, "not-found", 404},
    KindRow{ErrorKind::kNotPermitted, "not-permitted", 403},
    KindRow{ErrorKind::kDamaged, "damaged", 503},
};

const KindRow& row_of(ErrorKind kind) {
  for (const KindRow& row : kKinds) {
    if (row.kind == kind) return row;
  }
  return kKinds.front();
}

ApiError message_of(const Error& error) {
  ApiError message;
  message.set_error(printable(error.message));
  message.set_kind(std::string(row_of(error.kind).name));
  return message;
}

ApiAnswer refused(const Error& error) {
  return refusal(row_of(error.kind).status, error);
}

ApiAnswer answer_with(std::string json) {
  ApiAnswer answer;
  answer.text = std::move(json) + '\n';
  return answer;
}

std::string_view path_of(std::string_view target) {
  return target.substr(0, target.find('?'));
}

// ---- calls ----------------------------------------------------------------------------------

enum class CallsForm : unsigned char { kLines, kPage };

// Calls of one part of an answer.
class CallsPart {
 public:
  explicit CallsPart(CallsForm form) : form_(form) {}

  [[nodiscard]] bool is_full() const { return size_ >= kPart; }
  void add(const CallRecord& record) {
    if (form_ == CallsForm::kLines) {
      lines_ += store::to_json(record) + '\n';
      size_ = lines_.size();
    } else {
      *page_.add_calls() = record;
      size_ += record.ByteSizeLong();
    }
  }
  void add(const Error& error) {
    if (form_ == CallsForm::kLines) {
      lines_ += json_of(message_of(error)) + '\n';
    } else {
      *page_.mutable_error() = message_of(error);
    }
  }
  [[nodiscard]] std::string take() {
    return form_ == CallsForm::kLines ? std::move(lines_) : page_.SerializeAsString();
  }

 private:
  CallsForm form_;
  std::string lines_;
  CallPage page_;
  std::size_t size_ = 0;
};

// Asks the archive anew for each part, from where the last one ended: while a client is slow,
// nothing of the index is held open.
class CallsBody : public ApiBody {
 public:
  CallsBody(const store::Archive& archive, CallQuery query, CallsForm form)
      : archive_(archive), query_(std::move(query)), form_(form), left_(query_.filter.limit) {
    query_.filter.limit = 0;  // the archive would count calls that are not wanted again
  }

  Result<std::string> next() override {
    if (at_end_) return std::string();
    CallsPart part(form_);
    CallQuery rest = query_;
    bool more = false;
    auto done = archive_.query(query_.filter, [&](const CallRecord& record) {
      if (!is_wanted(query_, record)) return true;
      if (part.is_full()) {
        more = true;
        return false;
      }
      part.add(record);
      rest = continued(query_, record);
      return left_ == 0 || --left_ > 0;
    });
    query_ = std::move(rest);
    at_end_ = !more;
    if (!done) part.add(done.error());
    return part.take();
  }

 private:
  const store::Archive& archive_;
  CallQuery query_;
  CallsForm form_;
  std::size_t left_;  // to give; 0 = all
  bool at_end_ = false;
};

ApiAnswer answer_count(const ApiRequest& request, const ApiContext& context) {
  const auto asked = asked_for(request.target);
  if (!asked) return refused(asked.error());
  const auto query = parse_query(asked->rest);
  if (!query) return refused(query.error());
  note_search(*asked, query->filter, request, context);
  const auto count = context.state.archive().count(query->filter);
  if (!count) return refused(count.error());
  CallCount answer;
  answer.set_count(static_cast<double>(*count));
  return answer_with(json_of(answer));
}

ApiAnswer answer_calls(const ApiRequest& request, const ApiContext& context) {
  const CallsForm form = path_of(request.target) == kCalls ? CallsForm::kLines : CallsForm::kPage;
  const auto asked = asked_for(request.target);
  if (!asked) return refused(asked.error());
  auto query = parse_query(asked->rest);
  if (!query) return refused(query.error());
  if (query->after.empty()) note_search(*asked, query->filter, request, context);
  ApiAnswer answer;
  answer.type = form == CallsForm::kLines ? "application/x-ndjson" : kProtobuf;
  answer.parts = std::make_unique<CallsBody>(context.state.archive(), std::move(*query), form);
  return answer;
}

// ---- one call -------------------------------------------------------------------------------

class FileBody : public ApiBody {
 public:
  FileBody(int fd, std::uint64_t size) : fd_(fd), size_(size) {}
  FileBody(const FileBody&) = delete;
  FileBody& operator=(const FileBody&) = delete;
  ~FileBody() override { close(fd_); }

  Result<std::string> next() override {
    std::string part(std::min<std::uint64_t>(kPart, size_ - given_), '\0');
    ssize_t got = 0;
    do {
      got = pread(fd_, part.data(), part.size(), static_cast<off_t>(given_));
    } while (got < 0 && errno == EINTR);
    if (got < 0) return failure(std::strerror(errno));
    if (got == 0 && !part.empty()) return failure("the file became shorter");
    part.resize(static_cast<std::size_t>(got));
    given_ += part.size();
    return part;
  }
  [[nodiscard]] std::optional<std::uint64_t> size() const override { return size_; }

 private:
  int fd_;
  std::uint64_t size_;
  std::uint64_t given_ = 0;
};

ApiAnswer answer_file(const CallRecord& record, const ApiContext& context) {
  const std::string path = context.state.archive().file_of(record);
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (fd < 0 || fstat(fd, &status) != 0) {
    const Error error{"cannot read " + path + ": " + std::strerror(errno)};
    if (fd >= 0) close(fd);
    return refused(error);
  }
  ApiAnswer answer;
  answer.type = "video/x-matroska";
  answer.parts = std::make_unique<FileBody>(fd, static_cast<std::uint64_t>(status.st_size));
  return answer;
}

ApiAnswer answer_call(const ApiRequest& request, const ApiContext& context) {
  std::string_view name = path_of(request.target).substr(kCalls.size() + 1);
  const bool wants_file = name.ends_with(kFile);
  if (wants_file) name.remove_suffix(kFile.size());
  const auto id = percent_decoded(name);
  if (!id) return refused(id.error());
  const auto asked = asked_for(request.target);
  if (!asked) return refused(asked.error());
  const auto record = context.state.archive().find(*id);
  if (!record) return refused(record.error());
  if (wants_file) {
    const auto entered = enter_file(*asked, *record, request, context);
    return entered ? answer_file(*record, context) : refused(entered.error());
  }
  note_look(*asked, *record, request, context);
  return answer_with(store::to_json(*record));
}

// ---- changes --------------------------------------------------------------------------------

ApiAnswer answer_change(const ApiRequest& request, const ApiContext& context) {
  ArchiveChange change;
  if (!change.ParseFromString(request.body)) {
    return refused({"what was posted is no change of an archive", ErrorKind::kUsage});
  }
  const bool has_reason = !change.has_access() || !change.access().reason().empty() ||
                          !is_reason_asked(change.access().action());
  if (context.needs_reason && !has_reason) return refused(no_reason());
  const auto changed = context.state.archive().change(change, store::user_name(request.peer.uid));
  if (!changed) return refused(changed.error());
  ApiAnswer answer;
  answer.type = kProtobuf;
  answer.text = changed->SerializeAsString();
  return answer;
}

// ---- retention ------------------------------------------------------------------------------

template <typename Message>
ApiAnswer answer_message(const Result<Message>& message) {
  if (!message) return refused(message.error());
  ApiAnswer answer;
  answer.type = kProtobuf;
  answer.text = message->SerializeAsString();
  return answer;
}

ApiAnswer answer_outlook(const ApiRequest& /*request*/, const ApiContext& context) {
  return answer_message(context.state.archive().retention(store::Outlook::kClock));
}
ApiAnswer answer_due(const ApiRequest& /*request*/, const ApiContext& context) {
  return answer_message(context.state.archive().retention(store::Outlook::kDue));
}
ApiAnswer answer_rules(const ApiRequest& /*request*/, const ApiContext& context) {
  return answer_message(context.state.archive().retention(store::Outlook::kRules));
}
ApiAnswer answer_holds(const ApiRequest& /*request*/, const ApiContext& context) {
  return answer_message(context.state.archive().holds());
}

// ---- the recorder ---------------------------------------------------------------------------

ApiAnswer answer_recorder(const ApiRequest& request, const ApiContext& context) {
  RecorderFile file;
  file.set_pid(getpid());
  file.set_socket(context.socket_path);
  set_time(*file.mutable_started(), context.state.view().tap.started);
  if (auto known = set_folder(file, context.state.directory()); !known) {
    return refused(known.error());
  }
  file.mutable_peer()->set_uid(request.peer.uid);
  file.mutable_peer()->set_gid(request.peer.gid);
  file.mutable_peer()->set_pid(request.peer.pid);
  return answer_with(json_of(file));
}

ApiAnswer answer_status(const ApiRequest& /*request*/, const ApiContext& context) {
  const std::string& directory = context.state.directory();
  const auto summary = context.state.archive().summary();
  if (!summary) return refused(summary.error());
  Status status = status_of(directory, *summary);
  add_last_record(directory, status);
  *status.mutable_recorder() = recorder_status(context.state.view());
  return answer_with(json_of(status));
}

ApiAnswer answer_top(const ApiRequest& /*request*/, const ApiContext& context) {
  return answer_with(json_of(top_snapshot(context.state.view(), context.region)));
}

struct Route {
  std::string_view path;
  ApiAnswer (*answer)(const ApiRequest& request, const ApiContext& context);
};
constexpr std::array kQuick = {Route{"/v1/recorder", answer_recorder},
                               Route{"/v1/status", answer_status}, Route{"/v1/top", answer_top}};

// These look through calls.
constexpr std::array kSlow = {
    Route{"/v1/retention", answer_outlook}, Route{"/v1/retention/due", answer_due},
    Route{"/v1/retention/rules", answer_rules}, Route{"/v1/holds", answer_holds}};

const Route* route_among(std::span<const Route> routes, std::string_view target) {
  for (const Route& route : routes) {
    if (route.path == path_of(target)) return &route;
  }
  return nullptr;
}

const Route* quick_route(std::string_view target) {
  return route_among(kQuick, target);
}

}  // namespace

ApiAnswer answer(const ApiRequest& request, const ApiContext& context) {
  const std::string_view target = request.target;
  const std::string_view path = path_of(target);
  const Route* route = quick_route(target);
  if (route == nullptr) route = route_among(kSlow, target);
  const bool is_calls = path == kCalls || path == kRecords;
  const bool is_call = path.starts_with(std::string(kCalls) + '/');
  const bool is_change = path == kChange;
  const bool is_count = path == kCount;
  if (route == nullptr && !is_calls && !is_call && !is_change && !is_count) {
    return refusal(404, {printable(path) + ": this recorder knows no such path; is it of another "
                                           "version than the command?"});
  }
  const std::string_view method = method_of(target);
  if (request.method != method) {
    return refusal(405, {printable(request.method) + " " + printable(path) + ": only " +
                             std::string(method) + " is there",
                         ErrorKind::kUsage});
  }
  if (is_change) return answer_change(request, context);
  if (is_count) return answer_count(request, context);
  if (route != nullptr) return route->answer(request, context);
  if (is_call) return answer_call(request, context);
  return answer_calls(request, context);
}

std::string_view method_of(std::string_view target) {
  return path_of(target) == kChange ? "POST" : "GET";
}

bool is_quick(std::string_view target) {
  return quick_route(target) != nullptr;
}

ApiAnswer refusal(unsigned status, const Error& error) {
  ApiAnswer answer;
  answer.status = status;
  answer.text = json_of(message_of(error)) + '\n';
  return answer;
}

Error error_of(std::string_view json) {
  ApiError message;
  if (auto parsed = parse_json(json, message); !parsed || message.error().empty()) {
    return {"the recorder answered what is no answer of a recorder"};
  }
  return error_of(message);
}

Error error_of(const ApiError& message) {
  for (const KindRow& row : kKinds) {
    if (row.name == message.kind()) return {printable(message.error()), row.kind};
  }
  return {printable(message.error())};
}

}  // namespace koegura::tools
