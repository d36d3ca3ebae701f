// A city's calls, made up: 1,500 a day, 60 % of the numbers the same 2,000, 800 extensions in 40
// departments.
#pragma once

#include <array>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>

#include "record.h"
#include "record_value.h"
#include "ulid.h"

namespace koegura::bench {

using store::make_ulid;
using store::to_proto;
using store::Ulid;

inline constexpr Timestamp kFirstDay = from_unix_ns(1'640'995'200'000'000'000);  // 2022-01-01
inline constexpr int kCallsADay = 1500;
inline constexpr int kDepartments = 40;
inline constexpr int kExtensions = 800;

class Dice {
 public:
  unsigned below(unsigned limit) { return std::uniform_int_distribution(0U, limit - 1)(random_); }
  double length() { return std::exponential_distribution(1.0 / 180)(random_); }
  double between(double least, double most) {
    return std::uniform_real_distribution(least, most)(random_);
  }
  double figure(double least, double most) { return store::figure(between(least, most)); }
  // So many hexadecimal digits, as of a tag or a hash.
  std::string hex(std::size_t digits) {
    std::string text;
    while (text.size() < digits) text += "0123456789abcdef"[below(16)];
    return text;
  }
  std::string number() {
    const unsigned line = below(10) < 6 ? below(2000) * 4999 : below(10'000'000);
    char text[24];
    std::snprintf(text, sizeof text, "+8133%07u", line % 10'000'000);
    return text;
  }
  std::string state() {
    const unsigned side = below(200);
    if (side < 160) return "answered";
    if (side < 180) return "missed";
    if (side < 188) return "busy";
    if (side < 196) return "cancelled";
    return side < 198 ? "failed" : side < 199 ? "interrupted" : "media-only";
  }
  std::string direction() {
    const unsigned side = below(20);
    return side < 14 ? "in" : side < 19 ? "out" : "internal";
  }

 private:
  std::mt19937 random_{20261129};
};

// The records that `koegura traffic --jitter 5ms --loss 0.001` leaves, field by field, and no
// fingerprint: nothing is joined here.
class Calls {
 public:
  CallRecord next() {
    const Timestamp start = kFirstDay + std::chrono::milliseconds(86'400'000) * made_ / kCallsADay +
                            std::chrono::microseconds(dice_.below(1000));
    CallRecord record;
    std::array<std::uint8_t, Ulid::kTailSize> tail{};
    for (std::uint8_t& byte : tail) byte = static_cast<std::uint8_t>(dice_.below(256));
    record.set_id(make_ulid(start, tail).text());
    record.set_conversation(record.id());
    record.set_call_id(dice_.hex(32) + "@pbx.example.jp");
    record.set_state(dice_.state());
    record.set_direction(dice_.direction());
    const unsigned extension = dice_.below(kExtensions);
    Party& citizen =
        *(record.direction() == "out" ? record.mutable_callee() : record.mutable_caller());
    Party& clerk =
        *(record.direction() == "out" ? record.mutable_caller() : record.mutable_callee());
    citizen.set_number(dice_.number());
    citizen.set_raw("sip:" + citizen.number() + "@carrier.example.jp;user=phone");
    clerk.set_number(std::to_string(2000 + extension));
    clerk.set_department("department " + std::to_string(extension % kDepartments));
    clerk.set_person("person " + std::to_string(extension));
    record.set_duration_s(dice_.length());
    *record.mutable_start() = to_proto(start);
    *record.mutable_end() =
        to_proto(start + std::chrono::microseconds(static_cast<long>(record.duration_s() * 1e6)));
    if (record.state() == "answered") {
      *record.mutable_answered() = to_proto(start + std::chrono::milliseconds(2345));
      *record.mutable_answered_by() = record.callee();
    }
    record.mutable_release()->set_code(200);
    record.mutable_release()->set_reason("BYE");
    record.mutable_release()->set_by("caller");
    if (record.has_answered()) add_media(record, start);
    Links& links = *record.mutable_links();
    links.set_from_tag("as" + dice_.hex(8));
    links.add_callee_tags("as" + dice_.hex(8));
    links.set_caller_hop("192.0.2.1:5060");
    links.set_callee_hop("192.0.2.10:5060");
    record.mutable_audio()->set_path("calls/2026/11/21/20261121T101502+0900_" + citizen.number() +
                                     "_" + clerk.number() + "_" + record.id() + ".mka");
    ++made_;
    return record;
  }

 private:
  void add_media(CallRecord& record, Timestamp start) {
    record.set_talk_s(record.duration_s() - 2.345);
    for (const char* channel : {"caller", "callee"}) add_stream(record, channel, start);
    add_span(record, "ringing", 0.06, 2.345);
    add_span(record, "talk", 2.345, record.duration_s());
    Audio& audio = *record.mutable_audio();
    audio.set_format("flac");
    audio.set_channels(2);
    audio.set_sample_rate(8000);
    audio.set_duration_s(record.duration_s());
    audio.set_sha256(dice_.hex(64));
    Quality& quality = *record.mutable_quality();
    quality.set_mos(dice_.figure(4.2, 4.4));
    quality.set_complete(true);
    quality.set_double_talk_s(0.01 * dice_.below(900));
    quality.set_round_trip_ms(dice_.figure(1, 20));
    quality.set_rtcp_packets(static_cast<unsigned>(record.duration_s() / 2.5));
  }
  void add_span(CallRecord& record, const char* kind, double from_s, double to_s) {
    Span& span = *record.add_spans();
    span.set_kind(kind);
    span.set_from_s(from_s + dice_.between(0, 0.01));
    span.set_to_s(to_s + dice_.between(0, 0.01));
  }
  void add_stream(CallRecord& record, const char* channel, Timestamp start) {
    Stream& stream = *record.add_streams();
    stream.set_channel(channel);
    const std::string port = ":" + std::to_string(10000 + dice_.below(20000) * 2);
    const bool is_caller = stream.channel() == "caller";
    stream.set_source((is_caller ? "192.0.2.1" : "192.0.2.10") + port);
    stream.set_destination((is_caller ? "192.0.2.10" : "192.0.2.1") + port);
    stream.set_ssrc("0x" + dice_.hex(8));
    stream.set_codec("PCMU");
    stream.set_clock_rate(8000);
    stream.set_packets(static_cast<unsigned>(record.talk_s() * 50));
    stream.set_bytes(160.0 * stream.packets());
    stream.set_decrypted(true);
    stream.set_rendered(true);
    *stream.mutable_first() = to_proto(start + Duration(2'345'000'000 + dice_.below(20'000'000)));
    *stream.mutable_last() =
        to_proto(store::from_proto(record.end()) - Duration(dice_.below(20'000'000)));
    add_quality(stream);
    add_span(record, "no-media", 0, 2.345);
    record.mutable_spans()->rbegin()->set_channel(channel);
    for (unsigned left = dice_.below(20) / 16; left > 0; --left) {
      add_span(record, "loss", 20, 20.02);
      record.mutable_spans()->rbegin()->set_channel(channel);
      record.mutable_spans()->rbegin()->set_lost_by("network");
    }
  }
  void add_quality(Stream& stream) {
    stream.set_jitter_ms(dice_.figure(0, 3));
    stream.set_mos(dice_.figure(4.2, 4.4));
    stream.set_delay_variation_p50_ms(0.25 * dice_.below(20));
    stream.set_delay_variation_p95_ms(dice_.figure(3, 9));
    stream.set_delay_variation_max_ms(dice_.figure(9, 20));
    stream.set_level_dbov(dice_.figure(-30, -15));
    stream.set_talk_s(0.01 * dice_.below(6000));
    stream.set_silence_ratio(dice_.figure(0.3, 0.8));
    stream.set_clock_error_ppm(dice_.figure(-50, 50));
    stream.set_clock_uncertainty_ppm(dice_.figure(0, 5));
    StreamReports& reports = *stream.mutable_reports();
    reports.set_sender_reports(stream.packets() / 250);
    reports.set_reception_reports(stream.packets() / 250);
    reports.set_packets_sent(stream.packets() - stream.packets() % 250);
    reports.set_jitter_ms(0.125 * dice_.below(24));
    reports.set_round_trip_ms(dice_.figure(1, 20));
  }

  Dice dice_;
  long made_ = 0;
};

}  // namespace koegura::bench
