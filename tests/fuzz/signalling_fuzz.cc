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
    check(call.links);
    require(call.diversions.size() <= 16);
    for (const Diversion& diversion : call.diversions) require(!diversion.party.uri.empty());
    ++finished;
  }
  std::uint64_t finished = 0;

 private:
  static void check(const Links& links) {
    require(links.session_ids.size() <= 8 && links.callee_tags.size() <= 16);
    require(links.refers.size() <= 16);
    std::size_t text = links.referred_by.size();
    for (const std::string& id : links.session_ids) {
      require(id.size() == 32 && id.find_first_not_of("0123456789abcdef") == std::string::npos);
      text += id.size();
    }
    for (const std::string& tag : links.callee_tags) text += tag.size();
    for (const Refer& refer : links.refers) {
      require(!refer.target.uri.empty());
      require(refer.done.has_value() == (refer.status >= 200));
      text += refer.target.uri.size() + refer.target.user.size();
      if (refer.replaces) text += size_of(*refer.replaces);
    }
    if (links.replaces) text += size_of(*links.replaces);
    require(text <= 16U << 10U);
  }
  static std::size_t size_of(const DialogId& dialog) {
    require(!dialog.call_id.empty() && !dialog.to_tag.empty() && !dialog.from_tag.empty());
    return dialog.call_id.size() + dialog.to_tag.size() + dialog.from_tag.size();
  }

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
