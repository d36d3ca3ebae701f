#include "call_story.h"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

#include "call_text.h"
#include "json.h"
#include "quantity_text.h"
#include "text_width.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

using Lines = std::vector<std::string>;

constexpr std::size_t kLabel = 12;

std::string labelled(std::string_view label, const std::string& text) {
  return "  " + padded(label, kLabel) + text;
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
}

void tell_times(const CallRecord& record, Lines& lines) {
  const Timestamp start = time_of(record.start());
  const auto after = [&](const google::protobuf::Timestamp& time) {
    return "after " + decimal_text(to_seconds(time_of(time) - start), 3) + " s";
  };
  lines.push_back(labelled("start", local_time_exact(start)));
  if (record.has_ringing()) lines.push_back(labelled("ringing", after(record.ringing())));
  if (record.has_answered()) lines.push_back(labelled("answered", after(record.answered())));
  if (record.has_end()) lines.push_back(labelled("end", after(record.end())));
  std::string length = clock_text_exact(record.duration_s());
  if (record.has_answered()) length += ", talk " + clock_text_exact(record.talk_s());
  lines.push_back(labelled("length", length));
  lines.push_back(labelled("release", release_text(record)));
}

std::string stream_text(const Stream& stream) {
  const double expected = static_cast<double>(stream.packets()) + stream.lost();
  std::string text = printable(stream.codec()) + '/' + std::to_string(stream.clock_rate()) + ", " +
                     plural(stream.packets(), "packet") + ", ";
  text += stream.lost() == 0 ? "none lost"
                             : count_text(stream.lost()) + " lost (" +
                                   decimal_text(100.0 * stream.lost() / expected, 2) + " %)";
  if (stream.duplicates() > 0) text += ", " + plural(stream.duplicates(), "duplicate");
  if (stream.reordered() > 0) text += ", " + count_text(stream.reordered()) + " reordered";
  text += ", jitter " + decimal_text(stream.jitter_ms(), 1) + " ms";
  if (!stream.decrypted()) text += ", encrypted";
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
  }
}

bool is_repeated(const Span& span) {
  return span.kind() == "loss" || span.kind() == "dtx" || span.kind() == "late";
}

// Loss and its like come by the hundred: one line a kind and channel, the rest one line a span.
struct Repeated {
  std::size_t times = 0;
  double seconds = 0;
};

std::string repeated_text(const std::string& kind, const Repeated& repeated, double duration_s) {
  const double share = duration_s > 0 ? 100 * repeated.seconds / duration_s : 0;
  return kind + ' ' + plural(repeated.times, "time") + ", " + decimal_text(repeated.seconds, 2) +
         " s in all (" + decimal_text(share, 1) + " % of the call)";
}

void tell_timeline(const CallRecord& record, Lines& lines) {
  if (record.spans().empty()) return;
  lines.push_back(heading("Timeline"));
  std::map<std::pair<std::string, std::string>, Repeated> repeated;
  for (const Span& span : record.spans()) {
    if (is_repeated(span)) {
      Repeated& sum = repeated[{span.channel(), span.kind()}];
      ++sum.times;
      sum.seconds += span.to_s() - span.from_s();
      continue;
    }
    const std::string when = padded_left(clock_text_exact(span.from_s()), 9) + " – " +
                             padded_left(clock_text_exact(span.to_s()), 9);
    std::string what = span.kind() + (span.channel().empty() ? "" : " of the " + span.channel());
    if (!span.note().empty()) what += ": " + printable(span.note());
    lines.push_back("  " + when + "  " + what);
  }
  for (const auto& [who, sum] : repeated) {
    lines.push_back(labelled(who.first, repeated_text(who.second, sum, record.duration_s())));
  }
}

void tell_digits(const CallRecord& record, Lines& lines) {
  if (record.digits().empty()) return;
  lines.push_back(heading("Digits"));
  for (const Digit& digit : record.digits()) {
    lines.push_back(labelled(digit.channel(), printable(digit.digit()) + "  at " +
                                                  clock_text_exact(digit.at_s()) + ", by " +
                                                  digit.via()));
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
                                  const std::string& region) {
  Lines lines;
  std::string head =
      "Call " + record.id() + "  " + coloured(colour_of_state(record.state()), record.state());
  if (record.direction() != "unknown") head += ", " + record.direction();
  if (record.has_quality() && !record.streams().empty()) {
    head += ", " + quality_text(record.quality().mos());
    if (!record.quality().complete()) head += ", not complete";
  }
  lines.push_back(head);
  tell_parties(record, region, lines);
  tell_times(record, lines);
  if (!record.call_id().empty()) lines.push_back(labelled("Call-ID", printable(record.call_id())));
  tell_streams(record, lines);
  tell_timeline(record, lines);
  tell_digits(record, lines);
  tell_audio(record, file, lines);
  return lines;
}

}  // namespace koegura::tools
