// A city's calls, made up: 1,500 a day, 60 % of the numbers the same 2,000, 800 extensions in 40
// departments.
#pragma once

#include <array>
#include <chrono>
#include <cstdio>
#include <random>
#include <string>

#include "record.h"
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

// As many bytes as a real record of two streams, and no fingerprint: nothing is joined here.
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
    record.set_call_id(record.id().substr(10) + "@pbx.example.jp");
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
    record.mutable_release()->set_by("caller");
    add_streams(record, start);
    Links& links = *record.mutable_links();
    links.set_from_tag("as" + std::to_string(dice_.below(1U << 30U)));
    links.add_callee_tags("as" + std::to_string(dice_.below(1U << 30U)));
    links.set_caller_hop("192.0.2.1:5060");
    links.set_callee_hop("192.0.2.10:5060");
    record.mutable_audio()->set_path("calls/2026/11/21/20261121T101502+0900_" + citizen.number() +
                                     "_" + clerk.number() + "_" + record.id() + ".mka");
    record.mutable_audio()->set_sha256(record.id() + record.id());
    record.mutable_quality()->set_mos(4.4);
    ++made_;
    return record;
  }

 private:
  void add_streams(CallRecord& record, Timestamp start) {
    for (const char* channel : {"caller", "callee"}) {
      Stream& stream = *record.add_streams();
      stream.set_channel(channel);
      const std::string port = ":" + std::to_string(10000 + dice_.below(20000) * 2);
      const bool is_caller = stream.channel() == "caller";
      stream.set_source((is_caller ? "192.0.2.1" : "192.0.2.10") + port);
      stream.set_destination((is_caller ? "192.0.2.10" : "192.0.2.1") + port);
      stream.set_ssrc("0x" + std::to_string(10'000'000 + dice_.below(80'000'000)));
      stream.set_codec("PCMU");
      stream.set_clock_rate(8000);
      stream.set_packets(static_cast<unsigned>(record.duration_s() * 50));
      stream.set_mos(4.4);
      *stream.mutable_first() = to_proto(start);
      *stream.mutable_last() = record.end();
    }
  }

  Dice dice_;
  long made_ = 0;
};

}  // namespace koegura::bench
