#include "record_quality.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "record_value.h"
#include "store/archive.h"

namespace koegura::store {
namespace {

decode::StreamQuality whole() {
  decode::StreamQuality quality;
  quality.burst_ratio = 1.5;
  quality.longest_loss = 4;
  quality.delay_variation_p50_ms = 1;
  quality.delay_variation_p95_ms = 2;
  quality.delay_variation_max_ms = 3;
  quality.losses = {.network = 1, .tap = 2, .sender = 3, .unknown = 4};
  quality.reports = {.sender_reports = 5,
                     .reception_reports = 6,
                     .packets_sent = 700,
                     .lost = -8,
                     .jitter_ms = 9,
                     .round_trip_ms = 10,
                     .mos = 4.1,
                     .lost_pct = 12,
                     .discarded_pct = 13};
  quality.level_dbov = -20;
  quality.silence_ratio = 0.25;
  quality.talk_s = 15;
  quality.clipping = 0.0009765625;
  return quality;
}

TEST_CASE("every figure of a stream is in its record, and comes back from its JSON") {
  CallRecord record;
  fill_stream_quality(*record.add_streams(), whole());
  const auto read = from_json(to_json(record));
  REQUIRE(read);
  const Stream& stream = read->streams(0);
  CHECK(stream.burst_ratio() == 1.5);
  CHECK(stream.longest_loss() == 4);
  CHECK(stream.delay_variation_p50_ms() == 1);
  CHECK(stream.delay_variation_p95_ms() == 2);
  CHECK(stream.delay_variation_max_ms() == 3);
  CHECK(stream.level_dbov() == -20);
  CHECK(stream.silence_ratio() == 0.25);
  CHECK(stream.talk_s() == 15);
  CHECK(stream.clipping() == 0.0009765625);
  CHECK(stream.losses().network() == 1);
  CHECK(stream.losses().tap() == 2);
  CHECK(stream.losses().sender() == 3);
  CHECK(stream.losses().unknown() == 4);
  CHECK(stream.reports().sender_reports() == 5);
  CHECK(stream.reports().reception_reports() == 6);
  CHECK(stream.reports().packets_sent() == 700);
  CHECK(stream.reports().lost() == -8);
  CHECK(stream.reports().jitter_ms() == 9);
  CHECK(stream.reports().round_trip_ms() == 10);
  CHECK(stream.reports().mos() == doctest::Approx(4.1));
  CHECK(stream.reports().lost_pct() == 12);
  CHECK(stream.reports().discarded_pct() == 13);
}

TEST_CASE("a figure is kept to a millionth of itself, however small it is") {
  for (const double value : {1.7471089828578263, -19.534057071240966, 1e-9, 4e9, 0.1, -0.3}) {
    const double kept = figure(value);
    CHECK(std::abs(kept - value) <= std::abs(value) * 1e-6);
    CHECK(figure(kept) == kept);
    std::uint64_t bits = 0;
    std::memcpy(&bits, &kept, sizeof bits);
    CHECK((bits & 0xFFFFFFFFU) == 0);
  }
  CHECK(figure(0.0) == 0);
  CHECK(figure(std::numeric_limits<double>::infinity()) == 0);
}

TEST_CASE("what nobody reported is absent, and what is no number is 0") {
  Stream stream;
  decode::StreamQuality quality;
  quality.burst_ratio = std::numeric_limits<double>::quiet_NaN();
  quality.level_dbov = -std::numeric_limits<double>::infinity();
  fill_stream_quality(stream, quality);
  CHECK_FALSE(stream.has_reports());
  CHECK_FALSE(stream.has_losses());
  CHECK(stream.burst_ratio() == 0);
  CHECK(stream.level_dbov() == 0);
}

TEST_CASE("the call's own figures are in its record") {
  Quality out;
  fill_call_quality(out, {.double_talk_s = 1.5,
                          .round_trip_ms = 80,
                          .one_way = capture::Side::kCallee,
                          .rtcp_packets = 12,
                          .rtcp_unreadable = 3});
  CHECK(out.double_talk_s() == 1.5);
  CHECK(out.round_trip_ms() == 80);
  CHECK(out.one_way() == "callee");
  CHECK(out.rtcp_packets() == 12);
  CHECK(out.rtcp_unreadable() == 3);
  Quality nothing;
  fill_call_quality(nothing, {});
  CHECK(nothing.one_way().empty());
}

}  // namespace
}  // namespace koegura::store
