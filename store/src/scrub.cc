#include "store/scrub.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "call_file.h"
#include "capture/pcapng.h"
#include "decode/matroska.h"
#include "durable_file.h"
#include "record_in_file.h"
#include "sha256.h"
#include "ulid.h"

namespace koegura::store {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPage = 64;  // calls; between two pages nothing of the index is held

// The pages of the file go out of the cache: before, so that it is the disk that is read and not
// memory, and after, so that nothing useful has to make room.
void drop_from_cache(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return;
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
}

// As write_call_file left it: one section, whole packets up to the end.
Result<void> check_packets(const decode::Attachment& attachment) {
  const std::vector<std::byte> preamble = capture::pcapng_preamble(capture::LinkType::kRaw);
  const capture::Bytes bytes = attachment.bytes;
  if (bytes.size() < preamble.size() ||
      !std::equal(preamble.begin(), preamble.end(), bytes.begin())) {
    return failure(attachment.name + " does not begin as a capture file does");
  }
  for (std::size_t at = preamble.size(); at < bytes.size();) {
    const auto packet = capture::read_enhanced_packet(bytes.subspan(at));
    if (!packet) return failure(attachment.name + ": offset " + std::to_string(at) + ": no packet");
    at += packet->block_size;
  }
  return {};
}

// A header that says how long it is (decode's waveform.h), of a file as long, over all of the
// audio.
Result<void> check_waveform(const decode::Attachment& attachment, std::uint64_t samples) {
  constexpr std::size_t kHeader = 24;
  constexpr std::size_t kBin = 4;
  constexpr std::size_t kBinSamplesAt = 12;
  constexpr std::size_t kBinsAt = 16;
  const capture::Bytes bytes = attachment.bytes;
  const auto number = [&](std::size_t at) {
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(std::uint32_t); i > 0; --i) {
      value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[at + i - 1]);
    }
    return value;
  };
  if (bytes.size() < kHeader) return failure(attachment.name + " is cut off");
  const std::uint64_t bin_samples = number(kBinSamplesAt);
  const std::uint64_t bins = number(kBinsAt);
  const bool covers = bin_samples != 0 && bins == (samples + bin_samples - 1) / bin_samples;
  if (!covers || bytes.size() != kHeader + bins * kBin) {
    return failure(attachment.name + " is not as long as the audio");
  }
  return {};
}

// What index and file both must say. A field that this program does not know is none of it: it is
// not in the JSON that it reads. Nor is what other calls have to do with this one: the index alone
// knows them, and the file alone has what they are known by.
std::string comparable(CallRecord record) {
  record.mutable_audio()->clear_path();
  record.clear_conversation();
  record.clear_joining();
  record.clear_fingerprint();
  record.DiscardUnknownFields();
  return record.SerializeAsString();
}

Result<void> check_file(const std::string& path, const CallRecord& record) {
  if (Result<void> whole = decode::check_matroska(path); !whole) return whole;
  const Result<decode::ReadBack> back = decode::read_back(path);
  if (!back) return tl::make_unexpected(back.error());
  const Result<CallRecord> own = record_in(back->attachments);
  if (!own) return tl::make_unexpected(own.error());
  if (own->id() != record.id()) return failure("it holds another call: " + own->id());
  if (comparable(*own) != comparable(record)) {
    return failure("its call.json and the index tell different things of the call");
  }
  const std::string& hash = record.audio().sha256();
  if (!hash.empty() && hex(back->sha256) != hash) {
    return failure("its audio is not what was archived: the SHA-256 of the samples differs");
  }
  for (const decode::Attachment& attachment : back->attachments) {
    if (attachment.name == kCallJson) continue;
    const bool overview = attachment.name == kWaveform;
    Result<void> readable =
        overview ? check_waveform(attachment, back->samples) : check_packets(attachment);
    if (!readable) return readable;
  }
  return {};
}

std::string without_path(std::string message, const std::string& path) {
  if (message.starts_with(path + ": ")) message.erase(0, path.size() + 2);
  return message;
}

class Scrub {
 public:
  Scrub(const Archive& archive, const ScrubOptions& options, const std::atomic<bool>& stop)
      : archive_(archive), options_(options), stop_(stop) {
    report_.last = options.after;
  }

  using OnDamage = std::function<void(const Damage&)>;
  using OnProgress = std::function<void(const ScrubReport&)>;

  [[nodiscard]] Result<ScrubReport> run(const OnDamage& damaged, const OnProgress& progress) {
    while (!is_over()) {
      const Result<std::vector<CallRecord>> page = next_page();
      if (!page) return tl::make_unexpected(page.error());
      report_.at_end = page->empty();
      if (report_.at_end) break;
      for (const CallRecord& record : *page) {
        if (is_over()) return report_;
        check(record, damaged);
        progress(report_);
        keep_to_rate();
      }
    }
    return report_;
  }

 private:
  [[nodiscard]] bool is_over() const {
    return stop_ || (options_.most_bytes != 0 && report_.bytes >= options_.most_bytes);
  }

  [[nodiscard]] Result<std::vector<CallRecord>> next_page() const {
    std::vector<CallRecord> page;
    CallFilter filter;
    filter.oldest_first = true;
    filter.from = start_of(report_.last);
    return archive_
        .query(filter,
               [&](const CallRecord& record) {
                 if (record.id() > report_.last) page.push_back(record);
                 return page.size() < kPage;
               })
        .map([&] { return std::move(page); });
  }

  // The millisecond that an id begins with.
  [[nodiscard]] static std::optional<Timestamp> start_of(const std::string& id) {
    const std::optional<Ulid> ulid = Ulid::parse(id);
    if (!ulid) return std::nullopt;
    constexpr std::size_t kTimeBytes = Ulid::kSize - Ulid::kTailSize;
    std::int64_t milliseconds = 0;
    for (std::size_t i = 0; i < kTimeBytes; ++i) milliseconds = milliseconds << 8U | ulid->bytes[i];
    return Timestamp(std::chrono::milliseconds(milliseconds));
  }

  void check(const CallRecord& record, const OnDamage& damaged) {
    const std::string path = archive_.file_of(record);
    report_.last = record.id();
    ++report_.calls;
    report_.bytes += file_size(path).value_or(0);
    drop_from_cache(path);
    const Result<void> checked = check_file(path, record);
    drop_from_cache(path);
    if (checked || is_gone(record)) return;
    ++report_.damaged;
    damaged({.id = record.id(),
             .path = record.audio().path(),
             .why = checked.error().kind == ErrorKind::kNotFound
                        ? "the file is missing"
                        : without_path(checked.error().message, path)});
  }

  // Its time was over, since the page was read.
  [[nodiscard]] bool is_gone(const CallRecord& record) const {
    const auto now = archive_.find(record.id());
    return !now && now.error().kind == ErrorKind::kNotFound;
  }

  void keep_to_rate() const {
    if (options_.bytes_per_s == 0) return;
    constexpr auto kLook = std::chrono::milliseconds(100);
    const double seconds =
        static_cast<double>(report_.bytes) / static_cast<double>(options_.bytes_per_s);
    const auto due = begun_ + std::chrono::duration_cast<Clock::duration>(
                                  std::chrono::duration<double>(seconds));
    while (!stop_ && Clock::now() < due) {
      std::this_thread::sleep_for(std::min<Clock::duration>(kLook, due - Clock::now()));
    }
  }

  const Archive& archive_;
  const ScrubOptions& options_;
  const std::atomic<bool>& stop_;
  ScrubReport report_;
  Clock::time_point begun_ = Clock::now();
};

}  // namespace

Result<ScrubReport> scrub(const Archive& archive, const ScrubOptions& options,
                          const std::atomic<bool>& stop,
                          const std::function<void(const Damage&)>& damaged,
                          const std::function<void(const ScrubReport&)>& progress) {
  return Scrub(archive, options, stop).run(damaged, progress);
}

}  // namespace koegura::store
