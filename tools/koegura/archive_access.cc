#include "archive_access.h"

#include <unistd.h>

#include <cstdio>

#include "api_access.h"
#include "json.h"
#include "quantity_text.h"
#include "recorder_file.h"
#include "store/access.h"
#include "store/user_name.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

// A recorder that is there answers this at once.
constexpr auto kGreeting = std::chrono::seconds(2);
constexpr auto kAnswerPatience = std::chrono::minutes(5);

struct Opened {
  std::unique_ptr<store::Archive> archive;
  const RemoteArchive* remote = nullptr;
};

// The answer of the one at the socket to who it is.
Result<void> check_is_of(ApiClient& client, const std::string& directory) {
  RecorderFile ours;
  if (auto known = set_folder(ours, directory); !known) return known;
  const auto json = client.get("/v1/recorder");
  if (!json) return tl::make_unexpected(json.error());
  RecorderFile theirs;
  if (auto parsed = parse_json(*json, theirs); !parsed) return parsed;
  if (theirs.device() == ours.device() && theirs.inode() == ours.inode()) return {};
  return failure("no recorder runs on " + directory + ": the one at " + printable(theirs.socket()) +
                     " has another archive",
                 ErrorKind::kNotFound);
}

std::string trace_of(const RecorderFile& file) {
  return " (process " + decimal_text(file.pid(), 0) + ", started " +
         local_time(time_of(file.started())) + ", ended without a word)";
}

Result<Opened> open_any(const Session& session, const char* action) {
  auto recorder = find_recorder(session);
  if (recorder) {
    auto remote = std::make_unique<RemoteArchive>(std::move(*recorder), session.archive, action);
    const RemoteArchive* archive = remote.get();
    return Opened{std::move(remote), archive};
  }
  auto archive =
      store::Archive::open(session.archive, store::OpenMode::kRead, session.config.archive);
  if (archive) return Opened{std::move(*archive), nullptr};
  if (recorder.error().kind == ErrorKind::kNotFound) {
    return tl::make_unexpected(std::move(archive.error()));
  }
  // Either way would do: both are said.
  archive.error().message += "; and " + recorder.error().message;
  return tl::make_unexpected(std::move(archive.error()));
}

}  // namespace

Result<std::unique_ptr<ApiClient>> find_recorder(const Session& session) {
  const auto file = read_recorder_file(session.archive);
  std::string trace;
  std::string socket = session.config.socket;  // where the folder is closed to this user
  if (file) {
    socket = file->socket();
    trace = trace_of(*file);
  } else if (file.error().kind != ErrorKind::kNotPermitted) {
    return failure("no recorder runs on " + session.archive, ErrorKind::kNotFound);
  }
  auto client = ApiClient::connect(socket);
  if (!client && client.error().kind == ErrorKind::kNotFound) {
    return failure("no recorder runs on " + session.archive + trace, ErrorKind::kNotFound);
  }
  if (!client) {
    return tl::make_unexpected(
        std::move(client.error()).in("the recorder cannot be asked, see `ls -l` of its socket"));
  }
  (*client)->set_patience(kGreeting);
  if (auto checked = check_is_of(**client, session.archive); !checked) {
    return tl::make_unexpected(std::move(checked.error()));
  }
  (*client)->set_patience(kAnswerPatience);
  return client;
}

Result<std::unique_ptr<store::Archive>> open_for_reading(const Session& session) {
  return open_any(session, "calls").map([](Opened opened) { return std::move(opened.archive); });
}

Result<std::unique_ptr<store::Archive>> open_for_changing(const Session& session) {
  auto recorder = find_recorder(session);
  if (recorder) {
    return std::make_unique<RemoteArchive>(std::move(*recorder), session.archive);
  }
  // One that runs and cannot be asked has the folder.
  if (recorder.error().kind != ErrorKind::kNotFound) {
    return tl::make_unexpected(std::move(recorder.error()));
  }
  auto there =
      store::Archive::open(session.archive, store::OpenMode::kRead, session.config.archive);
  if (!there) return there;
  there->reset();
  return store::Archive::open(session.archive, store::OpenMode::kWrite, session.config.archive);
}

Result<ArchiveChanged> change_archive(const Session& session, const ArchiveChange& change) {
  auto archive = open_for_changing(session);
  if (!archive) return tl::make_unexpected(std::move(archive.error()));
  return (*archive)->change(change, std::string());
}

namespace {

bool is_readable(const std::string& path) {
  return access(path.c_str(), R_OK) == 0;
}

Access access_of(const CallRecord& record, const Given& given) {
  Access access;
  access.add_calls(record.id());
  access.set_action(given.action);
  access.set_reason(given.reason);
  return access;
}

// A copy on a medium that cannot be written to is there to be listened to.
void enter_in_folder(const std::string& directory, const Access& access) {
  const auto entered = store::enter_access(directory, access, store::user_name(geteuid()));
  if (entered) return;
  std::fprintf(stderr, "koegura: warning: the ledger does not tell of this access: %s\n",
               printable(entered.error().message).c_str());
}

}  // namespace

Result<std::string> OpenCall::give_file(const CallRecord& of, const Given& given) const {
  if (needs_reason && given.reason.empty() && is_reason_asked(given.action)) {
    return tl::make_unexpected(no_reason());
  }
  const std::string path = archive->file_of(of);
  if (remote == nullptr) {
    enter_in_folder(directory, access_of(of, given));
    return path;
  }
  if (!is_readable(path)) return remote->fetch(of, given.action, given.reason);
  ArchiveChange change;
  *change.mutable_access() = access_of(of, given);
  const auto entered = archive->change(change, std::string());
  if (!entered) return tl::make_unexpected(entered.error());
  return path;
}

Result<std::string> OpenCall::exported_file() const {
  std::string path = file();
  if (remote == nullptr || is_readable(path)) return path;
  return remote->fetch(record, "export", std::string());
}

Result<OpenCall> open_call(const Session& session, const std::string& id, const char* action) {
  auto opened = open_any(session, action);
  if (!opened) return tl::make_unexpected(std::move(opened.error()));
  auto record = opened->archive->find(id);
  if (!record) return tl::make_unexpected(std::move(record.error()));
  return OpenCall{.archive = std::move(opened->archive),
                  .record = std::move(*record),
                  .remote = opened->remote,
                  .directory = session.archive,
                  .needs_reason = session.config.access_reason};
}

}  // namespace koegura::tools
