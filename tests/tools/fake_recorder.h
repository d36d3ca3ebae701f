// A recorder without a wire: the figures that a test gives it, and a real archive.
#pragma once

#include <doctest/doctest.h>

#include <string>

#include "../store/call_builder.h"
#include "../store/temporary_folder.h"
#include "api_server.h"
#include "recorder.h"
#include "remote_archive.h"

class FakeRecorder : public koegura::tools::RecorderState {
 public:
  explicit FakeRecorder(std::string directory) : directory_(std::move(directory)) {
    auto opened =
        koegura::store::Archive::open(directory_, koegura::store::OpenMode::kWrite,
                                      {.region = "JP", .internal_numbers = {}, .sync = false});
    if (!opened) FAIL(opened.error().message);
    archive_ = std::move(*opened);
  }

  [[nodiscard]] koegura::tools::RecorderView view() const override { return view_; }
  [[nodiscard]] koegura::store::Archive& archive() override { return *archive_; }
  [[nodiscard]] const std::string& directory() const override { return directory_; }

  koegura::CallRecord put(CallBuilder& call) {
    const auto added = archive_->put(call.build());
    if (!added) FAIL(added.error().message);
    auto record = archive_->find(added->id);
    REQUIRE(record);
    return std::move(*record);
  }
  koegura::CallRecord put(CallBuilder&& call) { return put(call); }
  // Calls of three callers, several of them in one millisecond.
  void put_many(int count) {
    const char* const callers[] = {"0312345678", "0451230000", "09012345678"};
    for (int i = 0; i < count; ++i) {
      put(CallBuilder("call-" + std::to_string(i))
              .starting(kMorning + std::chrono::microseconds(300) * i)
              .lasting(std::chrono::seconds(1 + i % 60))
              .from(callers[i % 3]));
    }
  }
  // Before the server starts: it reads them.
  koegura::tools::RecorderView view_;

 private:
  std::string directory_;
  std::unique_ptr<koegura::store::Archive> archive_;
};

// A server on a socket in the folder.
inline std::unique_ptr<koegura::tools::ApiServer> serve(
    const TemporaryFolder& folder, FakeRecorder& recorder,
    const koegura::tools::ApiOptions& options = {}) {
  auto server = koegura::tools::ApiServer::start(folder / "run/koegura.sock", recorder, options);
  if (!server) FAIL(server.error().message);
  return std::move(*server);
}

// Asks it, as a command does.
inline koegura::tools::RemoteArchive remote_of(const TemporaryFolder& folder) {
  auto client = koegura::tools::ApiClient::connect(folder / "run/koegura.sock");
  if (!client) FAIL(client.error().message);
  return {std::move(*client), folder / "archive"};
}
