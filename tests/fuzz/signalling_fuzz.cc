// Any sequence of SIP messages, with time passing: signalling must stay bounded and give every leg
// once. An input is a script, readable in the corpus:
//
//   script = step*
//   step   = "@" <source> <destination> <milliseconds> LF <message>     up to the next LF "@"
//          | "@~~" <milliseconds>                    the recorder was away for so long
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>
#include <unordered_map>

#include "capture/signalling.h"

namespace {

using namespace koegura;
using namespace koegura::capture;

void require(bool condition) {
  if (!condition) std::abort();
}

class Checker final : public SignallingSink {
 public:
  void on_media(LegId leg, const NegotiatedMedia& media) override {
    require(!legs_[leg].finished);
    require(media.endpoint.port != 0 && !media.endpoint.address.is_unspecified());
  }
  void on_released(LegId leg, Timestamp /*at*/) override {
    require(!legs_[leg].finished);
    legs_[leg].released = true;
  }
  void on_finished(LegId leg, FinishedCall call) override {
    require(legs_[leg].released && !legs_[leg].finished);
    legs_[leg].finished = true;
    require(call.end >= call.start);
    require(call.media.size() <= 256 && call.digits.size() <= 4096 && call.holds.size() <= 1026);
    for (const SignalledHold& hold : call.holds) require(hold.to >= hold.from);
    ++finished;
  }
  std::uint64_t finished = 0;

 private:
  struct Told {
    bool released = false;
    bool finished = false;
  };
  std::unordered_map<LegId, Told> legs_;
};

Endpoint endpoint(char host) {
  return {IpAddress::v4(0xC0000200U + static_cast<std::uint8_t>(host)), 5060};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view script(reinterpret_cast<const char*>(data), size);
  Checker checker;
  const auto signalling = Signalling::create({.max_legs = 6}, checker);
  Timestamp now = from_unix_ns(1'700'000'000'000'000'000);
  while (script.size() > 3 && script[0] == '@') {
    const std::size_t end = script.find("\n@");
    std::string_view step = script.substr(0, end);
    script = end == std::string_view::npos ? std::string_view() : script.substr(end + 1);
    if (step.size() < 3) continue;
    std::int32_t milliseconds = 0;
    std::from_chars(step.data() + 3, step.data() + step.size(), milliseconds);
    const Timestamp before = now;
    now += std::chrono::milliseconds(milliseconds);
    if (step[1] == '~') signalling->resume({.from = before, .to = now});
    const std::size_t line = step.find('\n');
    const std::string_view text =
        line == std::string_view::npos ? std::string_view() : step.substr(line + 1);
    signalling->advance(now);
    const auto message = parse_sip(std::as_bytes(std::span(text)));
    if (!message) continue;
    const auto leg = signalling->on_message(now, endpoint(step[1]), endpoint(step[2]), *message);
    if (leg && message->status == 200) signalling->on_media_heard(*leg, now);
  }
  signalling->finish();
  require(checker.finished == signalling->stats().legs);
  return 0;
}
