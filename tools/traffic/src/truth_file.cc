#include "truth_file.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <string_view>

#include "sent_audio.h"

namespace koegura::traffic {
namespace {

constexpr std::size_t kTruthBufferBytes = 1U << 20U;

// RFC 3339, UTC.
std::string text_of(Timestamp time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:09}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                     clock.subseconds().count());
}

// RFC 8259 §7. Only paths come from outside; all else is plain ASCII.
std::string json_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

std::string_view name_of(Side side) {
  return side == Side::kCaller ? "caller" : "callee";
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAnswered:
      return "answered";
    case Outcome::kMissed:
      return "missed";
    case Outcome::kBusy:
      return "busy";
    case Outcome::kCancelled:
      return "cancelled";
  }
  return {};
}

std::string_view name_of(LossCause cause) {
  switch (cause) {
    case LossCause::kNetwork:
      return "network";
    case LossCause::kTap:
      return "tap";
    case LossCause::kUnsent:
      return "sender";
  }
  return {};
}

std::string_view name_of(DigitVia via) {
  switch (via) {
    case DigitVia::kEvent:
      return "rtp-event";
    case DigitVia::kInband:
      return "inband";
    case DigitVia::kInfo:
      return "info";
  }
  return {};
}

std::uint32_t unsent(const StreamTally& tally) {
  std::uint32_t packets = 0;
  for (const LostRun& run : tally.lost) {
    if (run.cause == LossCause::kUnsent) packets += run.packets;
  }
  return packets;
}

int release_code(const CallPlan& plan) {
  switch (plan.outcome) {
    case Outcome::kAnswered:
      return plan.bye ? 200 : 0;
    case Outcome::kMissed:
      return 480;
    case Outcome::kBusy:
      return 486;
    case Outcome::kCancelled:
      return 487;
  }
  return 0;
}

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// As s16le, which is how the samples lie in memory.
std::string sha256_of(const SentAudio& sent) {
  static_assert(std::endian::native == std::endian::little);
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  for (const AudioRun& run : sent.runs()) {
    sent.visit(run, [&](std::uint64_t, std::span<const std::int16_t> slice) {
      EVP_DigestUpdate(context.get(), slice.data(), slice.size_bytes());
    });
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) fmt::format_to(std::back_inserter(hex), "{:02x}", digest[i]);
  return hex;
}

}  // namespace

Result<TruthFile> TruthFile::open(const std::string& path, const TrafficOptions& options) {
  if (path.empty()) return TruthFile(nullptr, options);
  auto file = OutputFile::open(path);
  if (!file) return tl::make_unexpected(std::move(file.error()));
  TruthFile truth(std::move(*file), options);
  truth.append_options();
  return truth;
}

void TruthFile::append_options() {
  const TrafficOptions& o = *options_;
  auto out = std::back_inserter(text_);
  fmt::format_to(out,
                 "{{\"options\":{{\"calls\":{},\"concurrency\":{},\"ring_s\":{},\"talk_s\":{},",
                 o.calls, o.concurrency, to_seconds(o.ring), to_seconds(o.talk));
  fmt::format_to(out,
                 "\"bye\":{},\"codec\":\"{}\",\"packet_time_ms\":{},\"rtcp\":{},\"digits\":\"{}\",",
                 o.bye, find_codec(o.codec)->name, o.packet_time_ms, o.rtcp, o.digits);
  if (o.hold) {
    fmt::format_to(out, "\"hold\":{{\"at_s\":{},\"duration_s\":{},\"music\":{}}},",
                   to_seconds(o.hold->at), to_seconds(o.hold->duration), o.hold->music);
  }
  if (!o.srtp.empty()) {
    fmt::format_to(out, "\"srtp\":\"{}\",\"rekey_at_s\":{},",
                   capture::find_srtp_suite(o.srtp)->name, to_seconds(o.rekey_at));
  }
  fmt::format_to(out, "\"clock_error_ppm\":[{},{}],", o.clock_error_ppm[0], o.clock_error_ppm[1]);
  fmt::format_to(out, "\"round_trip_ms\":{},\"tap_loss\":{},\"unsent\":{},",
                 to_seconds(o.round_trip) * 1000, o.tap_loss, o.unsent);
  fmt::format_to(out, "\"loss\":{},\"reorder\":{},\"duplicate\":{},\"jitter_ms\":{},", o.loss,
                 o.reorder, o.duplicate, to_seconds(o.jitter) * 1000);
  fmt::format_to(out, "\"transport\":\"{}\",\"tcp_segment_bytes\":{},\"ipv6\":{},\"vlan\":{},",
                 o.transport == SipTransport::kTcp ? "tcp" : "udp", o.tcp_segment_bytes, o.ipv6,
                 o.vlan);
  text_ += "\"digits_by\":[";
  for (std::size_t i = 0; i < o.digits_by.size(); ++i) {
    fmt::format_to(out, "{}\"{}\"", i == 0 ? "" : ",", name_of(o.digits_by[i]));
  }
  text_ += "],";
  fmt::format_to(out, "\"audio_directory\":{},\"seed\":\"{}\",\"start\":\"{}\",\"outcomes\":[",
                 json_string(o.audio_directory), o.seed, text_of(o.start));
  for (std::size_t i = 0; i < o.outcomes.size(); ++i) {
    fmt::format_to(out, "{}\"{}\"", i == 0 ? "" : ",", name_of(o.outcomes[i]));
  }
  text_ += "]";
  if (o.conversations > 0) append_conversation_options();
  text_ += "},\n\"calls\":[";
}

void TruthFile::append_conversation_options() {
  fmt::format_to(std::back_inserter(text_),
                 ",\"conversations\":{},\"shared_numbers\":{},\"kinds\":[", options_->conversations,
                 options_->shared_numbers);
  for (std::size_t i = 0; i < options_->kinds.size(); ++i) {
    fmt::format_to(std::back_inserter(text_), "{}\"{}\"", i == 0 ? "" : ",",
                   kind_name(options_->kinds[i]));
  }
  text_ += "]";
}

Result<void> TruthFile::add(const CallPlan& plan, std::span<const Sound> sounds,
                            std::span<const StreamTally> tallies,
                            const std::optional<LegFacts>& leg) {
  if (!file_) return {};
  auto out = std::back_inserter(text_);
  fmt::format_to(out, "{}\n{{\"index\":{},\"call_id\":\"{}\",\"from_tag\":\"{}\",\"state\":\"{}\",",
                 first_call_ ? "" : ",", plan.index, plan.call_id, plan.tags[0],
                 name_of(plan.outcome));
  first_call_ = false;
  fmt::format_to(out, "\"caller\":\"{}\",\"callee\":\"{}\",", plan.numbers[0], plan.numbers[1]);
  if (leg) {
    fmt::format_to(out, "\"conversation\":{},\"kind\":\"{}\",\"joinable\":{},", leg->conversation,
                   leg->kind, leg->joinable);
  }
  append_times(plan, tallies);
  append_holds(plan);
  append_digits(plan);
  text_ += "\"streams\":[";
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    if (i > 0) text_ += ',';
    append_stream(plan.streams[i], sounds, tallies[i]);
  }
  text_ += "]}";
  if (text_.size() < kTruthBufferBytes) return {};
  auto written = file_->write(std::as_bytes(std::span(text_)));
  text_.clear();
  return written;
}

void TruthFile::add_conversation(const ConversationPlan& plan, bool shares_number) {
  if (!file_) return;
  auto out = std::back_inserter(conversations_);
  fmt::format_to(out, "{}\n{{\"index\":{},\"kind\":\"{}\",\"number\":\"{}\",\"shares_number\":{},",
                 conversations_.empty() ? "" : ",", plan.index, kind_name(plan.kind), plan.number,
                 shares_number);
  conversations_ += "\"legs\":[";
  for (const LegPlan& leg : plan.legs) {
    fmt::format_to(out, "{}\"{}\"", &leg == plan.legs.data() ? "" : ",", leg.call.call_id);
  }
  conversations_ += "]}";
}

void TruthFile::append_times(const CallPlan& plan, std::span<const StreamTally> tallies) {
  Timestamp end = plan.end;
  if (!plan.bye) end = std::max(tallies[0].last, tallies[1].last);
  auto out = std::back_inserter(text_);
  fmt::format_to(out, "\"start\":\"{}\",", text_of(plan.start));
  if (plan.ringing) fmt::format_to(out, "\"ringing\":\"{}\",", text_of(*plan.ringing));
  if (plan.answered) fmt::format_to(out, "\"answered\":\"{}\",", text_of(*plan.answered));
  fmt::format_to(out, "\"end\":\"{}\",\"release\":{{\"code\":{},\"by\":\"{}\"}},", text_of(end),
                 release_code(plan),
                 plan.bye ? name_of(plan.released_by) : std::string_view("none"));
}

void TruthFile::append_holds(const CallPlan& plan) {
  text_ += "\"holds\":[";
  if (plan.hold) {
    fmt::format_to(std::back_inserter(text_), "{{\"by\":\"callee\",\"from\":\"{}\",\"to\":\"{}\"}}",
                   text_of(plan.hold->hold.answered), text_of(plan.hold->resume.answered));
  }
  text_ += "],";
}

void TruthFile::append_digits(const CallPlan& plan) {
  text_ += "\"digits\":[";
  for (std::size_t i = 0; i < plan.digits.size(); ++i) {
    fmt::format_to(std::back_inserter(text_),
                   "{}{{\"digit\":\"{}\",\"channel\":\"caller\",\"at\":\"{}\",\"via\":\"{}\"}}",
                   i == 0 ? "" : ",", plan.digits[i].digit, text_of(plan.digits[i].at),
                   name_of(plan.digits[i].via));
  }
  text_ += "],";
}

void TruthFile::append_stream(const StreamPlan& stream, std::span<const Sound> sounds,
                              const StreamTally& tally) {
  const Codec& codec = *stream.codec;
  auto out = std::back_inserter(text_);
  fmt::format_to(out, "\n {{\"channel\":\"{}\",\"source\":\"{}\",\"destination\":\"{}\",",
                 name_of(stream.side), stream.source.to_string(), stream.destination.to_string());
  fmt::format_to(out,
                 "\"ssrc\":\"0x{:08x}\",\"codec\":\"{}\",\"clock_rate\":{},\"payload_type\":{},",
                 stream.ssrc, codec.name, codec.clock_rate, codec.payload_type);
  fmt::format_to(out, "\"first_sequence\":{},\"first_timestamp\":{},\"packets_sent\":{},",
                 stream.first_sequence, stream.first_timestamp, stream.packets() - unsent(tally));
  fmt::format_to(out, "\"packets\":{},\"reordered\":{},\"duplicates\":{},", tally.packets,
                 tally.reordered, tally.duplicates);
  append_lost(stream, tally);
  append_audio(stream, sounds);
  fmt::format_to(out, "\"first\":\"{}\",\"last\":\"{}\"}}", text_of(tally.first),
                 text_of(tally.last));
}

void TruthFile::append_lost(const StreamPlan& stream, const StreamTally& tally) {
  text_ += "\"lost\":[";
  for (const LostRun& run : tally.lost) {
    if (&run != tally.lost.data()) text_ += ',';
    fmt::format_to(std::back_inserter(text_), "[{},{},{}]",
                   static_cast<std::uint16_t>(stream.first_sequence + run.packet), run.packets,
                   run.sample);
  }
  text_ += "],\"lost_by\":[";
  for (const LostRun& run : tally.lost) {
    if (&run != tally.lost.data()) text_ += ',';
    fmt::format_to(std::back_inserter(text_), "\"{}\"", name_of(run.cause));
  }
  text_ += "],";
}

void TruthFile::append_audio(const StreamPlan& stream, std::span<const Sound> sounds) {
  const SentAudio sent(sounds, stream, options_->packet_time_ms);
  text_ += "\"audio\":[";
  const std::vector<AudioRun> runs = sent.runs();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    fmt::format_to(std::back_inserter(text_), "{}[{},{}]", i == 0 ? "" : ",", runs[i].sample,
                   runs[i].samples);
  }
  fmt::format_to(std::back_inserter(text_), "],\"audio_sha256\":\"{}\",", sha256_of(sent));
}

Result<void> TruthFile::close(const TrafficSummary& summary) {
  if (!file_) return {};
  auto out = std::back_inserter(text_);
  text_ += "\n],\n";
  if (options_->conversations > 0) text_ += "\"conversations\":[" + conversations_ + "\n],\n";
  fmt::format_to(out, "\"totals\":{{\"frames\":{},\"sip\":{},\"rtp\":{},\"rtcp\":{},\"bytes\":{}",
                 summary.frames, summary.sip, summary.rtp, summary.rtcp, summary.bytes);
  if (options_->conversations > 0) {
    fmt::format_to(out, ",\"conversations\":{},\"sharing_a_number\":{}", summary.conversations,
                   summary.sharing_a_number);
  }
  text_ += "}}\n";
  auto written = file_->write(std::as_bytes(std::span(text_)));
  return written ? file_->close() : written;
}

void TruthFile::keep() {
  if (file_) file_->keep();
}

}  // namespace koegura::traffic
