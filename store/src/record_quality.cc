#include "record_quality.h"

#include "record_value.h"

namespace koegura::store {
namespace {

void fill_reports(StreamReports& out, const decode::StreamReports& reports) {
  out.set_sender_reports(reports.sender_reports);
  out.set_reception_reports(reports.reception_reports);
  out.set_packets_sent(reports.packets_sent);
  out.set_lost(reports.lost);
  out.set_jitter_ms(figure(reports.jitter_ms));
  out.set_round_trip_ms(figure(reports.round_trip_ms));
  out.set_mos(figure(reports.mos));
  out.set_lost_pct(figure(reports.lost_pct));
  out.set_discarded_pct(figure(reports.discarded_pct));
}

}  // namespace

void fill_stream_quality(Stream& out, const decode::StreamQuality& quality) {
  out.set_burst_ratio(figure(quality.burst_ratio));
  out.set_longest_loss(quality.longest_loss);
  out.set_delay_variation_p50_ms(figure(quality.delay_variation_p50_ms));
  out.set_delay_variation_p95_ms(figure(quality.delay_variation_p95_ms));
  out.set_delay_variation_max_ms(figure(quality.delay_variation_max_ms));
  out.set_level_dbov(figure(quality.level_dbov));
  out.set_talk_s(finite(quality.talk_s));
  out.set_silence_ratio(figure(quality.silence_ratio));
  out.set_clipping(figure(quality.clipping));
  const bool reported =
      quality.reports.sender_reports != 0 || quality.reports.reception_reports != 0;
  if (reported) fill_reports(*out.mutable_reports(), quality.reports);
  const decode::LossShares& losses = quality.losses;
  if (losses.network + losses.tap + losses.sender + losses.unknown == 0) return;
  LossShares& shares = *out.mutable_losses();
  shares.set_network(losses.network);
  shares.set_tap(losses.tap);
  shares.set_sender(losses.sender);
  shares.set_unknown(losses.unknown);
}

void fill_call_quality(Quality& out, const decode::CallQuality& quality) {
  if (quality.one_way) out.set_one_way(side_name(*quality.one_way));
  out.set_double_talk_s(finite(quality.double_talk_s));
  out.set_round_trip_ms(figure(quality.round_trip_ms));
  out.set_rtcp_packets(quality.rtcp_packets);
  out.set_rtcp_unreadable(quality.rtcp_unreadable);
}

}  // namespace koegura::store
