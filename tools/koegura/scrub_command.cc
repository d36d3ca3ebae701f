// koegura scrub: every call of the archive read again, slowly; it goes on where it was stopped.
#include <chrono>
#include <thread>

#include "command.h"
#include "json.h"
#include "low_priority.h"
#include "progress.h"
#include "quantity_text.h"
#include "scrub_report.h"
#include "scrub_state.h"
#include "store/scrub.h"

namespace koegura::tools {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSaved = std::chrono::seconds(10);
// A recorder's own scrub has the lock for a stretch of reading.
constexpr auto kStopPatience = std::chrono::seconds(30);

class ScrubCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("--rate", "SIZE", rate_,
                 "read at most so much a second, as in 512KiB/s or 1GiB/s; 0: as fast as it goes "
                 "[10MiB/s]");
  }

  Result<void> run(const Session& session) override {
    const auto rate = bytes_per_s();
    if (!rate) return tl::make_unexpected(rate.error());
    const auto archive =
        store::Archive::open(session.archive, store::OpenMode::kRead, session.config.archive);
    if (!archive) return tl::make_unexpected(archive.error());
    const auto summary = (*archive)->summary();
    if (!summary) return tl::make_unexpected(summary.error());
    const std::atomic<bool>& stop = stop_on_signal();
    const auto lock = take_lock(session.archive, stop);
    if (!lock) return tl::make_unexpected(lock.error());
    lower_own_priority();
    Pass pass(session);
    return pass.run(**archive, *rate, summary->file_bytes, stop);
  }

 private:
  // One run of the command; what it finds goes to the state and to standard output.
  class Pass {
   public:
    explicit Pass(const Session& session)
        : session_(session), state_(load_scrub_state(session.archive)) {}

    Result<void> run(const store::Archive& archive, std::uint64_t rate, std::uint64_t total,
                     const std::atomic<bool>& stop) {
      if (!state_.has_began() || is_complete(state_)) begin_pass(state_, now());
      state_.clear_error();
      for (const DamagedCall& call : state_.damaged_calls()) {
        if (time_of(call.seen()) >= time_of(state_.began())) print_damaged(call, session_.json);
      }
      store::ScrubOptions options;
      options.bytes_per_s = rate;
      options.after = state_.position();
      store::ScrubReport last;
      const auto report = store::scrub(
          archive, options, stop, [&](const store::Damage& damage) { note(damage); },
          [&](const store::ScrubReport& progress) {
            note_progress(state_, std::exchange(last, progress), progress);
            progress_.update(static_cast<std::uint64_t>(state_.bytes()), total);
            save_now_and_then();
          });
      progress_.clear();
      if (report && report->at_end) complete_pass(state_, now());
      if (!report) state_.set_error(report.error().message);
      const auto saved = save_scrub_state(session_.archive, state_);
      if (!report) return tl::make_unexpected(report.error());
      ScrubResult result;
      result.set_calls(static_cast<double>(report->calls));
      result.set_bytes(static_cast<double>(report->bytes));
      result.set_damaged(state_.damaged());
      result.set_complete(report->at_end);
      print_result(result, session_.json);
      if (!saved) return saved;
      return verdict_of(result, "the next `koegura scrub` goes on from there");
    }

   private:
    static Timestamp now() { return std::chrono::system_clock::now(); }

    void note(const store::Damage& damage) {
      note_damage(state_, damage, now());
      progress_.clear();
      print_damaged(damaged_call(damage, now()), session_.json);
    }

    // A failure shows at the end, when it is saved for good.
    void save_now_and_then() {
      if (Clock::now() < next_save_) return;
      next_save_ = Clock::now() + kSaved;
      (void)save_scrub_state(session_.archive, state_);
    }

    const Session& session_;
    ScrubState state_;
    Progress progress_{"scrubbing", "B"};
    Clock::time_point next_save_ = Clock::now() + kSaved;
  };

  [[nodiscard]] Result<std::uint64_t> bytes_per_s() const {
    std::string_view size = rate_;
    if (size.ends_with("/s")) size.remove_suffix(2);
    const auto bytes = parse_size(size);
    if (bytes) return static_cast<std::uint64_t>(*bytes);
    return failure("scrub: --rate: '" + rate_ + "' is no rate: as in 512KiB/s, 10MiB/s, 1GiB/s",
                   ErrorKind::kUsage);
  }

  [[nodiscard]] static Result<ScrubLock> take_lock(const std::string& directory,
                                                   const std::atomic<bool>& stop) {
    constexpr auto kLook = std::chrono::milliseconds(200);
    const auto until = Clock::now() + kStopPatience;
    while (true) {
      auto lock = ScrubLock::take(directory);
      const bool is_over = stop || Clock::now() > until;
      if (lock || lock.error().kind == ErrorKind::kNotPermitted || is_over) return lock;
      std::this_thread::sleep_for(kLook);
    }
  }

  std::string rate_ = "10MiB/s";
};

}  // namespace

std::unique_ptr<Command> make_scrub_command() {
  return std::make_unique<ScrubCommand>();
}

}  // namespace koegura::tools
