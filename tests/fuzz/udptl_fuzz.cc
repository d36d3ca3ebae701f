// T.38: any datagrams of both sides, through UDPTL, IFP, the listener and the decoder of pages.
// Input: a size in two octets, the highest bit for the callee's, and the datagram; again and again.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "fax_line.h"
#include "fax_pages.h"
#include "fax_session.h"
#include "ifp.h"
#include "udptl_window.h"

namespace {

using namespace koegura;
using namespace koegura::decode;

constexpr std::size_t kSizeOctets = 2;
constexpr unsigned kCallee = 0x80;

void expect(bool truth) {
  if (!truth) std::abort();
}

bool lies_within(Bytes part, Bytes whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_datagram(Bytes datagram) {
  UdptlDatagram out;
  if (!read_udptl(datagram, out)) return;
  expect(lies_within(out.primary, datagram));
  expect(out.secondaries.empty() || out.parity.empty());
  for (const Bytes secondary : out.secondaries) expect(lies_within(secondary, datagram));
  for (const Bytes entry : out.parity) expect(lies_within(entry, datagram));
}

class Side {
 public:
  Side(capture::Side side, FaxSession& session) : line_(side, session) {}

  void drain() {
    while (const auto packet = window_.next()) {
      ++came_;
      for (const IfpVersion version : {IfpVersion::kFirst, IfpVersion::kLater}) {
        if (!read_ifp(packet->ifp, version, ifp_)) continue;
        for (const Ifp::Field& field : ifp_.fields) expect(lies_within(field.data, packet->ifp));
        line_.on_packet(to_seconds(packet->time.time_since_epoch()), ifp_,
                        packet->lost_before != 0);
        break;
      }
    }
  }
  void add(Timestamp time, Bytes datagram) {
    window_.add(time, datagram);
    drain();
  }
  void finish() {
    window_.finish();
    drain();
    expect(came_ == window_.statistics().received + window_.statistics().recovered);
  }

 private:
  FaxLine line_;
  UdptlWindow window_;
  Ifp ifp_;
  std::uint64_t came_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Bytes input = std::as_bytes(std::span(data, size));
  FaxPages pages;
  FaxSession session(pages);
  Side caller(capture::Side::kCaller, session);
  Side callee(capture::Side::kCallee, session);
  for (int number = 0; input.size() >= kSizeOctets; ++number) {
    const auto first = std::to_integer<unsigned>(input[0]);
    const std::size_t wanted = (first & ~kCallee) << 8U | std::to_integer<unsigned>(input[1]);
    input = input.subspan(kSizeOctets);
    const Bytes datagram = input.first(std::min(wanted, input.size()));
    input = input.subspan(datagram.size());
    check_datagram(datagram);
    ((first & kCallee) != 0 ? callee : caller).add(from_unix_ns(20'000'000LL * number), datagram);
  }
  caller.finish();
  callee.finish();
  session.finish();
  bool any_rows = false;
  for (const Fax& fax : session.faxes()) {
    expect(fax.complete == (fax.result == "complete"));
    for (const FaxPage& page : fax.pages) {
      expect(page.rows <= kMaxPageRows && page.bad_rows <= page.rows);
      any_rows = any_rows || page.rows != 0;
    }
  }
  expect(any_rows == !pages.take_tiff().empty());
  return 0;
}
