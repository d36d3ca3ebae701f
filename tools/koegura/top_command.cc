// koegura top: the recorder, live.
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <thread>

#include "archive_access.h"
#include "command.h"
#include "curses_screen.h"
#include "json.h"
#include "recorder_report.h"
#include "terminal.h"
#include "top_screen.h"

namespace koegura::tools {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTopRedrawn = std::chrono::seconds(1);
constexpr auto kSilence = std::chrono::seconds(3);      // of a recorder that is in trouble
constexpr auto kNextFigures = std::chrono::seconds(5);  // come every second

std::atomic<bool> leave_asked = false;
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler writes it");

void on_signal(int /*signal*/) {
  leave_asked = true;
}

// Before curses looks at them: it leaves alone what is not the default, and would end the program.
void catch_signals() {
  struct sigaction action {};
  action.sa_handler = on_signal;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) sigaction(signal, &action, nullptr);
}

// What the recorder tells, with the rates since it told last.
class TopWatch {
 public:
  explicit TopWatch(ApiClient& recorder) : recorder_(recorder) { recorder_.set_patience(kSilence); }

  // True if the figures are new.
  Result<bool> look() {
    const auto json = recorder_.get("/v1/top");
    if (!json) return tl::make_unexpected(json.error());
    TopSnapshot fresh;
    if (auto parsed = parse_json(*json, fresh); !parsed) {
      return tl::make_unexpected(
          std::move(parsed.error()).in("reading what the recorder answered"));
    }
    const bool first = !now_.has_recorder();
    if (!first && time_of(fresh.recorder().at()) <= time_of(now_.recorder().at())) return false;
    if (!first) set_rates(now_, fresh);
    now_ = std::move(fresh);
    return true;
  }
  [[nodiscard]] const TopSnapshot& now() const { return now_; }

 private:
  ApiClient& recorder_;
  TopSnapshot now_;
};

Result<void> show_once(TopWatch& watch, const Session& session) {
  auto fresh = watch.look();
  const auto deadline = Clock::now() + kNextFigures;
  while (fresh) {
    std::this_thread::sleep_for(kTopRedrawn);
    fresh = watch.look();
    if (fresh && (*fresh || Clock::now() > deadline)) break;
  }
  if (!fresh) return tl::make_unexpected(fresh.error());
  if (session.json) {
    std::puts(json_of(watch.now()).c_str());
    return {};
  }
  TopLayout layout;
  layout.width = SIZE_MAX;
  layout.region = session.config.archive.region;
  for (const ScreenLine& line : draw_top(watch.now(), layout)) {
    std::puts(plain_text(line).c_str());
  }
  return {};
}

// False if the key ends the command.
bool take_key(char key, TopLayout& layout) {
  if (key == 'q' || key == 'Q') return false;
  if (key == 'p' || key == ' ') layout.paused = !layout.paused;
  if (key == 's') layout.sort = next(layout.sort);
  return true;
}

Result<void> show_live(TopWatch& watch, const Session& session) {
  catch_signals();
  const auto screen = CursesScreen::open();
  if (!screen) return tl::make_unexpected(screen.error());
  TopLayout layout;
  layout.region = session.config.archive.region;
  auto due = Clock::now();
  while (!leave_asked) {
    if (Clock::now() >= due) {
      due = Clock::now() + kTopRedrawn;
      const auto fresh = layout.paused ? Result<bool>(false) : watch.look();
      if (!fresh) return tl::make_unexpected(fresh.error());
    }
    layout.width = (*screen)->width();
    layout.height = (*screen)->height();
    (*screen)->draw(draw_top(watch.now(), layout));
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(due - Clock::now());
    if (!take_key((*screen)->key(left), layout)) break;
  }
  return {};
}

class TopCommand : public Command {
 public:
  void declare(Options& /*options*/) override {}

  Result<void> run(const Session& session) override {
    auto recorder = find_recorder(session);
    if (!recorder) return tl::make_unexpected(with_advice(std::move(recorder.error())));
    TopWatch watch(**recorder);
    const bool live = stdout_is_terminal() && isatty(STDIN_FILENO) == 1 && !session.json;
    return live ? show_live(watch, session) : show_once(watch, session);
  }

 private:
  // That none runs is no empty result (exit 4) but a failure.
  static Error with_advice(Error error) {
    if (error.kind != ErrorKind::kNotFound) return error;
    return {error.message +
            ": start one with `koegura record --interface IF`, or look at the archive with "
            "`koegura status`"};
  }
};

}  // namespace

std::unique_ptr<Command> make_top_command() {
  return std::make_unique<TopCommand>();
}

}  // namespace koegura::tools
