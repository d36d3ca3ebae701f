#include "story.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <utility>

namespace koegura::traffic {
namespace {

using std::chrono::milliseconds;
using Method = SipLine::Method;
using Media = SipLine::Media;

constexpr std::uint64_t kStory = 7;  // a purpose of Random

// Documentation addresses (RFC 5737, RFC 3849), as those of single calls. Two pairs of ports serve
// a leg, one for each side; they come back after kPorts legs.
constexpr std::uint32_t kPhones = 150;
constexpr std::uint32_t kPhonesEach = 4;  // of a conversation
constexpr std::uint32_t kPorts = 12'000;
constexpr std::uint16_t kFirstPort = 10'000;

}  // namespace

Story::Story(const TrafficOptions& options, ConversationPlan plan, Timestamp start)
    : options_(options),
      plan_(std::move(plan)),
      start_(start),
      random_(options.seed, kStory, plan_.index),
      ring_(random_.between(options.ring / 2, options.ring * 3 / 2)),
      talk_(random_.between(options.talk * 3 / 4, options.talk * 5 / 4)),
      latency_(between_ms(10, 20)) {
  plan_.phone_codec = find_codec("PCMU");
  plan_.legs.reserve(kMostLegs);  // so that a leg stays where it is
}

Duration Story::between_ms(int low, int high) {
  return random_.between(milliseconds(low), milliseconds(high));
}

std::uint32_t Story::phone_number(std::uint32_t n) const {
  assert(n < kPhonesEach);
  return (plan_.index * kPhonesEach + n) % kPhones;
}

Party Story::citizen() const {
  return {Party::Host::kSbc, 0, plan_.number};
}

Party Story::desk(std::uint32_t n) const {
  return {Party::Host::kPhone, n, fmt::format("{}", 2301 + phone_number(n))};
}

Party Story::pbx(std::string number) const {
  return {Party::Host::kPbx, 0, std::move(number)};
}

capture::IpAddress Story::address_of(const Party& party) const {
  const bool carrier = party.host == Party::Host::kSbc;
  const std::uint32_t host =
      party.host == Party::Host::kPhone ? 101 + phone_number(party.phone) : 10;
  if (!options_.ipv6) return capture::IpAddress::v4((carrier ? 0xC6336400U : 0xC0000200U) | host);
  capture::IpAddress address{{0x20, 0x01, 0x0D, 0xB8}};
  address.bytes[5] = carrier ? 2 : 1;
  address.bytes[15] = static_cast<std::uint8_t>(host);
  return address;
}

LegPlan& Story::call(const Party& from, const Party& to, Timestamp at, std::string headers) {
  assert(plan_.legs.size() < kMostLegs);
  LegPlan& leg = plan_.legs.emplace_back();
  CallPlan& call = leg.call;
  call.index = plan_.index * kMostLegs + static_cast<std::uint32_t>(plan_.legs.size() - 1);
  call.call_id =
      fmt::format("{:016x}-{}@{}", random_.next(), call.index,
                  from.host == Party::Host::kSbc ? "carrier.example" : "cityhall.example");
  const std::uint32_t port = kFirstPort + call.index % kPorts * 4;
  for (const Side side : kSides) {
    const Party& party = side == Side::kCaller ? from : to;
    call.tags[index_of(side)] = fmt::format("{:08x}", random_.next() >> 32U);
    call.numbers[index_of(side)] = party.number;
    call.domains[index_of(side)] =
        party.host == Party::Host::kSbc ? "carrier.example" : "cityhall.example";
    call.sip[index_of(side)] = {address_of(party), 5060};
    call.media[index_of(side)] = {address_of(party),
                                  static_cast<std::uint16_t>(port + 2 * index_of(side))};
  }
  leg.pbx = from.host == Party::Host::kPbx ? Side::kCaller : Side::kCallee;
  const bool trunk = from.host == Party::Host::kSbc || to.host == Party::Host::kSbc;
  leg.codec = trunk ? find_codec(options_.codec) : plan_.phone_codec;
  for (const Side side : kSides) call.streams.push_back(new_stream(leg, side));

  call.start = at;
  call.trying = at + between_ms(2, 8);
  SipLine invite = request(leg, Side::kCaller, Method::kInvite, at);
  invite.in_dialog = false;
  invite.to_tag = false;
  invite.media = Media::kSendRecv;
  if (!headers.empty()) invite.extra = add_extra(leg, {std::move(headers), {}});
  leg.lines = {invite, reply(invite, call.trying, 100)};
  return leg;
}

std::uint8_t Story::add_extra(LegPlan& leg, SipExtra extra) {
  leg.call.extras.push_back(std::move(extra));
  return static_cast<std::uint8_t>(leg.call.extras.size());
}

// An ACK has the branch behind its INVITE's.
SipLine Story::request(LegPlan& leg, Side by, Method method, Timestamp at) {
  SipLine line = {.time = at,
                  .sender = by,
                  .client = by,
                  .method = method,
                  .cseq = leg.next_cseq[index_of(by)]++,
                  .branch = leg.next_branch,
                  .in_dialog = true};
  leg.next_branch += 2;
  return line;
}

void Story::ring(LegPlan& leg, Timestamp at) {
  leg.call.ringing = at;
  leg.lines.push_back(reply(leg.lines.front(), at, 180));
}

void Story::answer(LegPlan& leg, Timestamp at) {
  CallPlan& call = leg.call;
  call.outcome = Outcome::kAnswered;
  call.answered = at;
  call.acknowledged = at + between_ms(3, 15);
  SipLine line = reply(leg.lines.front(), at, 200);
  line.media = Media::kSendRecv;
  leg.lines.push_back(line);
  leg.lines.push_back(acknowledge(leg.lines.front(), call.acknowledged));
}

void Story::hang_up(LegPlan& leg, Side by, Timestamp at) {
  leg.call.end = at;
  leg.call.released_by = by;
  const SipLine bye = request(leg, by, Method::kBye, at);
  leg.lines.push_back(bye);
  leg.lines.push_back(reply(bye, at + between_ms(2, 10), 200));
}

void Story::cancel(LegPlan& leg, Timestamp at, std::string headers) {
  leg.call.outcome = Outcome::kCancelled;
  leg.call.end = at;
  leg.call.released_by = Side::kCaller;
  const SipLine invite = leg.lines.front();
  SipLine cancel = invite;
  cancel.time = at;
  cancel.method = Method::kCancel;
  cancel.media = Media::kNone;
  cancel.extra = headers.empty() ? std::uint8_t{0} : add_extra(leg, {std::move(headers), {}});
  const Timestamp replied = at + between_ms(2, 8);
  const Timestamp refused = replied + between_ms(1, 8);
  leg.lines.push_back(cancel);
  leg.lines.push_back(reply(cancel, replied, 200));
  leg.lines.push_back(reply(invite, refused, 487));
  leg.lines.push_back(acknowledge_refusal(invite, refused + between_ms(1, 8)));
}

void Story::refuse(LegPlan& leg, Timestamp at, Outcome outcome) {
  assert(outcome == Outcome::kMissed || outcome == Outcome::kBusy);
  leg.call.outcome = outcome;
  leg.call.end = at;
  leg.call.released_by = Side::kCallee;
  const SipLine& invite = leg.lines.front();
  const SipLine refusal = reply(invite, at, outcome == Outcome::kBusy ? 486 : 480);
  const SipLine ack = acknowledge_refusal(invite, at + between_ms(1, 8));
  leg.lines.push_back(refusal);
  leg.lines.push_back(ack);
}

Reoffer Story::reinvite(LegPlan& leg, Side by, Timestamp at, Media offer, Media answered) {
  const Timestamp replied = at + between_ms(4, 15);
  const Reoffer times = {at, replied, replied + between_ms(3, 12)};
  SipLine invite = request(leg, by, Method::kInvite, at);
  invite.media = offer;
  invite.sdp_version = ++leg.sdp_versions[index_of(by)];
  SipLine line = reply(invite, replied, 200);
  line.media = answered;
  line.sdp_version = ++leg.sdp_versions[index_of(other(by))];
  leg.lines.insert(leg.lines.end(), {invite, line, acknowledge(invite, times.acknowledged)});
  return times;
}

void Story::refer(LegPlan& leg, Side by, Timestamp at, std::string headers) {
  SipLine line = request(leg, by, Method::kRefer, at);
  line.extra = add_extra(leg, {std::move(headers), {}});
  const Timestamp accepted = at + between_ms(2, 8);
  leg.lines.push_back(line);
  leg.lines.push_back(reply(line, accepted, 202));
  notify(leg, other(by), accepted + between_ms(1, 5), "SIP/2.0 100 Trying");
}

void Story::notify(LegPlan& leg, Side by, Timestamp at, const std::string& status_line) {
  const bool final = status_line.find(" 100 ") == std::string::npos;
  SipLine line = request(leg, by, Method::kNotify, at);
  line.extra =
      add_extra(leg, {fmt::format("Event: refer\r\nSubscription-State: {}\r\n",
                                  final ? "terminated;reason=noresource" : "active;expires=60"),
                      status_line + "\r\n"});
  leg.lines.push_back(line);
  leg.lines.push_back(reply(line, at + between_ms(2, 8), 200));
}

}  // namespace koegura::traffic
