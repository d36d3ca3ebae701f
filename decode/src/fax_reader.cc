#include "fax_reader.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "capture/packet.h"
#include "fax_line.h"
#include "fax_pages.h"
#include "fax_session.h"
#include "ifp.h"
#include "udptl_window.h"

namespace koegura::decode {
namespace {

using capture::FinishedCall;
using capture::FinishedStream;
using capture::MediaKind;

// One stream, as far as it was read.
class FaxStream {
 public:
  FaxStream(const FinishedCall& call, std::size_t index, FaxLine& line)
      : index_(index), line_(line), reader_(call.streams[index].spooled) {}

  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] const UdptlStatistics& statistics() const { return window_.statistics(); }
  // Nothing: it is over.
  [[nodiscard]] const std::optional<UdptlWindow::Packet>& front() const { return front_; }

  // When the packet in front was sent, as well as it is known. REQUIRES: there is one.
  [[nodiscard]] Timestamp time() const {
    const bool goes_on = front_->recovered && line_.is_sending();
    return goes_on ? front_->earliest : front_->time;
  }

  // Reads on until there is a packet in front or the stream is over.
  [[nodiscard]] Result<void> fill() {
    capture::SpooledPacket spooled;
    front_ = window_.next();
    while (!front_ && !over_) {
      const Result<bool> more = reader_.next(spooled);
      if (!more) return tl::make_unexpected(more.error());
      over_ = !*more;
      if (over_) {
        window_.finish();
      } else if (const auto packet = capture::parse_ip(spooled.time, spooled.ip)) {
        window_.add(spooled.time, packet->payload);
      }
      front_ = window_.next();
    }
    return {};
  }

  // REQUIRES: there is a packet in front.
  void tell(Timestamp start, IfpVersion told) {
    if (!version_) version_ = told;
    const bool gap = front_->lost_before != 0 || unreadable_before_;
    unreadable_before_ = !understand();
    if (unreadable_before_) return window_.note_unreadable();
    line_.on_packet(to_seconds(time() - start), ifp_, gap);
  }

 private:
  // Gateways exist that speak another version than their SDP says. Most packets can be read by
  // both; the first that makes sense by the other one only decides.
  [[nodiscard]] bool understand() {
    const auto makes_sense = [&](IfpVersion version) {
      return read_ifp(front_->ifp, version, ifp_) && !line_.would_abandon_frame(ifp_);
    };
    if (makes_sense(*version_)) return true;
    const IfpVersion other =
        *version_ == IfpVersion::kFirst ? IfpVersion::kLater : IfpVersion::kFirst;
    if (makes_sense(other)) {
      version_ = other;
      return true;
    }
    return read_ifp(front_->ifp, *version_, ifp_);
  }

  std::size_t index_;
  FaxLine& line_;
  capture::SpoolReader reader_;
  UdptlWindow window_;
  std::optional<UdptlWindow::Packet> front_;
  std::optional<IfpVersion> version_;
  Ifp ifp_;
  bool over_ = false;
  bool unreadable_before_ = false;
};

bool overlap(const FinishedStream& a, const FinishedStream& b) {
  return a.first <= b.last && b.first <= a.last;
}

// Those that are listened to.
std::vector<std::size_t> heard_streams(const FinishedCall& call) {
  std::vector<std::size_t> all;
  for (std::size_t i = 0; i < call.streams.size(); ++i) {
    if (call.streams[i].kind == MediaKind::kImage && call.streams[i].packets != 0) all.push_back(i);
  }
  const auto& streams = call.streams;
  std::stable_sort(all.begin(), all.end(), [&](std::size_t a, std::size_t b) {
    return streams[a].packets > streams[b].packets;
  });
  std::vector<std::size_t> heard;
  for (const std::size_t i : all) {
    const bool is_copy = std::any_of(heard.begin(), heard.end(), [&](std::size_t other) {
      return streams[i].side == streams[other].side && overlap(streams[i], streams[other]);
    });
    if (!is_copy) heard.push_back(i);
  }
  return heard;
}

// What both sides agreed on at that time: the lesser of their versions (T.38 Annex D.2.3).
IfpVersion version_at(const FinishedCall& call, Timestamp time) {
  std::optional<unsigned> version;
  for (const capture::Side side : {capture::Side::kCaller, capture::Side::kCallee}) {
    std::optional<unsigned> told;
    for (const capture::NegotiatedMedia& media : call.media) {
      if (media.kind != MediaKind::kImage || media.side != side || media.since > time) continue;
      told = media.t38_version;
    }
    if (told) version = std::min(version.value_or(*told), *told);
  }
  return version.value_or(0) == 0 ? IfpVersion::kFirst : IfpVersion::kLater;
}

void add(UdptlStatistics& sum, const UdptlStatistics& part) {
  sum.received += part.received;
  sum.recovered += part.recovered;
  sum.lost += part.lost;
  sum.duplicates += part.duplicates;
  sum.unreadable += part.unreadable;
}

}  // namespace

Result<FaxDocument> read_faxes(const FinishedCall& call) {
  FaxDocument document;
  const std::vector<std::size_t> heard = heard_streams(call);
  if (heard.empty()) return document;
  FaxPages pages;
  FaxSession session(pages);
  FaxLine caller(capture::Side::kCaller, session);
  FaxLine callee(capture::Side::kCallee, session);
  std::vector<std::unique_ptr<FaxStream>> streams;
  for (const std::size_t i : heard) {
    const bool is_caller = call.streams[i].side == capture::Side::kCaller;
    streams.push_back(std::make_unique<FaxStream>(call, i, is_caller ? caller : callee));
    if (Result<void> filled = streams.back()->fill(); !filled) {
      return tl::make_unexpected(filled.error());
    }
  }
  while (true) {
    FaxStream* first = nullptr;
    for (const auto& stream : streams) {
      if (!stream->front()) continue;
      if (first == nullptr || stream->time() < first->time()) first = stream.get();
    }
    if (first == nullptr) break;
    first->tell(call.start, version_at(call, first->time()));
    if (Result<void> filled = first->fill(); !filled) return tl::make_unexpected(filled.error());
  }
  session.finish();
  document.faxes = std::move(session.faxes());
  document.tiff = pages.take_tiff();
  document.streams.resize(call.streams.size());
  for (const auto& stream : streams) {
    document.streams[stream->index()] = stream->statistics();
    add(document.packets, stream->statistics());
  }
  return document;
}

}  // namespace koegura::decode
