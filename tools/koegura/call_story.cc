#include "call_story.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string_view>

#include "call_text.h"
#include "fax_story.h"
#include "json.h"
#include "quality_story.h"
#include "quantity_text.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

using Lines = std::vector<std::string>;

std::string labelled(std::string_view label, const std::string& text) {
  return "  " + padded(label, kLabelColumns) + text;
}

std::string heading(std::string_view text) {
  return coloured(Colour::kBold, text);
}

void tell_parties(const CallRecord& record, const std::string& region, Lines& lines) {
  const auto tell = [&](std::string_view label, const Party& party) {
    std::string text = party_text(party, region);
    const std::string raw = printable(party.raw());
    if (!raw.empty() && raw.find(text) == std::string::npos) text += "  <" + raw + '>';
    lines.push_back(labelled(label, text));
  };
  tell("caller", record.caller());
  tell("callee", record.callee());
  if (record.has_answered_by()) {
    const Party& answered = record.answered_by();
    const bool someone_else =
        answered.number() != record.callee().number() || answered.number().empty();
    if (someone_else && !answered.raw().empty()) tell("answered by", answered);
  }
  for (const Diversion& diversion : record.diversions()) {
    lines.push_back(labelled("forwarded", "from " + diversion_text(diversion, region)));
  }
  const std::string& referred_by = record.links().referred_by();
  if (!referred_by.empty()) {
    lines.push_back(labelled("referred", "by " + uri_text(referred_by, region)));
  }
}

void tell_times(const CallRecord& record, Lines& lines) {
  const Timestamp start = time_of(record.start());
  const auto after = [&](const google::protobuf::Timestamp& time) {
    return "after " + decimal_text(to_seconds(time_of(time) - start), 3) + " s";
  };
  lines.push_back(labelled("start", local_time_exact(start)));
  if (record.has_ringing()) lines.push_back(labelled("ringing", after(record.ringing())));
  if (record.has_early_media()) {
    lines.push_back(labelled("early media", after(record.early_media())));
  }
  if (record.has_answered()) lines.push_back(labelled("answered", after(record.answered())));
  if (record.has_end()) lines.push_back(labelled("end", after(record.end())));
  std::string length = clock_text_exact(record.duration_s());
  if (record.has_answered()) length += ", talk " + clock_text_exact(record.talk_s());
  lines.push_back(labelled("length", length));
  lines.push_back(labelled("release", release_text(record)));
}

// Where it was corrected: ", clock 2.00 % fast, corrected", ", clock 87 ppm slow, corrected".
std::string sender_clock_text(const Stream& stream) {
  constexpr double kPpmPerPercent = 1e4;
  constexpr double kMostPpm = 1000;
  if (stream.clock_corrected_ms() == 0) return {};
  const double ppm = std::fabs(stream.clock_error_ppm());
  std::string text = ", clock ";
  if (ppm >= kMostPpm) {
    text += decimal_text(ppm / kPpmPerPercent, 2) + " % ";
  } else if (ppm > 0) {
    text += decimal_text(ppm, 0) + " ppm ";
  }
  return text + (stream.clock_corrected_ms() > 0 ? "fast" : "slow") + ", corrected";
}

std::string stream_text(const Stream& stream) {
  const double expected = static_cast<double>(stream.packets()) + stream.lost();
  std::string text = printable(stream.codec());
  if (stream.clock_rate() > 0) text += '/' + std::to_string(stream.clock_rate());
  text += ", " + plural(stream.packets(), "packet") + ", ";
  text += stream.lost() == 0 ? "none lost"
                             : count_text(stream.lost()) + " lost (" +
                                   decimal_text(100.0 * stream.lost() / expected, 2) + " %)";
  if (stream.duplicates() > 0) text += ", " + plural(stream.duplicates(), "duplicate");
  if (stream.reordered() > 0) text += ", " + count_text(stream.reordered()) + " reordered";
  if (stream.clock_rate() > 0) text += ", jitter " + decimal_text(stream.jitter_ms(), 1) + " ms";
  text += sender_clock_text(stream);
  if (!stream.decrypted()) text += ", encrypted";
  if (!stream.srtp_suite().empty()) text += ", decrypted (" + printable(stream.srtp_suite()) + ")";
  if (stream.unauthenticated() > 0) {
    text += ", " + plural(stream.unauthenticated(), "packet") + " not authentic";
  }
  if (!stream.rendered()) text += ", not in the audio (its packets are kept)";
  return text;
}

void tell_streams(const CallRecord& record, Lines& lines) {
  lines.push_back(heading("Streams"));
  if (record.streams().empty()) lines.push_back("  none: the capture holds no media of this call");
  for (const Stream& stream : record.streams()) {
    lines.push_back(
        labelled(stream.channel(),
                 quality_text(stream.mos()) + "  " +
                     coloured(Colour::kDim, stream.source() + " → " + stream.destination())));
    lines.push_back(labelled("", stream_text(stream)));
    for (const std::string& text : stream_quality_lines(stream)) {
      lines.push_back(labelled("", text));
    }
  }
  const Quality& quality = record.quality();
  if (const std::string text = one_way_text(quality); !text.empty()) {
    lines.push_back(labelled("one-way", coloured(Colour::kYellow, text)));
  }
  if (const std::string text = conversation_quality_text(quality); !text.empty()) {
    lines.push_back(labelled("together", text));
  }
}

// An outage of one channel is the ragged end of one of both.
bool is_chapter(const Span& span) {
  return span.kind() == "ringing" || span.kind() == "early-media" || span.kind() == "talk" ||
         span.kind() == "hold" || span.kind() == "transfer" ||
         (span.kind() == "outage" && span.channel().empty());
}

std::string moment(double seconds) {
  return "  " + padded_left(clock_text_exact(seconds), 9);
}

std::string hold_text(const Span& span) {
  if (span.channel().empty()) return "hold";
  const std::string by = span.channel() == "caller" ? "callee" : "caller";
  return "hold of the " + span.channel() + ", by the " + by;
}

std::string chapter_text(const Span& span) {
  std::string text = moment(span.from_s()) + " –" + moment(span.to_s()).substr(1) + "  ";
  if (span.kind() == "outage") {
    const std::string why = span.note().empty() ? "" : ": " + printable(span.note());
    return text + coloured(Colour::kYellow, "outage" + why + ", nothing was recorded");
  }
  if (span.kind() == "hold") return text + hold_text(span);
  return text + span.kind() + (span.channel().empty() ? "" : " of the " + span.channel());
}

std::string step_text(const CallClockStep& step) {
  constexpr double kMinute = 60;
  const double by = std::abs(step.by_s());
  const std::string size = by < kMinute ? decimal_text(by, 3) + " s" : clock_text_exact(by);
  return moment(step.at_s()) + padded("", 14) + "the clock was set " +
         (step.by_s() < 0 ? "back" : "forward") + " by " + size +
         "; times here go on as if it had not been";
}

void tell_timeline(const CallRecord& record, Lines& lines) {
  lines.push_back(heading("Timeline"));
  auto step = record.clock_steps().begin();
  const auto tell_steps_before = [&](double moment_s) {
    for (; step != record.clock_steps().end() && step->at_s() < moment_s; ++step) {
      lines.push_back(step_text(*step));
    }
  };
  for (const Span& span : record.spans()) {
    if (!is_chapter(span)) continue;
    tell_steps_before(span.from_s());
    lines.push_back(chapter_text(span));
  }
  tell_steps_before(std::numeric_limits<double>::infinity());
}

// What is not talk comes by the hundred: told together, by channel, kind and reason.
struct Gaps {
  std::size_t times = 0;
  double seconds = 0;
  double longest_s = 0;
  double longest_at = 0;

  void add(const Span& span) {
    const double length = span.to_s() - span.from_s();
    ++times;
    seconds += length;
    if (length <= longest_s && times > 1) return;
    longest_s = length;
    longest_at = span.from_s();
  }

  [[nodiscard]] std::string text() const {
    const std::string at = " at " + clock_text_exact(longest_at);
    if (times == 1) return decimal_text(seconds, 2) + " s" + at;
    return decimal_text(seconds, 2) + " s, " + plural(times, "time") + ", the longest " +
           decimal_text(longest_s, 2) + " s" + at;
  }
};

void tell_gaps(const CallRecord& record, Lines& lines) {
  std::map<std::array<std::string, 3>, Gaps> all;  // why: the note, or who lost it
  for (const Span& span : record.spans()) {
    if (is_chapter(span)) continue;
    const std::string why = span.note().empty() ? lost_by_text(span.lost_by()) : span.note();
    all[{span.channel(), span.kind(), why}].add(span);
  }
  if (all.empty()) return;
  lines.push_back(heading("Gaps"));
  for (const auto& [where, gaps] : all) {
    const auto& [channel, kind, note] = where;
    lines.push_back(
        labelled(channel.empty() ? "both" : channel, padded(kind, kLabelColumns) + gaps.text()));
    if (!note.empty()) lines.push_back(labelled("", padded("", kLabelColumns) + printable(note)));
  }
}

void tell_digits(const CallRecord& record, Lines& lines) {
  if (record.digits().empty()) return;
  lines.push_back(heading("Digits"));
  for (const Digit& digit : record.digits()) {
    // Empty: redacted (redact.digits).
    const std::string key = digit.digit().empty() ? "redacted" : printable(digit.digit());
    lines.push_back(labelled(
        digit.channel(), key + "  at " + clock_text_exact(digit.at_s()) + ", by " + digit.via()));
  }
}

void tell_faxes(const CallRecord& record, Lines& lines) {
  const auto told = fax_lines(record);
  if (told.empty()) return;
  lines.push_back(heading("Fax"));
  for (const auto& [label, text] : told) lines.push_back(labelled(label, text));
}

void tell_notes(const CallRecord& record, Lines& lines) {
  if (record.notes().empty()) return;
  lines.push_back(heading("Notes"));
  for (const Note& note : record.notes()) {
    lines.push_back(labelled(printable(note.who()), printable(note.text())));
    lines.push_back(labelled("", local_time(time_of(note.time()))));
  }
}

void tell_audio(const CallRecord& record, const std::string& file, Lines& lines) {
  const Audio& audio = record.audio();
  lines.push_back(heading("Audio"));
  lines.push_back(labelled("file", printable(file)));
  if (audio.duration_s() > 0) {
    lines.push_back(labelled("holds", clock_text_exact(audio.duration_s()) + " of " +
                                          (audio.channels() == 2 ? "stereo (left caller, right "
                                                                   "callee)"
                                                                 : "mono") +
                                          " at " + count_text(audio.sample_rate()) + " Hz"));
  } else {
    lines.push_back(labelled("holds", "no audio"));
  }
  if (!record.silent_because().empty()) {
    lines.push_back(labelled(
        "silent", coloured(Colour::kYellow, "because " + printable(record.silent_because()))));
  }
  if (audio.duration_s() > 0) {
    lines.push_back(labelled(
        "play", "open the file in any player, or: koegura audio " + record.id() + " -o call.wav"));
  }
}

}  // namespace

std::vector<std::string> story_of(const CallRecord& record, const std::string& file,
                                  const std::string& region,
                                  const std::vector<std::string>& conversation) {
  Lines lines;
  std::string head =
      "Call " + record.id() + "  " + coloured(colour_of_state(record.state()), record.state());
  if (record.direction() != "unknown") head += ", " + record.direction();
  if (record.has_quality() && !record.streams().empty()) {
    head += ", " + quality_text(record.quality().mos());
    if (!record.quality().complete()) head += ", not complete";
  }
  if (const std::uint32_t gaps = record.quality().capture_gaps(); gaps > 0) {
    head += ", " + coloured(Colour::kYellow, plural(gaps, "outage") + " of the recorder");
  }
  lines.push_back(head);
  tell_parties(record, region, lines);
  tell_times(record, lines);
  if (!record.call_id().empty()) lines.push_back(labelled("Call-ID", printable(record.call_id())));
  lines.insert(lines.end(), conversation.begin(), conversation.end());
  tell_streams(record, lines);
  tell_timeline(record, lines);
  tell_gaps(record, lines);
  tell_digits(record, lines);
  tell_faxes(record, lines);
  tell_notes(record, lines);
  tell_audio(record, file, lines);
  return lines;
}

}  // namespace koegura::tools
