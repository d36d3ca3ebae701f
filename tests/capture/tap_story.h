// A story for the tests of Tap: frames that reach its sources, and the calls that came of it. Time
// is the machine's own; a step of the story waits until the tap shows what the step before did.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "../wait_until.h"
#include "capture/capture_file.h"
#include "capture/tap.h"
#include "capture_story.h"
#include "packet_builder.h"

namespace koegura::capture::test {

// What one source has yet to give; shared with the story.
class Wire {
 public:
  void put(Octets frame, Timestamp at) {
    const std::lock_guard lock(mutex_);
    frames_.emplace_back(std::move(frame), at);
  }
  void fail(std::string why) {
    const std::lock_guard lock(mutex_);
    failure_ = std::move(why);
  }

 private:
  friend class WireSource;
  std::mutex mutex_;
  std::deque<std::pair<Octets, Timestamp>> frames_;
  std::string failure_;
};

class WireSource final : public PacketSource {
 public:
  WireSource(std::string name, Wire& wire) : name_(std::move(name)), wire_(wire) {}

  Result<std::size_t> read(std::span<Frame> burst) override {
    const std::lock_guard lock(wire_.mutex_);
    if (!wire_.failure_.empty()) return failure(wire_.failure_);
    given_.clear();
    while (given_.size() < burst.size() && !wire_.frames_.empty()) {
      given_.push_back(std::move(wire_.frames_.front()));
      wire_.frames_.pop_front();
    }
    for (std::size_t i = 0; i < given_.size(); ++i) {
      burst[i] = frame(given_[i].first, LinkType::kEthernet, given_[i].second);
    }
    return given_.size();
  }
  [[nodiscard]] SourceProgress progress() const override { return {}; }
  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::optional<Timestamp> now() const override {
    return std::chrono::system_clock::now();
  }

 private:
  std::string name_;
  Wire& wire_;
  std::vector<std::pair<Octets, Timestamp>> given_;
};

using FilesAndSizes = std::map<std::filesystem::path, std::uintmax_t>;

inline FilesAndSizes files_of(const std::string& folder) {
  FilesAndSizes files;
  std::error_code gone;  // between the look for its name and for its size
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    if (file.is_regular_file(gone)) files[file.path().filename()] = file.file_size(gone);
  }
  return files;
}

// As it stands at one moment, which is what a kill leaves: its recorder may go on, and take a
// segment away while others are copied.
inline void copy_as_left(const std::string& from, const std::string& to) {
  koegura::test::wait_until([&] {
    for (const auto& one : files_of(to)) std::filesystem::remove(to / one.first);
    const FilesAndSizes before = files_of(from);
    for (const auto& one : before) {
      std::error_code gone;
      std::filesystem::copy_file(from / one.first, to / one.first, gone);
    }
    return files_of(from) == before && files_of(to) == before;
  });
}

// lanes[n] = how many sources lane n has; sources are numbered through. `after` is a story whose
// recorder died, or was stopped, at this moment: its spool is where this one begins.
class TapStory final : public CallSink {
 public:
  explicit TapStory(const std::vector<std::size_t>& lanes, TapOptions options = {},
                    const TapStory* after = nullptr) {
    options.figures_every = std::chrono::milliseconds(5);
    options.capture.signalling.release_linger = std::chrono::milliseconds(100);
    options.capture.stream_timeout = std::chrono::seconds(3);
    std::string folder = (std::filesystem::temp_directory_path() / "koegura-tap-XXXXXX").string();
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    folder_ = folder;
    std::vector<Lane> opened;
    for (const std::size_t count : lanes) {
      Lane lane;
      for (std::size_t i = 0; i < count; ++i) {
        wires_.push_back(std::make_unique<Wire>());
        lane.push_back(std::make_unique<WireSource>("eth" + std::to_string(wires_.size() - 1),
                                                    *wires_.back()));
      }
      opened.push_back(std::move(lane));
    }
    if (after != nullptr) copy_as_left(after->folder_, folder_);
    auto spool = SpoolFolder::open(folder, {.flush_interval = std::chrono::milliseconds(200)});
    REQUIRE(spool);
    spool_ = std::move(*spool);
    tap_ = Tap::start(options, *spool_, std::move(opened), *this);
  }
  TapStory(const TapStory&) = delete;
  TapStory& operator=(const TapStory&) = delete;
  ~TapStory() override {
    tap_.reset();
    calls_.clear();
    spool_.reset();
    std::filesystem::remove_all(folder_);
  }

  void take(FinishedCall call) override {
    const std::lock_guard lock(mutex_);
    calls_.push_back(std::move(call));
  }

  TapStory& send(std::size_t source, const Carried& carried) {
    wires_[source]->put(ethernet(carried), stamp_());
    return *this;
  }
  TapStory& udp(std::size_t source, std::string_view from, std::string_view to,
                std::string_view payload) {
    return send(source, test::udp(from, to, payload));
  }
  TapStory& rtp(std::size_t source, std::string_view from, std::string_view to, unsigned ssrc,
                unsigned sequence) {
    Writer packet;
    packet.u8(0x80).u8(0).u16(sequence).u32(sequence * 160).u32(ssrc).zeros(160);
    return send(source, test::udp(from, to, Bytes(packet.octets())));
  }
  TapStory& speech(std::size_t source, std::string_view from, std::string_view to, unsigned ssrc,
                   int packets, unsigned first_sequence = 1) {
    for (int i = 0; i < packets; ++i) {
      rtp(source, from, to, ssrc, first_sequence + static_cast<unsigned>(i));
    }
    return *this;
  }
  TapStory& wait_until(const std::function<bool()>& condition) {
    koegura::test::wait_until(condition);
    return *this;
  }
  TapStory& wait_for_calls(std::size_t count) {
    return wait_until([&] { return taken() >= count; });
  }
  // The clock that stamps frames.
  void stamp_with(Timestamp (*clock)()) { stamp_ = clock; }
  // So many frames have this outcome.
  TapStory& wait_for(Outcome outcome, std::uint64_t count) {
    return wait_until([&] { return sum()[outcome] >= count; });
  }
  void fail(std::size_t source, const std::string& why) { wires_[source]->fail(why); }
  TapStory& stop(TapEnd end = TapEnd::kArchive) {
    tap_->stop(end);
    for (const SourceSnapshot& source : tap_->snapshot().sources) {
      CHECK(source.accounting.received == source.accounting.accounted());
    }
    CHECK(tap_->snapshot().imbalance.empty());
    return *this;
  }

  [[nodiscard]] std::size_t taken() const {
    const std::lock_guard lock(mutex_);
    return calls_.size();
  }
  [[nodiscard]] const FinishedCall& call(std::string_view call_id) const {
    const std::lock_guard lock(mutex_);
    for (const FinishedCall& call : calls_) {
      if (call.call_id == call_id) return call;
    }
    FAIL("no call ", call_id);
    return calls_.front();
  }
  // The calls taken so far are archived.
  TapStory& archive_all() {
    const std::lock_guard lock(mutex_);
    for (FinishedCall& call : calls_) call.release_packets();
    return *this;
  }
  TapStory& close_spool() {
    CHECK(spool_->close(std::chrono::seconds(5)));
    return *this;
  }
  [[nodiscard]] SpoolFolder& spool() { return *spool_; }
  [[nodiscard]] std::size_t segments() const {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      count += file.path().extension() == ".pcapng" ? 1 : 0;
    }
    return count;
  }
  // What a process that died now would leave.
  [[nodiscard]] std::size_t packets_on_disk() const {
    std::size_t count = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      if (file.path().extension() != ".pcapng") continue;
      const auto source = open_capture_file(file.path());
      std::array<Frame, 64> burst;
      while (source) {
        const auto size = (*source)->read(burst);
        if (!size || *size == 0) break;
        count += *size;
      }
    }
    return count;
  }
  TapStory& wait_for_disk(std::size_t packets) {
    return wait_until([&] { return packets_on_disk() >= packets; });
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] Tap& tap() { return *tap_; }
  [[nodiscard]] TapSnapshot snapshot() const { return tap_->snapshot(); }
  [[nodiscard]] Accounting sum() const {
    Accounting sum;
    for (const SourceSnapshot& source : tap_->snapshot().sources) sum += source.accounting;
    return sum;
  }

 private:
  std::filesystem::path folder_;
  Timestamp (*stamp_)() = [] { return Timestamp(std::chrono::system_clock::now()); };
  std::vector<std::unique_ptr<Wire>> wires_;
  mutable std::mutex mutex_;
  std::deque<FinishedCall> calls_;  // references to them stay
  std::unique_ptr<SpoolFolder> spool_;
  std::unique_ptr<Tap> tap_;
};

}  // namespace koegura::capture::test
