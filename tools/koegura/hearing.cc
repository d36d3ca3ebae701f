#include "hearing.h"

#include <algorithm>
#include <utility>

#include "quantity_text.h"
#include "stretch.h"

namespace koegura::tools {

namespace {

using capture::Hearing;
using std::chrono::minutes;

// Thresholds. All are counts, so that a quiet night, with a call or none, stays below them.

// A live port shows a spanning tree frame every 2 s, LLDP every 30 s. Fewer frames a second than
// this is a port that mirrors nothing.
constexpr double kOwnFramesPerSecond = 2;
// Two calls' streams. Paging and music on hold are one or two streams without SIP for ever.
constexpr std::uint64_t kFewStreams = 4;
// Calls that began before the recorder did are strangers. Most are over after 15 minutes; SIP, of
// any call or registration, comes sooner.
constexpr Duration kFirstSip = minutes(5);
constexpr Duration kOldCallsAreOver = minutes(15);
// One unheard call may be parked, or a fax. If nothing at all is heard two tell it; among others
// that are heard, three and a fifth of those talking.
constexpr std::uint64_t kFewUnheard = 2;
constexpr std::uint64_t kSomeUnheard = 3;
constexpr std::uint64_t kUnheardShare = 5;
// Paging, music on hold and silence suppression are one-way too, but never most of the streams.
constexpr std::uint64_t kFewOneWay = 6;
// A dead phone is asked 11 times without an answer (RFC 3261 §17.1.2); a whole system is not.
constexpr std::uint64_t kFewMessages = 30;
constexpr std::uint64_t kMessageRatio = 20;
// 10 s of one call.
constexpr std::uint64_t kFewPackets = 1000;

constexpr const char* kMirrorSyntax =
    "Cisco: monitor session 1 source interface X both, monitor session 1 destination interface Y; "
    "HP/Aruba: mirror-port Y, interface X monitor all both mirror 1; "
    "Allied Telesis, on the interface Y: mirror interface X direction both";

std::string mirror_of(const char* what) {
  return std::string(what) + " (" + kMirrorSyntax + ")";
}

Duration silence(const Stretch& stretch, Timestamp last) {
  return stretch.now->at - (is_set(last) ? last : stretch.now->started);
}

void find_silent_ports(const Stretch& stretch, std::vector<Finding>& findings) {
  for (const Port& port : stretch.ports) {
    const Duration silent = silence(stretch, port.last_frame);
    if (!port.error.empty() || silent < stretch.options.no_frames) continue;
    // Frames stamped in the past are no silence.
    if (std::any_of(findings.begin(), findings.end(), [&](const Finding& known) {
          return known.id == "clock" && known.source == port.name;
        })) {
      continue;
    }
    const bool never = !is_set(port.last_frame);
    Finding finding{.id = "no_frames", .source = port.name, .what = {}, .blame = {}, .since = {}};
    finding.what =
        "no frame, not even a broadcast, for " + lasting(silent) +
        (never ? ": none since the recorder was started" : ": until then there were frames");
    finding.blame =
        never ? mirror_of(
                    "the cable is in another port, the port is shut down, or the mirror "
                    "session has no destination") +
                    "; a virtual machine's switch must allow promiscuous mode (VMware: port "
                    "group, Security); koegura doctor shows the link"
              : "a cable was pulled, the port was shut down, or the switch was restarted without "
                "its saved configuration (Cisco: show monitor session 1; write memory)";
    finding.since = never ? stretch.now->started : port.last_frame;
    findings.push_back(std::move(finding));
  }
}

// RTP that no SIP claims. True if found: then the missing SIP is told.
bool find_strangers(const Stretch& stretch, std::vector<Finding>& findings) {
  const Hearing& hearing = stretch.now->hearing;
  const bool never = !is_set(hearing.last_sip);
  const Duration wait = never ? kFirstSip : kOldCallsAreOver;
  if (hearing.strangers < kFewStreams || hearing.strangers * 2 < hearing.streams ||
      stretch.uptime() < wait) {
    return false;
  }
  Finding finding{.id = "rtp_without_sip", .source = {}, .what = {}, .blame = {}, .since = {}};
  finding.what = never
                     ? "no SIP since the recorder was started " + lasting(stretch.uptime()) +
                           " ago, though RTP of " + plural(hearing.streams, "stream") + " is heard"
                     : count_text(hearing.strangers) + " of " +
                           plural(hearing.streams, "RTP stream") + " belong to no SIP heard";
  finding.blame =
      (never ? mirror_of("the port or VLAN of the PBX is not in the mirror")
             : mirror_of("some signalling is not in the mirror: the trunk's, another VLAN's")) +
      "; or it is encrypted (SIP over TLS, port 5061: let the PBX use UDP or TCP, or mirror the "
      "trunk's side); such calls are archived as media-only, without numbers";
  finding.since = stretch.before->at;
  findings.push_back(std::move(finding));
  return true;
}

void find_no_sip(const Stretch& stretch, std::vector<Finding>& findings) {
  const Duration silent = silence(stretch, stretch.now->hearing.last_sip);
  // Without any frames the ports' silence is the finding.
  if (silent < stretch.options.no_sip || stretch.all.frames == 0) return;
  const double rate =
      static_cast<double>(stretch.all.frames) / std::max(to_seconds(stretch.length()), 1.0);
  const bool own_frames_only =
      rate < kOwnFramesPerSecond * static_cast<double>(stretch.ports.size());
  Finding finding{.id = "no_sip", .source = {}, .what = {}, .blame = {}, .since = {}};
  finding.what = "no SIP for " + lasting(silent) + ", though " + count_text(stretch.all.frames) +
                 " frames came in the last " + lasting(stretch.length());
  finding.blame = own_frames_only
                      ? mirror_of(
                            "so few frames are what any switch port shows of its own: the mirror "
                            "session is not running, or its source is the wrong port")
                      : mirror_of(
                            "the voice VLAN or the PBX's port is not in the mirror (Cisco: monitor "
                            "session 1 source vlan N)") +
                            "; or SIP is encrypted (TLS, port 5061)";
  finding.since =
      is_set(stretch.now->hearing.last_sip) ? stretch.now->hearing.last_sip : stretch.now->started;
  findings.push_back(std::move(finding));
}

void find_unheard(const Stretch& stretch, std::vector<Finding>& findings) {
  const Hearing& hearing = stretch.now->hearing;
  const bool none = hearing.streams == 0 && hearing.unheard >= kFewUnheard;
  const bool some =
      hearing.unheard >= kSomeUnheard && hearing.unheard * kUnheardShare >= hearing.talking;
  if (!none && !some) return;
  Finding finding{.id = "sip_without_rtp", .source = {}, .what = {}, .blame = {}, .since = {}};
  finding.what = count_text(hearing.unheard) + " of " + plural(hearing.talking, "call") +
                 " that were answered have no RTP" +
                 (none ? ", and there is none of any other" : "");
  finding.blame =
      none ? mirror_of(
                 "the media's VLAN or subnet is not in the mirror, only the signalling's "
                 "(Cisco: monitor session 1 source vlan N)") +
                 "; or phones send their media directly to each other, past the mirrored port: "
                 "mirror the voice VLAN, or turn direct media off in the PBX"
           : mirror_of(
                 "some phones' media does not pass the mirrored ports: phones on another "
                 "switch or in another VLAN, or media sent directly between phones") +
                 "; mirror those too, or turn direct media off in the PBX";
  finding.since = stretch.before->at;
  findings.push_back(std::move(finding));
}

// What is missing of a mirror whose SIP is one-sided. The PBX is asked by its phones (REGISTER)
// more than it asks: requests alone go towards it, which its port sends (tx).
const char* missing_direction(std::uint64_t requests, std::uint64_t responses) {
  if (responses * kMessageRatio < requests) {
    return "requests come without responses: if the PBX's port is mirrored, only its tx is";
  }
  if (requests * kMessageRatio < responses) {
    return "responses come without requests: if the PBX's port is mirrored, only its rx is";
  }
  return "SIP is heard both ways, so it is the ports that carry media: gateways or phones";
}

void find_one_direction(const Stretch& stretch, std::vector<Finding>& findings) {
  const Hearing& before = stretch.before->hearing;
  const Hearing& now = stretch.now->hearing;
  const std::uint64_t requests = now.sip_requests - std::min(before.sip_requests, now.sip_requests);
  const std::uint64_t responses =
      now.sip_responses - std::min(before.sip_responses, now.sip_responses);
  const bool media =
      now.one_way_streams >= kFewOneWay && now.one_way_streams * 5 >= now.streams * 4;
  const bool signalling =
      std::max(requests, responses) >= kFewMessages &&
      std::min(requests, responses) * kMessageRatio < std::max(requests, responses);
  if (!media && !signalling) return;
  Finding finding{.id = "one_direction", .source = {}, .what = {}, .blame = {}, .since = {}};
  if (media) {
    finding.what = count_text(now.one_way_streams) + " of " + plural(now.streams, "RTP stream") +
                   " have no other direction";
  }
  if (signalling) {
    finding.what += (media ? ", and " : "") + plural(requests, "SIP request") + " came with " +
                    plural(responses, "response");
  }
  finding.blame = mirror_of(
                      "the mirror copies one direction only, rx or tx, where it has to copy "
                      "both") +
                  "; " + missing_direction(requests, responses);
  finding.since = stretch.before->at;
  findings.push_back(std::move(finding));
}

void find_duplicates(const Stretch& stretch, std::vector<Finding>& findings) {
  const Port& all = stretch.all;
  // One in ten may be seen once: broadcasts, and calls that pass one mirrored port only.
  if (all.duplicates < kFewPackets || all.duplicates * 10 < all.voip * 9) return;
  const auto times = static_cast<double>(all.duplicates + all.voip) /
                     static_cast<double>(std::max<std::uint64_t>(all.voip, 1));
  const auto port = std::find_if(stretch.ports.begin(), stretch.ports.end(), [](const Port& one) {
    return one.duplicates >= kFewPackets && one.voip * 10 < one.duplicates;
  });
  Finding finding{.id = "all_duplicates",
                  .source = {},
                  .severity = Severity::kNotice,
                  .what = {},
                  .blame = {},
                  .since = stretch.before->at};
  finding.what = "every packet comes " + decimal_text(times, 1) +
                 " times; each is recorded once, nothing is lost";
  if (port != stretch.ports.end() && stretch.ports.size() > 1) {
    finding.blame = port->name +
                    " shows what another interface shows already: record one of them, or mirror "
                    "other ports to it";
  } else {
    finding.blame =
        "the mirror copies frames where they come in and again where they go out: mirror one "
        "side of the calls only, or only what comes in of all ports (Cisco: monitor session 1 "
        "source vlan N rx; Allied Telesis: mirror interface X direction receive) to halve the load";
  }
  findings.push_back(std::move(finding));
}

bool mostly_tagged(std::uint64_t tagged, std::uint64_t frames) {
  return tagged >= kFewPackets && tagged * 10 >= frames;  // a trunk's native VLAN has no tag
}

// That tags are missing can only be told where there were some: before, or on another port.
void find_stripped_tags(const Stretch& stretch, std::vector<Finding>& findings) {
  for (const Port& port : stretch.ports) {
    if (port.tagged > 0 || port.frames < kFewPackets) continue;
    const bool earlier = mostly_tagged(port.earlier_tagged, port.earlier_frames);
    const auto other =
        std::find_if(stretch.ports.begin(), stretch.ports.end(),
                     [](const Port& one) { return mostly_tagged(one.tagged, one.frames); });
    if (!earlier && other == stretch.ports.end()) continue;
    Finding finding{.id = "vlan_stripped",
                    .source = port.name,
                    .severity = Severity::kNotice,
                    .what = {},
                    .blame = {},
                    .since = stretch.before->at};
    finding.what = "none of " + count_text(port.frames) + " frames has a VLAN tag, though " +
                   (earlier ? "earlier ones had" : "those of " + other->name + " have");
    finding.blame =
        "the mirror takes the tags off, so VLANs that use the same addresses cannot be told "
        "apart (Cisco: monitor session 1 destination interface Y encapsulation replicate; "
        "HP/Aruba: without no-tag-added); or another port is mirrored now, one without tags";
    findings.push_back(std::move(finding));
  }
}

}  // namespace

std::vector<Finding> judge(const capture::TapSnapshot& before, const capture::TapSnapshot& now,
                           const HearingOptions& options) {
  const Stretch stretch = stretch_between(before, now, options);
  std::vector<Finding> findings;
  find_defects(stretch, findings);
  find_silent_ports(stretch, findings);
  if (!find_strangers(stretch, findings)) find_no_sip(stretch, findings);
  find_unheard(stretch, findings);
  find_one_direction(stretch, findings);
  find_losses(stretch, findings);
  find_duplicates(stretch, findings);
  find_stripped_tags(stretch, findings);
  return findings;
}

}  // namespace koegura::tools
