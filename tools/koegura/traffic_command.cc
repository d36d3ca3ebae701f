// koegura traffic: calls with known audio, to try a recorder with.
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

#include "command.h"
#include "file_output.h"
#include "json.h"
#include "output.pb.h"
#include "quantity_text.h"
#include "text_width.h"
#include "time_text.h"
#include "traffic/traffic.h"

namespace koegura::tools {

namespace {

using traffic::ConversationKind;
using traffic::TrafficOptions;

struct OutcomeRow {
  const char* name;
  traffic::Outcome outcome;
};
constexpr std::array kOutcomes = {OutcomeRow{"answered", traffic::Outcome::kAnswered},
                                  OutcomeRow{"missed", traffic::Outcome::kMissed},
                                  OutcomeRow{"busy", traffic::Outcome::kBusy},
                                  OutcomeRow{"cancelled", traffic::Outcome::kCancelled}};

Result<traffic::Outcome> parse_outcome(const std::string& name) {
  for (const OutcomeRow& row : kOutcomes) {
    if (name == row.name) return row.outcome;
  }
  return failure("--outcome: '" + name + "' is not one of answered, missed, busy, cancelled",
                 ErrorKind::kUsage);
}

std::vector<std::string> kind_names() {
  return traffic::conversation_kind_names();
}

Result<ConversationKind> parse_kind(const std::string& name) {
  const std::vector<std::string> names = kind_names();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) {
    return failure("--kind: '" + name + "' is not one of " + joined(names), ErrorKind::kUsage);
  }
  return static_cast<ConversationKind>(found - names.begin());
}

struct DigitWay {
  std::string_view name;
  traffic::DigitVia via;
};
constexpr std::array kDigitWays = {DigitWay{"event", traffic::DigitVia::kEvent},
                                   DigitWay{"inband", traffic::DigitVia::kInband},
                                   DigitWay{"info", traffic::DigitVia::kInfo}};

class TrafficCommand : public Command {
 public:
  void declare(Options& options) override {
    options.text("--write,-w", "FILE", capture_,
                 "the capture to write, pcap or (by its name) pcapng; '-' is stdout");
    options.required();
    options.text("--truth", "FILE", truth_, "what a recorder must find in it, as JSON");
    options.flag("--force", force_, "overwrite the files if they exist");
    options.number("--calls", calls_, "how many calls [10]");
    options.number("--concurrency", concurrency_, "at most so many at once [10]");
    options.text("--ring", "D", ring_, "time to the answer [2s]");
    options.text("--talk", "D", talk_, "answer to BYE [20s]");
    options.texts("--outcome", "X", outcomes_,
                  "how the calls end, in turn: answered, missed, busy, cancelled [answered]");
    options.flag("--no-bye", no_bye_, "the media stops and no BYE is seen");
    declare_conversations(options);
    options.text("--codec", "NAME", traffic_.codec, joined(traffic::codec_names()) + " [PCMU]");
    options.number("--ptime", packet_time_, "milliseconds of audio in a packet [20]");
    options.flag("--no-rtcp", no_rtcp_, "no RTCP");
    options.text("--round-trip", "D", round_trip_, "between the two ends, as RTCP tells [0s]");
    options.text("--digits", "DIGITS", traffic_.digits, "the caller presses them");
    options.texts("--digits-by", "X", digits_by_,
                  "how each is told, in turn: event, inband, info [event]");
    options.text("--hold-at", "D", hold_at_, "the callee holds the call, so long after the answer");
    options.text("--hold-for", "D", hold_for_, "for how long [5s]");
    options.flag("--hold-silent", hold_silent_, "a=inactive in place of music on hold");
    declare_srtp(options);
    declare_network(options);
  }

  Result<void> run(const Session& session) override {
    if (auto read = complete_options(); !read) return read;
    if (auto free = check_files(); !free) return free;
    const auto summary = traffic::generate(traffic_, capture_, truth_);
    if (!summary) return tl::make_unexpected(summary.error());
    print(*summary, session.json);
    return {};
  }

 private:
  void declare_conversations(Options& options) {
    options.number("--conversations", conversations_,
                   "in place of calls: so many conversations of several legs through the PBX");
    options.texts("--kind", "X", kinds_, "their kinds: " + joined(kind_names()) + " [all]");
    options.decimal("--shared-numbers", traffic_.shared_numbers,
                    "part of them whose number another one bears at the same time [0.3]");
  }

  void declare_srtp(Options& options) {
    options.text("--srtp", "SUITE", traffic_.srtp,
                 "SRTP with keys in the SDP: AES_CM_128_HMAC_SHA1_80, AEAD_AES_256_GCM, ...");
    options.flag("--srtp-no-keys", srtp_no_keys_, "SRTP whose keys are not in the SDP");
    options.text("--rekey-at", "D", rekey_at_,
                 "a re-INVITE brings new keys, so long after the answer");
    options.text("--first-sequence", "N", first_sequence_,
                 "RTP's first sequence number, 0 to 65535 [random]");
    options.number("--padding", padding_, "bytes of padding in every RTP packet [0]");
  }

  void declare_network(Options& options) {
    options.text("--clock-error", "PPM[,PPM]", clock_error_,
                 "the caller's and the callee's clocks are fast by so much [0,0]");
    options.decimal("--loss", traffic_.loss, "part of the RTP packets lost: 0.01 is 1 % [0]");
    options.decimal("--tap-loss", traffic_.tap_loss,
                    "part that the receiver has, and the mirror port not [0]");
    options.decimal("--unsent", traffic_.unsent, "part whose numbers the sender leaves out [0]");
    options.decimal("--reorder", traffic_.reorder, "part that changes places with the next [0]");
    options.decimal("--duplicate", traffic_.duplicate, "part that is seen twice [0]");
    options.text("--jitter", "D", jitter_, "each packet arrives up to so much late [0s]");
    options.flag("--tcp", tcp_, "SIP over TCP");
    options.number("--tcp-segment", tcp_segment_, "bytes of SIP in a TCP segment [1460]");
    options.flag("--ipv6", traffic_.ipv6, "IPv6 in place of IPv4");
    options.number("--vlan", vlan_, "802.1Q id [none]");
    options.text("--audio", "DIR", traffic_.audio_directory,
                 "speech from WAV files (8 kHz, 16 bit, mono) [built in]");
    options.number("--seed", seed_, "another seed, other calls [1]");
    options.text("--start", "T", start_, "time of the first call [2026-11-21T10:15:02+09:00]");
  }

  template <typename T>
  static Result<void> fit(const char* option, std::size_t value, T& into) {
    if (value > std::numeric_limits<T>::max()) {
      return failure(std::string(option) + ": " + std::to_string(value) + " is too large",
                     ErrorKind::kUsage);
    }
    into = static_cast<T>(value);
    return {};
  }

  static Result<void> duration(const char* option, const std::string& text, Duration& into) {
    if (text.empty()) return {};
    auto parsed = parse_duration(text);
    if (!parsed) return tl::make_unexpected(std::move(parsed.error()).in(option));
    into = *parsed;
    return {};
  }

  Result<void> complete_options() {
    traffic_.bye = !no_bye_;
    traffic_.rtcp = !no_rtcp_;
    traffic_.seed = seed_;
    traffic_.srtp_tells_keys = !srtp_no_keys_;
    if (tcp_) traffic_.transport = traffic::SipTransport::kTcp;
    return fit("--calls", calls_, traffic_.calls)
        .and_then([&] { return fit("--concurrency", concurrency_, traffic_.concurrency); })
        .and_then([&] { return fit("--conversations", conversations_, traffic_.conversations); })
        .and_then([&] { return fit("--ptime", packet_time_, traffic_.packet_time_ms); })
        .and_then([&] { return fit("--tcp-segment", tcp_segment_, traffic_.tcp_segment_bytes); })
        .and_then([&] { return fit("--padding", padding_, traffic_.padding); })
        .and_then([&] { return fit("--vlan", vlan_, traffic_.vlan); })
        .and_then([&] { return duration("--ring", ring_, traffic_.ring); })
        .and_then([&] { return duration("--talk", talk_, traffic_.talk); })
        .and_then([&] { return duration("--jitter", jitter_, traffic_.jitter); })
        .and_then([&] { return duration("--rekey-at", rekey_at_, traffic_.rekey_at); })
        .and_then([&] { return read_first_sequence(); })
        .and_then([&] { return read_clock_errors(); })
        .and_then([&] { return duration("--round-trip", round_trip_, traffic_.round_trip); })
        .and_then([&] { return read_hold(); })
        .and_then([&] { return read_outcomes(); })
        .and_then([&] { return read_digits_by(); })
        .and_then([&] { return read_kinds(); })
        .and_then([&] { return read_start(); });
  }

  Result<void> read_hold() {
    if (hold_at_.empty()) return {};
    traffic::Hold hold{.duration = std::chrono::seconds(5), .music = !hold_silent_};
    auto read = duration("--hold-at", hold_at_, hold.at).and_then([&] {
      return duration("--hold-for", hold_for_, hold.duration);
    });
    traffic_.hold = hold;
    return read;
  }

  Result<void> read_first_sequence() {
    if (first_sequence_.empty()) return {};
    std::uint16_t number = 0;
    const char* const end = first_sequence_.data() + first_sequence_.size();
    const auto [stop, error] = std::from_chars(first_sequence_.data(), end, number);
    if (error != std::errc() || stop != end) {
      return failure("--first-sequence: '" + first_sequence_ + "' is not 0 to 65535",
                     ErrorKind::kUsage);
    }
    traffic_.first_sequence = number;
    return {};
  }

  // "100" is the caller's, "100,-100" both.
  Result<void> read_clock_errors() {
    if (clock_error_.empty()) return {};
    const char* at = clock_error_.data();
    const char* const end = at + clock_error_.size();
    for (double& error : traffic_.clock_error_ppm) {
      const auto [stop, wrong] = std::from_chars(at, end, error);
      if (wrong != std::errc()) break;
      at = stop;
      if (at == end) return {};
      if (*at++ != ',') break;
    }
    return failure("--clock-error: '" + clock_error_ + "' is not one number of ppm, or two",
                   ErrorKind::kUsage);
  }

  Result<void> read_outcomes() {
    if (outcomes_.empty()) return {};
    traffic_.outcomes.clear();
    for (const std::string& name : outcomes_) {
      auto outcome = parse_outcome(name);
      if (!outcome) return tl::make_unexpected(std::move(outcome.error()));
      traffic_.outcomes.push_back(*outcome);
    }
    return {};
  }

  Result<void> read_digits_by() {
    if (digits_by_.empty()) return {};
    traffic_.digits_by.clear();
    for (const std::string& name : digits_by_) {
      const auto* row = std::find_if(kDigitWays.begin(), kDigitWays.end(),
                                     [&](const DigitWay& way) { return way.name == name; });
      if (row == kDigitWays.end()) {
        return failure("--digits-by: expected event, inband or info, not '" + name + "'",
                       ErrorKind::kUsage);
      }
      traffic_.digits_by.push_back(row->via);
    }
    return {};
  }

  Result<void> read_kinds() {
    for (const std::string& name : kinds_) {
      auto kind = parse_kind(name);
      if (!kind) return tl::make_unexpected(std::move(kind.error()));
      traffic_.kinds.push_back(*kind);
    }
    if (kinds_.empty() || conversations_ > 0) return {};
    return failure("--kind is for --conversations", ErrorKind::kUsage);
  }

  Result<void> read_start() {
    if (start_.empty()) return {};
    auto time = parse_time(start_, std::chrono::system_clock::now());
    if (!time) return tl::make_unexpected(std::move(time.error()).in("--start"));
    traffic_.start = time->begin;
    return {};
  }

  // generate replaces files; a user's file is not ours to replace.
  [[nodiscard]] Result<void> check_files() const {
    for (const std::string& path : {capture_, truth_}) {
      if (path.empty()) continue;
      auto output = FileOutput::create(path, force_);  // removed again when it goes
      if (!output) return tl::make_unexpected(std::move(output.error()));
    }
    return {};
  }

  void print(const traffic::TrafficSummary& summary, bool json) const {
    if (capture_ == "-") return;  // stdout is the capture's
    if (!json) {
      if (summary.conversations > 0) {
        std::printf("%s: %s, %s sharing a number\n", capture_.c_str(),
                    plural(summary.conversations, "conversation").c_str(),
                    count_text(summary.sharing_a_number).c_str());
      }
      std::printf("%s: %s, frames %s = sip %s + rtp %s + rtcp %s, %s\n", capture_.c_str(),
                  plural(summary.calls, "call").c_str(), count_text(summary.frames).c_str(),
                  count_text(summary.sip).c_str(), count_text(summary.rtp).c_str(),
                  count_text(summary.rtcp).c_str(), bytes_text(summary.bytes).c_str());
      return;
    }
    TrafficResult result;
    result.set_capture(printable(capture_));
    result.set_truth(printable(truth_));
    result.set_calls(static_cast<double>(summary.calls));
    result.set_conversations(static_cast<double>(summary.conversations));
    result.set_sharing_a_number(static_cast<double>(summary.sharing_a_number));
    result.set_frames(static_cast<double>(summary.frames));
    result.set_sip(static_cast<double>(summary.sip));
    result.set_rtp(static_cast<double>(summary.rtp));
    result.set_rtcp(static_cast<double>(summary.rtcp));
    result.set_bytes(static_cast<double>(summary.bytes));
    std::puts(json_of(result).c_str());
  }

  TrafficOptions traffic_;
  std::string capture_;
  std::string truth_;
  bool force_ = false;
  std::size_t calls_ = traffic_.calls;
  std::size_t conversations_ = traffic_.conversations;
  std::size_t concurrency_ = traffic_.concurrency;
  std::size_t packet_time_ = traffic_.packet_time_ms;
  std::size_t tcp_segment_ = traffic_.tcp_segment_bytes;
  std::size_t padding_ = traffic_.padding;
  std::size_t vlan_ = traffic_.vlan;
  std::size_t seed_ = traffic_.seed;
  std::string ring_;
  std::string talk_;
  std::string jitter_;
  std::string round_trip_;
  std::string hold_at_;
  std::string hold_for_;
  std::string start_;
  std::string rekey_at_;
  std::string first_sequence_;
  std::string clock_error_;
  std::vector<std::string> outcomes_;
  std::vector<std::string> kinds_;
  std::vector<std::string> digits_by_;
  bool no_bye_ = false;
  bool no_rtcp_ = false;
  bool hold_silent_ = false;
  bool tcp_ = false;
  bool srtp_no_keys_ = false;
};

}  // namespace

std::unique_ptr<Command> make_traffic_command() {
  return std::make_unique<TrafficCommand>();
}

}  // namespace koegura::tools
