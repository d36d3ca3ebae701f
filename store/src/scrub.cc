#include "store/scrub.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "call_check.h"
#include "durable_file.h"
#include "ulid.h"

namespace koegura::store {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kPage = 64;  // calls; between two pages nothing of the index is held

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
      std::span<const CallRecord> rest(*page);
      while (!rest.empty()) {
        if (is_over()) return report_;
        const std::size_t some = std::min(rest.size(), at_once());
        if (!check_some(rest.first(some), damaged, progress)) return report_;
        rest = rest.subspan(some);
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

  [[nodiscard]] static std::optional<Timestamp> start_of(const std::string& id) {
    const std::optional<Ulid> ulid = Ulid::parse(id);
    return ulid ? std::optional(time_in(*ulid)) : std::nullopt;
  }

  [[nodiscard]] std::size_t at_once() const { return options_.threads > 1 ? kPage : 1; }

  // What came of a call; none if it was not read, as somebody asked to stop.
  using Checked = std::optional<Result<void>>;

  // False if not all of them were read. They are told in their order.
  [[nodiscard]] bool check_some(std::span<const CallRecord> records, const OnDamage& damaged,
                                const OnProgress& progress) {
    std::vector<Checked> checked(records.size());
    std::atomic<std::size_t> next = 0;
    const auto work = [&] {
      for (std::size_t i = next++; i < records.size() && !stop_; i = next++) {
        checked[i] = read_one(records[i]);
      }
    };
    {
      std::vector<std::jthread> others;
      for (std::size_t i = 1; i < std::min<std::size_t>(options_.threads, records.size()); ++i) {
        others.emplace_back(work);
      }
      work();
    }
    for (std::size_t i = 0; i < records.size(); ++i) {
      if (!checked[i]) return false;
      tell(records[i], *checked[i], damaged);
      progress(report_);
      keep_to_rate();
    }
    return true;
  }

  [[nodiscard]] Result<void> read_one(const CallRecord& record) const {
    const std::string path = archive_.file_of(record);
    drop_from_cache(path);
    Result<void> checked = check_one(record, path);
    drop_from_cache(path);
    return checked;
  }

  void tell(const CallRecord& record, const Result<void>& checked, const OnDamage& damaged) {
    const std::string path = archive_.file_of(record);
    report_.last = record.id();
    ++report_.calls;
    report_.bytes += file_size(path).value_or(0);
    if (checked || is_gone(record)) return;
    ++report_.damaged;
    damaged({.id = record.id(),
             .path = record.audio().path(),
             .why = checked.error().kind == ErrorKind::kNotFound
                        ? "the file is missing"
                        : without_path(checked.error().message, path)});
  }

  [[nodiscard]] Result<void> check_one(const CallRecord& record, const std::string& path) const {
    const Result<bool> known =
        options_.is_as_archived ? options_.is_as_archived(record, path) : false;
    if (known && *known) return check_call_record(path, record);
    Result<void> checked = check_call_file(path, record);  // says more than that it is another
    if (checked && !known) return tl::make_unexpected(known.error());
    return checked;
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
