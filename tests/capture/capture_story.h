// A story of frames for the tests of Capture: SIP and RTP told message by message, and the calls
// that came of it.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>
#include <vector>

#include "capture/capture.h"
#include "capture/rtp.h"
#include "packet_builder.h"

namespace koegura::capture::test {

class Story final : public CallSink {
 public:
  explicit Story(const CaptureOptions& options = {}) {
    std::string name = (std::filesystem::temp_directory_path() / "koegura-story-XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    auto spool = Spool::open(name, {});
    REQUIRE(spool);
    spool_ = std::move(*spool);
    capture_ = Capture::create(options, *spool_, *this);
  }
  Story(const Story&) = delete;
  Story& operator=(const Story&) = delete;
  ~Story() override {
    calls.clear();
    capture_.reset();
    spool_.reset();
    std::filesystem::remove_all(folder_);
  }

  void take(FinishedCall call) override { calls.push_back(std::move(call)); }

  // Moves the clock on by so many milliseconds.
  Story& after(int milliseconds) {
    now_ += std::chrono::milliseconds(milliseconds);
    return *this;
  }
  Story& send(const Carried& carried) {
    const Octets bytes = ethernet(carried);
    const Frame one = frame(bytes, LinkType::kEthernet, now_);
    capture_->on_frames({&one, 1});
    return *this;
  }
  Story& udp(std::string_view source, std::string_view destination, std::string_view payload) {
    return send(test::udp(source, destination, payload));
  }
  Story& rtp(std::string_view source, std::string_view destination, unsigned ssrc,
             unsigned sequence) {
    Writer packet;
    packet.u8(0x80).u8(0).u16(sequence).u32(sequence * 160).u32(ssrc).zeros(160);
    return send(test::udp(source, destination, Bytes(packet.octets())));
  }
  // So many packets of 20 ms from now on; the clock goes with them.
  Story& speech(std::string_view source, std::string_view destination, unsigned ssrc, int packets,
                unsigned first_sequence = 1) {
    for (int i = 0; i < packets; ++i) {
      rtp(source, destination, ssrc, first_sequence + static_cast<unsigned>(i));
      after(20);
    }
    return *this;
  }
  Story& finish() {
    capture_->finish();
    CHECK(accounting().pending() == 0);
    CHECK(accounting().received == accounting().accounted());
    return *this;
  }

  [[nodiscard]] Accounting accounting() const { return capture_->accounting(); }
  [[nodiscard]] CaptureStats stats() const { return capture_->stats(); }
  [[nodiscard]] const FinishedCall* call(std::string_view call_id) const {
    for (const FinishedCall& call : calls) {
      if (call.call_id == call_id) return &call;
    }
    return nullptr;
  }

  std::vector<FinishedCall> calls;

 private:
  std::filesystem::path folder_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Capture> capture_;
  Timestamp now_ = from_unix_ns(1'800'000'000'000'000'000);
};

// "192.0.2.1:4000" → the SDP of somebody who wants to hear PCMU there.
inline std::string sdp(std::string_view at, std::string_view media = "audio",
                       std::string_view profile = "RTP/AVP 0") {
  const std::size_t colon = at.rfind(':');
  const std::string address(at.substr(0, colon));
  return "v=0\r\no=- 1 1 IN IP4 " + address + "\r\ns=-\r\nc=IN IP4 " + address +
         "\r\nt=0 0\r\nm=" + std::string(media) + " " + std::string(at.substr(colon + 1)) + " " +
         std::string(profile) + "\r\n";
}

// One dialog between a caller and a callee, as its messages.
struct Dialog {
  std::string call_id;
  std::string caller = "192.0.2.1:5060";
  std::string callee = "192.0.2.9:5060";

  [[nodiscard]] std::string headers(std::string_view cseq, bool to_tag) const {
    return "Via: SIP/2.0/UDP " + caller + ";branch=z9hG4bK" + call_id + std::string(cseq) +
           "\r\nFrom: <sip:0312345678@example.jp>;tag=a" + call_id +
           "\r\nTo: <sip:2301@example.jp>" + (to_tag ? ";tag=b" + call_id : "") +
           "\r\nCall-ID: " + call_id + "\r\nCSeq: " + std::string(cseq) +
           "\r\nContact: <sip:2301@" + callee + ">\r\n";
  }
  [[nodiscard]] static std::string with_body(const std::string& body) {
    if (body.empty()) return "Content-Length: 0\r\n\r\n";
    return "Content-Type: application/sdp\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  [[nodiscard]] std::string invite(const std::string& body, int cseq = 1) const {
    return "INVITE sip:2301@example.jp SIP/2.0\r\n" +
           headers(std::to_string(cseq) + " INVITE", cseq > 1) + with_body(body);
  }
  [[nodiscard]] std::string response(const std::string& status, const std::string& body = "",
                                     int cseq = 1) const {
    return "SIP/2.0 " + status + "\r\n" + headers(std::to_string(cseq) + " INVITE", true) +
           with_body(body);
  }
  [[nodiscard]] std::string ack() const {
    return "ACK sip:2301@example.jp SIP/2.0\r\n" + headers("1 ACK", true) + with_body("");
  }
  [[nodiscard]] std::string bye() const {
    return "BYE sip:2301@example.jp SIP/2.0\r\n" + headers("99 BYE", true) + with_body("");
  }
};

// INVITE, 200, ACK: the two hear each other at these endpoints.
inline void answer(Story& story, const Dialog& dialog, std::string_view caller_hears_at,
                   std::string_view callee_hears_at) {
  story.udp(dialog.caller, dialog.callee, dialog.invite(sdp(caller_hears_at))).after(100);
  story.udp(dialog.callee, dialog.caller, dialog.response("180 Ringing")).after(1000);
  story.udp(dialog.callee, dialog.caller, dialog.response("200 OK", sdp(callee_hears_at)));
  story.after(5).udp(dialog.caller, dialog.callee, dialog.ack()).after(5);
}

}  // namespace koegura::capture::test
