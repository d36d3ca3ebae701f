#include "quality_story.h"

#include <doctest/doctest.h>

namespace koegura::tools {
namespace {

using Lines = std::vector<std::string>;

TEST_CASE("of a stream that nothing is known of there is nothing to say") {
  CHECK(stream_quality_lines(Stream()).empty());
  CHECK(one_way_text(Quality()).empty());
  CHECK(conversation_quality_text(Quality()).empty());
  CHECK(lost_by_text("").empty());
}

TEST_CASE("speech, delays, bursts, RTCP and losses have a line each") {
  Stream stream;
  stream.set_talk_s(16.1);
  stream.set_silence_ratio(0.46);
  stream.set_level_dbov(-21.34);
  stream.set_clipping(0.0012);
  stream.set_delay_variation_p50_ms(2.5);
  stream.set_delay_variation_p95_ms(4.5);
  stream.set_delay_variation_max_ms(5.0);
  stream.set_longest_loss(3);
  stream.set_burst_ratio(1.6);
  StreamReports& reports = *stream.mutable_reports();
  reports.set_sender_reports(6);
  reports.set_packets_sent(1251);
  reports.set_reception_reports(6);
  reports.set_lost(14);
  reports.set_jitter_ms(1.8);
  reports.set_round_trip_ms(40.2);
  stream.mutable_losses()->set_network(14);
  stream.mutable_losses()->set_tap(15);
  stream.mutable_losses()->set_sender(2);
  stream.mutable_losses()->set_unknown(7);
  CHECK(stream_quality_lines(stream) ==
        Lines{"speech 16.1 s (54 %) at -21.3 dBov, 0.12 % of the samples clipped",
              "delay varies by 2.5 ms (median), 4.5 ms (95 %), 5.0 ms at most",
              "up to 3 packets lost in a row, burst ratio 1.6",
              "RTCP: 1,251 packets sent by the last report, the receiver missed 14, its jitter "
              "1.8 ms, round trip from here 40 ms",
              "missing: 14 on the network, 15 on the way to the recorder alone, 2 never sent, 7 "
              "nobody knows where"});
}

TEST_CASE("a side that sent but never spoke was silent; losses that nobody explains are no news") {
  Stream stream;
  stream.set_silence_ratio(1);
  stream.mutable_losses()->set_unknown(7);
  CHECK(stream_quality_lines(stream) == Lines{"silent all the time"});
}

TEST_CASE("copies make the receiver's count negative: it missed none") {
  Stream stream;
  stream.mutable_reports()->set_reception_reports(1);
  stream.mutable_reports()->set_lost(-3);
  CHECK(stream_quality_lines(stream) == Lines{"RTCP: the receiver missed none, its jitter 0.0 ms"});
}

TEST_CASE("one-way calls, double talk and the round trip are said in words") {
  Quality quality;
  quality.set_one_way("callee");
  quality.set_double_talk_s(3.21);
  quality.set_round_trip_ms(80);
  CHECK(one_way_text(quality) == "the callee was never heard: no packet of that side came");
  CHECK(conversation_quality_text(quality) == "both spoke at once for 3.2 s, round trip 80 ms");
}

TEST_CASE("each verdict is a sentence") {
  CHECK(lost_by_text("network") == "lost on the network: the receiver missed it, too");
  CHECK(lost_by_text("tap") == "lost on the way to the recorder: the receiver had it");
  CHECK(lost_by_text("sender") == "never sent: the sender left these numbers out");
}

}  // namespace
}  // namespace koegura::tools
