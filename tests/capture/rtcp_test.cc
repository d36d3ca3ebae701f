#include "capture/rtcp.h"

#include <doctest/doctest.h>

#include <initializer_list>
#include <string_view>
#include <vector>

namespace koegura::capture {
namespace {

constexpr std::uint8_t kSr = 200;
constexpr std::uint8_t kRr = 201;
constexpr std::uint8_t kSdes = 202;
constexpr std::uint8_t kBye = 203;
constexpr std::uint8_t kXr = 207;

// Bytes in network order, a word or a letter at a time.
class Wire {
 public:
  Wire& words(std::initializer_list<std::uint32_t> values) {
    for (const std::uint32_t value : values) {
      for (int shift = 24; shift >= 0; shift -= 8) push(value >> static_cast<unsigned>(shift));
    }
    return *this;
  }
  Wire& text(std::string_view letters) {
    for (const char letter : letters) push(static_cast<unsigned char>(letter));
    return *this;
  }
  Wire& octets(std::initializer_list<std::uint32_t> values) {
    for (const std::uint32_t value : values) push(value);
    return *this;
  }
  // A packet of this type around what is here; count goes into the first byte.
  [[nodiscard]] Wire packet(std::uint8_t type, std::uint32_t count, bool padding = false) const {
    Wire whole;
    whole.octets({0x80U | (padding ? 0x20U : 0U) | count, type,
                  static_cast<std::uint32_t>(bytes_.size() / 4 >> 8U),
                  static_cast<std::uint32_t>(bytes_.size() / 4 & 0xFFU)});
    return whole.append(*this);
  }
  // A block of an extended report around what is here.
  [[nodiscard]] Wire block(std::uint8_t type, std::uint32_t flags) const {
    Wire whole;
    whole.octets({type, flags, static_cast<std::uint32_t>(bytes_.size() / 4 >> 8U),
                  static_cast<std::uint32_t>(bytes_.size() / 4 & 0xFFU)});
    return whole.append(*this);
  }
  Wire& append(const Wire& other) {
    bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
    return *this;
  }
  Wire& cut(std::size_t bytes) {
    bytes_.resize(bytes_.size() - bytes);
    return *this;
  }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] auto parsed() const { return parse_rtcp(bytes_); }

 private:
  void push(std::uint32_t value) { bytes_.push_back(static_cast<std::byte>(value & 0xFFU)); }
  std::vector<std::byte> bytes_;
};

Wire sender_report() {
  return Wire()
      .words({0x11, 0xE0000001, 0x80000000, 16000, 250, 40000})
      .words({0x22, 0x19000005, 0x0001ABCD, 80, 0x00018000, 0x00010000})
      .packet(kSr, 1);
}

Wire receiver_report() {
  return Wire().words({0x33}).words({0x22, 0x00FFFFFE, 7, 8, 0, 0}).packet(kRr, 1);
}

TEST_CASE("a sender report and its reception block are read as RFC 3550 §6.4.1 draws them") {
  const auto reports = sender_report().parsed();
  REQUIRE(reports);
  REQUIRE(reports->senders.size() == 1);
  const SenderReport& sender = reports->senders[0];
  CHECK(sender.ssrc == 0x11);
  CHECK(sender.ntp == 0xE000'0001'8000'0000);
  CHECK(sender.rtp_timestamp == 16000);
  CHECK(sender.packets == 250);
  CHECK(sender.octets == 40000);
  REQUIRE(reports->receptions.size() == 1);
  const ReceptionReport& reception = reports->receptions[0];
  CHECK(reception.reporter == 0x11);
  CHECK(reception.source == 0x22);
  CHECK(reception.fraction_lost == 0x19);
  CHECK(reception.cumulative_lost == 5);
  CHECK(reception.highest_sequence == 0x0001ABCD);
  CHECK(reception.jitter == 80);
  CHECK(reception.last_sender_report == 0x00018000);
  CHECK(reception.delay_since == 0x00010000);
}

TEST_CASE("cumulative loss is signed: copies make it negative") {
  const auto reports = receiver_report().parsed();
  REQUIRE(reports);
  CHECK(reports->senders.empty());
  REQUIRE(reports->receptions.size() == 1);
  CHECK(reports->receptions[0].reporter == 0x33);
  CHECK(reports->receptions[0].cumulative_lost == -2);
}

TEST_CASE("a compound is read packet by packet, unknown kinds are passed over") {
  Wire compound = receiver_report();
  compound.append(Wire().words({0x33}).octets({1, 5}).text("voice").octets({0}).packet(kSdes, 1));
  compound.append(Wire().words({1, 2}).packet(206, 1));  // RFC 4585 feedback
  compound.append(Wire().words({0x33, 0x44}).packet(kBye, 2));
  const auto reports = compound.parsed();
  REQUIRE(reports);
  CHECK(reports->receptions.size() == 1);
  REQUIRE(reports->descriptions.size() == 1);
  CHECK(reports->descriptions[0].ssrc == 0x33);
  CHECK(reports->descriptions[0].cname == "voice");
  CHECK(reports->goodbyes == std::vector<std::uint32_t>{0x33, 0x44});
}

TEST_CASE("chunks of a description begin at the next word") {
  const auto reports = Wire()
                           .words({1})
                           .octets({1, 1, 'a', 6, 2, 'p', 'q', 0})
                           .words({2})
                           .octets({1, 2, 'b', 'c', 0, 0, 0, 0})
                           .packet(kSdes, 2)
                           .parsed();
  REQUIRE(reports);
  REQUIRE(reports->descriptions.size() == 2);
  CHECK(reports->descriptions[0].tool == "pq");
  CHECK(reports->descriptions[1].ssrc == 2);
  CHECK(reports->descriptions[1].cname == "bc");
}

TEST_CASE("blocks of an extended report are read as RFC 3611 §4 draws them") {
  Wire blocks;
  blocks.words({0x33});
  blocks.append(Wire().words({0xE0000001, 0x40000000}).block(4, 0));
  blocks.append(Wire().words({0x22, 0x00014000, 0x8000, 0x55, 1, 2}).block(5, 0));
  blocks.append(Wire().words({9}).block(1, 0));  // loss run lengths, passed over
  blocks.append(Wire().words({0x22, 0x000A0014, 3, 4, 10, 20, 15, 2, 0}).block(6, 0xE0));
  blocks.append(Wire()
                    .words({0x22})
                    .octets({13, 26, 1, 2, 0, 120, 0, 240, 0, 180, 0, 60, 0xD3, 0xBA, 100, 16})
                    .octets({87, 127, 41, 39, 0, 0, 0, 40, 0, 60, 0, 80})
                    .block(7, 0));
  const auto reports = blocks.packet(kXr, 0).parsed();
  REQUIRE(reports);
  REQUIRE(reports->reference_times.size() == 1);
  CHECK(reports->reference_times[0].ntp == 0xE000'0001'4000'0000);
  REQUIRE(reports->delays.size() == 2);
  CHECK(reports->delays[0].last_reference == 0x00014000);
  CHECK(reports->delays[1].source == 0x55);
  CHECK(reports->delays[1].delay_since == 2);
  REQUIRE(reports->summaries.size() == 1);
  CHECK(reports->summaries[0].first_sequence == 10);
  CHECK(reports->summaries[0].end_sequence == 20);
  CHECK(reports->summaries[0].lost == 3);
  CHECK(reports->summaries[0].duplicates == 4);
  CHECK(reports->summaries[0].max_jitter == 20);
  CHECK(reports->summaries[0].mean_jitter == 15);
  REQUIRE(reports->voip_metrics.size() == 1);
  const VoipMetrics& voip = reports->voip_metrics[0];
  CHECK(voip.reporter == 0x33);
  CHECK(voip.source == 0x22);
  CHECK(voip.loss_rate == 13);
  CHECK(voip.discard_rate == 26);
  CHECK(voip.round_trip_ms == 180);
  CHECK(voip.end_system_ms == 60);
  CHECK(voip.r_factor == 87);
  CHECK(voip.mos_listening == 41);
  CHECK(voip.mos_conversational == 39);
}

TEST_CASE("a summary says nothing of what its flags leave out") {
  const auto reports = Wire()
                           .words({0x33})
                           .append(Wire().words({1, 0, 3, 4, 5, 6, 7, 8, 9}).block(6, 0x40))
                           .packet(kXr, 0)
                           .parsed();
  REQUIRE(reports);
  REQUIRE(reports->summaries.size() == 1);
  CHECK_FALSE(reports->summaries[0].has_losses);
  CHECK(reports->summaries[0].lost == 0);
  CHECK(reports->summaries[0].duplicates == 4);
  CHECK(reports->summaries[0].max_jitter == 0);
}

TEST_CASE("padding belongs to the last packet, and its length is its last byte") {
  Wire padded = receiver_report();
  padded.append(Wire().words({0x44, 4}).packet(kBye, 1, true));
  const auto reports = padded.parsed();
  REQUIRE(reports);
  CHECK(reports->goodbyes == std::vector<std::uint32_t>{0x44});

  Wire early = Wire().words({0x44, 4}).packet(kBye, 1, true);
  early.append(receiver_report());
  CHECK(early.parsed().error() == Defect::kRtcpBadPadding);
  CHECK(Wire().words({0x44, 0}).packet(kBye, 1, true).parsed().error() == Defect::kRtcpBadPadding);
  CHECK(Wire().words({0x44, 3}).packet(kBye, 1, true).parsed().error() == Defect::kRtcpBadPadding);
  CHECK(Wire().words({0x44, 12}).packet(kBye, 1, true).parsed().error() == Defect::kRtcpBadPadding);
}

TEST_CASE("each defect is named") {
  CHECK(Wire().parsed().error() == Defect::kRtcpTruncated);
  CHECK(sender_report().cut(4).parsed().error() == Defect::kRtcpTruncated);
  CHECK(sender_report().append(Wire().octets({0x80, 201})).parsed().error() ==
        Defect::kRtcpTruncated);
  CHECK(Wire().words({1}).packet(96, 0).parsed().error() == Defect::kRtcpBadHeader);
  CHECK(Wire().octets({0x41, 200, 0, 0}).parsed().error() == Defect::kRtcpBadHeader);
  CHECK(Wire().words({1, 2, 3}).packet(kSr, 0).parsed().error() == Defect::kRtcpBadReport);
  CHECK(Wire().words({1, 2, 3}).packet(kRr, 1).parsed().error() == Defect::kRtcpBadReport);
  CHECK(Wire().packet(kRr, 0).parsed().error() == Defect::kRtcpBadReport);
  CHECK(Wire().words({1}).packet(kBye, 2).parsed().error() == Defect::kRtcpBadReport);
  CHECK(Wire().packet(kXr, 0).parsed().error() == Defect::kRtcpBadReport);
  CHECK(Wire().words({1}).octets({1, 9, 'a', 'b'}).packet(kSdes, 1).parsed().error() ==
        Defect::kRtcpBadDescription);
  CHECK(Wire().words({1}).octets({1, 2, 'a', 'b'}).packet(kSdes, 1).parsed().error() ==
        Defect::kRtcpBadDescription);
  const auto extended = [](const Wire& block) {
    return Wire().words({1}).append(block).packet(kXr, 0).parsed().error();
  };
  CHECK(extended(Wire().words({1}).block(4, 0)) == Defect::kRtcpBadBlock);
  CHECK(extended(Wire().words({1, 2}).block(5, 0)) == Defect::kRtcpBadBlock);
  CHECK(extended(Wire().words({1, 2}).block(6, 0)) == Defect::kRtcpBadBlock);
  CHECK(extended(Wire().words({1, 2}).block(7, 0)) == Defect::kRtcpBadBlock);
  CHECK(extended(Wire().words({1, 2}).block(4, 0).cut(4)) == Defect::kRtcpBadBlock);
}

TEST_CASE("SRTCP is refused, not read as numbers: its trailer is no packet") {
  // RFC 3711 §3.4: E and the index, then an authentication tag of 80 bits.
  const auto secured =
      sender_report().words({0x80000001}).octets({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}).parsed();
  CHECK_FALSE(secured);
}

}  // namespace
}  // namespace koegura::capture
