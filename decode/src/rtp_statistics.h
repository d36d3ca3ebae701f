// RtpStatistics: what RFC 3550 lets a receiver say about one stream, and a MOS from it. Fed in
// order of arrival.
//
//   watch? (on_restart? on_packet | on_duplicate)* finish
#pragma once

#include <cstdint>

#include "delay_variation.h"
#include "format_map.h"
#include "reorder_window.h"
#include "report_marks.h"

namespace koegura::decode {

class RtpStatistics {
 public:
  // The packet begins a new numbering, or is the first after an outage: what lies between is no
  // loss and no jitter.
  void on_restart() {
    open_numbering_ = false;
    jitter_clock_ = 0;
    delays_.restart();
  }
  void on_packet(const StreamPacket& packet);
  void on_duplicate() { ++duplicates_; }
  void finish() {
    delays_.finish();
    at_sent_.finish(highest_, packets());
    at_received_.finish(highest_, packets());
  }
  // When RTCP of this stream passed: its sender's, its receiver's. In order.
  void watch(std::vector<Timestamp> sent, std::vector<Timestamp> received) {
    at_sent_.watch(std::move(sent));
    at_received_.watch(std::move(received));
  }

  [[nodiscard]] std::uint32_t packets() const { return packets_; }
  [[nodiscard]] std::uint32_t lost() const;
  [[nodiscard]] std::uint32_t duplicates() const { return duplicates_; }
  [[nodiscard]] std::uint32_t reordered() const { return reordered_; }
  [[nodiscard]] double jitter_ms() const { return jitter_ns_ / 1e6; }
  void know_rate(double rate) { delays_.know_rate(rate); }
  [[nodiscard]] const DelayVariation& delays() const { return delays_; }
  [[nodiscard]] const ReportMarks& at_sent() const { return at_sent_; }
  [[nodiscard]] const ReportMarks& at_received() const { return at_received_; }
  // Of the first packet's numbering.
  [[nodiscard]] std::int64_t first_sequence() const { return first_sequence_; }
  // 1.0 to 4.5 by the E-model (e_model.h). delay_ms: from mouth to ear. 0 without a codec.
  [[nodiscard]] double mos(const Codec* codec, double burst_ratio, double delay_ms) const;

 private:
  void measure_jitter(const StreamPacket& packet);

  std::uint32_t packets_ = 0;
  std::uint32_t duplicates_ = 0;
  std::uint32_t reordered_ = 0;
  bool open_numbering_ = false;
  std::int64_t expected_before_ = 0;  // of earlier numberings
  std::int64_t lowest_ = 0;
  std::int64_t highest_ = 0;
  double jitter_ns_ = 0;
  std::uint32_t jitter_clock_ = 0;  // 0: no packet to compare with
  Timestamp last_arrival_;
  std::uint32_t last_timestamp_ = 0;
  std::int64_t first_sequence_ = 0;
  DelayVariation delays_;
  ReportMarks at_sent_;
  ReportMarks at_received_;
};

}  // namespace koegura::decode
