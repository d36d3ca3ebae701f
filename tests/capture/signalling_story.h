// A story of SIP messages for the tests of Signalling: who says what to whom, and what came of it.
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/signalling.h"

namespace koegura::capture::test {

// Everything about one message that a story may want to change.
struct Said {
  unsigned cseq = 0;        // 0: the current one of whoever speaks
  int hop = 1;              // 1: caller to proxy, 2: proxy to callee; each with its branch
  std::string branch = "";  // instead of the hop's
  std::string method = "";  // of the request that a response answers, instead of the last one
  std::string call_id = "call";
  std::string caller_tag = "alice";
  std::string callee_tag = "bob";  // in requests only once the dialog stands
  bool in_dialog = false;          // a request with a To tag
  std::string from = "\"Alice\" <sip:2301@pbx.example>";
  std::string to = "<sip:2302@pbx.example>";
  std::string headers = "";  // "Name: value\r\n"…
  std::string body = "";
  std::string type = "application/sdp";
};

// The session description of an endpoint, with attribute lines ("a=sendonly\r\n") behind it.
inline std::string sdp(std::string_view address, int port, std::string_view attributes = "",
                       std::string_view media = "RTP/AVP 0 8") {
  return "v=0\r\no=- 1 1 IN IP4 " + std::string(address) + "\r\ns=-\r\nc=IN IP4 " +
         std::string(address) + "\r\nt=0 0\r\nm=audio " + std::to_string(port) + " " +
         std::string(media) + "\r\n" + std::string(attributes);
}

// Stories end soon: a second behind the last word.
inline SignallingOptions short_linger() {
  SignallingOptions options;
  options.release_linger = std::chrono::seconds(1);
  return options;
}

class SipStory final : public SignallingSink {
 public:
  explicit SipStory(const SignallingOptions& options = short_linger())
      : signalling_(Signalling::create(options, *this)) {}

  // Seconds since the story began, and the moments of it.
  [[nodiscard]] static Timestamp at(double seconds) {
    return from_unix_ns(1'700'000'000'000'000'000) +
           std::chrono::round<Duration>(std::chrono::duration<double>(seconds));
  }
  // The recorder was away.
  SipStory& resume(double from, double to) {
    signalling_->resume({.from = at(from), .to = at(to)});
    return time(to);
  }
  SipStory& time(double seconds) {
    now_ = at(seconds);
    return *this;
  }
  SipStory& advance(double seconds) {
    signalling_->advance(at(seconds));
    return time(seconds);
  }

  // A request of the caller, a request of the callee, a response to the last request.
  SipStory& caller(const std::string& method, Said said = {}) {
    return request(method, Side::kCaller, std::move(said));
  }
  SipStory& callee(const std::string& method, Said said = {}) {
    said.in_dialog = true;
    return request(method, Side::kCallee, std::move(said));
  }
  SipStory& response(int status, const std::string& phrase, Said said = {}) {
    if (said.cseq == 0) said.cseq = last_cseq_;
    const std::string start = "SIP/2.0 " + std::to_string(status) + " " + phrase;
    said.in_dialog = status > 100;
    return deliver(start, said, last_by_, other(last_by_),
                   said.method.empty() ? last_method_ : said.method);
  }
  SipStory& finish() {
    signalling_->finish();
    return *this;
  }
  SipStory& media_heard(double seconds) {
    signalling_->on_media_heard(last_leg.value(), at(seconds));
    return *this;
  }

  [[nodiscard]] SignallingStats stats() const { return signalling_->stats(); }
  // The only call of the story.
  [[nodiscard]] const FinishedCall& call() const {
    REQUIRE(finished.size() == 1);
    return finished.front();
  }

  void on_media(LegId leg, const NegotiatedMedia& media) override {
    announced.emplace_back(leg, media);
  }
  void on_released(LegId leg, Timestamp at) override { released.emplace_back(leg, at); }
  void on_finished(LegId /*leg*/, FinishedCall call) override {
    finished.push_back(std::move(call));
  }

  std::optional<LegId> last_leg;  // of the last message
  std::vector<std::pair<LegId, NegotiatedMedia>> announced;
  std::vector<std::pair<LegId, Timestamp>> released;
  std::vector<FinishedCall> finished;

 private:
  SipStory& request(const std::string& method, Side by, Said said) {
    unsigned& cseq = cseq_[static_cast<std::size_t>(by)];
    if (said.cseq == 0) {
      const bool same = method == "ACK" || method == "CANCEL" || said.hop > 1;
      said.cseq = same ? cseq : cseq + 1;
    }
    cseq = said.cseq;
    last_cseq_ = said.cseq;
    last_method_ = method;
    last_by_ = by;
    return deliver(method + " sip:2302@192.0.2.2 SIP/2.0", said, by, by, method);
  }

  SipStory& deliver(const std::string& start, const Said& said, Side by, Side sender,
                    const std::string& method) {
    const std::string tag_of_callee = said.in_dialog ? ";tag=" + said.callee_tag : "";
    const std::string caller = said.from + ";tag=" + said.caller_tag;
    const std::string callee = said.to + tag_of_callee;
    const std::string branch = said.branch.empty() ? "z9hG4bK-" + std::to_string(said.hop) + "-" +
                                                         std::to_string(said.cseq) +
                                                         (by == Side::kCaller ? "a" : "b")
                                                   : said.branch;
    std::string text = start + "\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=" + branch +
                       "\r\nFrom: " + (by == Side::kCaller ? caller : callee) +
                       "\r\nTo: " + (by == Side::kCaller ? callee : caller) +
                       "\r\nCall-ID: " + said.call_id + "\r\nCSeq: " + std::to_string(said.cseq) +
                       " " + method + "\r\n" + said.headers;
    if (!said.body.empty()) text += "Content-Type: " + said.type + "\r\n";
    text += "Content-Length: " + std::to_string(said.body.size()) + "\r\n\r\n" + said.body;

    const auto message = parse_sip(std::as_bytes(std::span(text)));
    REQUIRE(message);
    Endpoint from = endpoint(said.hop == 1 ? "192.0.2.1" : "192.0.2.5");
    Endpoint to = endpoint(said.hop == 1 ? "192.0.2.5" : "192.0.2.2");
    if (sender == Side::kCallee) std::swap(from, to);
    last_leg = signalling_->on_message(now_, from, to, *message);
    return *this;
  }

  static Endpoint endpoint(std::string_view address) {
    return {IpAddress::parse(address).value(), 5060};
  }

  std::unique_ptr<Signalling> signalling_;
  Timestamp now_ = at(0);
  unsigned cseq_[2] = {0, 100};
  unsigned last_cseq_ = 0;
  std::string last_method_;
  Side last_by_ = Side::kCaller;
};

}  // namespace koegura::capture::test
