// UDPTL and IFP, octet by octet, and the order and repair of what UDPTL carries.
#include <doctest/doctest.h>

#include "../capture/packet_builder.h"
#include "ifp.h"
#include "udptl.h"
#include "udptl_window.h"

using namespace koegura;
using namespace koegura::decode;
using capture::test::Octets;

namespace {

Octets octets(std::initializer_list<unsigned> values) {
  Octets out;
  for (const unsigned value : values) out.push_back(static_cast<std::byte>(value));
  return out;
}

Timestamp second(int number) {
  return from_unix_ns(1'000'000'000LL * number);
}

// A datagram whose packet is its number, with the numbers before it said again.
Octets numbered(unsigned sequence, unsigned redundancy = 0, unsigned salt = 0) {
  capture::test::Writer out;
  out.u16(sequence).u8(2).u8(sequence & 0xFFU).u8(salt).u8(0).u8(redundancy);
  for (unsigned back = 1; back <= redundancy; ++back)
    out.u8(2).u8((sequence - back) & 0xFFU).u8(salt);
  return out.octets();
}

struct Came {
  std::vector<unsigned> numbers;  // by what the packets carry
  std::vector<unsigned> lost_before;
  std::vector<Timestamp> times;
};

void drain(UdptlWindow& window, Came& came) {
  while (const auto packet = window.next()) {
    came.numbers.push_back(std::to_integer<unsigned>(packet->ifp.at(0)));
    came.lost_before.push_back(packet->lost_before);
    came.times.push_back(packet->time);
  }
}

Came through(UdptlWindow& window, const std::vector<Octets>& datagrams) {
  Came came;
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    window.add(second(static_cast<int>(i)), datagrams[i]);
    drain(window, came);
  }
  window.finish();
  drain(window, came);
  return came;
}

using Numbers = std::vector<unsigned>;

}  // namespace

TEST_CASE("a datagram is its number, its packet, and what it says again") {
  UdptlDatagram out;
  const Octets datagram = octets({0x01, 0x02, 1, 0x06, 0, 2, 1, 0x0A, 2, 0xC0, 0x01});
  REQUIRE(read_udptl(datagram, out));
  CHECK(out.sequence == 0x0102);
  CHECK(out.primary.size() == 1);
  REQUIRE(out.secondaries.size() == 2);
  CHECK(out.secondaries[1].size() == 2);
  CHECK(out.parity.empty());
}

TEST_CASE("a datagram with parity says of how many packets it is") {
  UdptlDatagram out;
  const Octets datagram = octets({0, 9, 1, 0x06, 0x80, 1, 3, 2, 1, 0x11, 2, 0x22, 0x33});
  REQUIRE(read_udptl(datagram, out));
  CHECK(out.secondaries.empty());
  CHECK(out.parity_span == 3);
  REQUIRE(out.parity.size() == 2);
  CHECK(out.parity[1][1] == std::byte{0x33});
}

TEST_CASE("lengths over 127 have two octets") {
  capture::test::Writer writer;
  writer.u16(7).u16(0x8000 | 300).bytes(Octets(300, std::byte{0x55})).u8(0).u8(0);
  UdptlDatagram out;
  REQUIRE(read_udptl(writer.octets(), out));
  CHECK(out.primary.size() == 300);
}

TEST_CASE("what is cut off or says more than it has is no UDPTL") {
  const Octets whole = octets({0x01, 0x02, 2, 0xC0, 0x01, 0, 2, 1, 0x0A, 2, 0xC0, 0x01});
  UdptlDatagram out;
  REQUIRE(read_udptl(whole, out));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    // Without any error recovery it is clear all the same.
    CHECK(read_udptl(capture::Bytes(whole).first(size), out) == (size == 5));
  }
  CHECK_FALSE(read_udptl(octets({0, 1, 0xC1, 0, 0}), out));  // a fragmented length
  CHECK_FALSE(read_udptl(octets({0, 1, 1, 0x06, 0x80, 2, 0, 3, 1, 0}), out));  // a long span
}

TEST_CASE("packets come in the order of their numbers, each once") {
  UdptlWindow window;
  const Came came = through(window, {numbered(0), numbered(1), numbered(3), numbered(2),
                                     numbered(3), numbered(4), numbered(5)});
  CHECK(came.numbers == Numbers{0, 1, 2, 3, 4, 5});
  CHECK(window.statistics().duplicates == 1);
  CHECK(window.statistics().lost == 0);
  CHECK(std::is_sorted(came.times.begin(), came.times.end()));
}

TEST_CASE("the first packet may be overtaken") {
  UdptlWindow window;
  const Came came = through(window, {numbered(1), numbered(0), numbered(2), numbered(3)});
  CHECK(came.numbers == Numbers{0, 1, 2, 3});
}

TEST_CASE("a packet that only a later one says was sent before that came") {
  UdptlWindow window;
  const Came came = through(window, {numbered(0), numbered(1), numbered(4, 2), numbered(5, 2)});
  CHECK(came.numbers == Numbers{0, 1, 2, 3, 4, 5});
  CHECK(window.statistics().recovered == 2);
  CHECK(came.times[2] == second(2));
}

TEST_CASE("what never comes is counted, and said where it is missing") {
  UdptlWindow window;
  std::vector<Octets> datagrams = {numbered(0), numbered(1)};
  for (unsigned i = 5; i < 100; ++i) datagrams.push_back(numbered(i));
  const Came came = through(window, datagrams);
  REQUIRE(came.numbers.size() == 97);
  CHECK(came.numbers[2] == 5);
  CHECK(came.lost_before[2] == 3);
  CHECK(came.lost_before[3] == 0);
  CHECK(window.statistics().lost == 3);
}

TEST_CASE("numbers go on over their end") {
  UdptlWindow window;
  const Came came =
      through(window, {numbered(0xFFFE), numbered(0xFFFF), numbered(0), numbered(1), numbered(2)});
  CHECK(came.numbers == Numbers{0xFE, 0xFF, 0, 1, 2});
  CHECK(window.statistics().lost == 0);
}

TEST_CASE("a sender that begins anew is heard, and one stray packet is no new beginning") {
  UdptlWindow window;
  std::vector<Octets> datagrams;
  for (unsigned i = 0; i < 10; ++i) datagrams.push_back(numbered(i));
  datagrams.push_back(numbered(0x7000));  // a stray one
  datagrams.push_back(numbered(10));
  for (unsigned i = 0; i < 10; ++i) datagrams.push_back(numbered(i, 0, 1));
  const Came came = through(window, datagrams);
  REQUIRE(came.numbers.size() == 21);
  CHECK(came.numbers[10] == 10);
  CHECK(came.numbers[11] == 0);
  CHECK(came.numbers[20] == 9);
  CHECK(window.statistics().lost == 0);
}

TEST_CASE("an indicator is an octet, data has fields") {
  Ifp ifp;
  REQUIRE(read_ifp(octets({0x06}), IfpVersion::kFirst, ifp));
  CHECK(ifp.type == Ifp::Type::kIndicator);
  CHECK(ifp.code == 3);  // V.21's preamble
  CHECK(ifp.fields.empty());
  // Version 0: data of V.21 in two fields, the second without octets.
  REQUIRE(read_ifp(octets({0xC0, 2, 0x80, 0, 1, 0xFF, 0xC8, 0x40}), IfpVersion::kFirst, ifp));
  CHECK(ifp.type == Ifp::Type::kData);
  REQUIRE(ifp.fields.size() == 2);
  CHECK(ifp.fields[0].type == IfpField::kHdlcData);
  CHECK(ifp.fields[0].data.size() == 2);
  CHECK(ifp.fields[1].type == IfpField::kHdlcFcsOkSigEnd);
}

TEST_CASE("later versions have their field types elsewhere, and more of them") {
  Ifp ifp;
  REQUIRE(read_ifp(octets({0xC0, 2, 0x80, 0, 1, 0xFF, 0xC8, 0x20}), IfpVersion::kLater, ifp));
  CHECK(ifp.fields[1].type == IfpField::kHdlcFcsOkSigEnd);
  // V.8: the first type behind the extension marker, with a cm-message of one octet.
  REQUIRE(read_ifp(octets({0xE0, 0x00, 1, 0xC0, 0x00, 0, 0, 0x31}), IfpVersion::kLater, ifp));
  CHECK(ifp.code == 9);
  CHECK(ifp.fields[0].type == IfpField::kCm);
  // Heads without padding between them: fcs-OK, and hdlc-data behind it.
  REQUIRE(read_ifp(octets({0xC0, 2, 0x14, 0x00, 0, 0, 0x55}), IfpVersion::kLater, ifp));
  CHECK(ifp.fields[0].type == IfpField::kHdlcFcsOk);
  CHECK(ifp.fields[1].data.size() == 1);
}

TEST_CASE("zeros behind a packet are parity's, anything else makes it none") {
  Ifp ifp;
  CHECK(read_ifp(octets({0x06, 0, 0, 0}), IfpVersion::kFirst, ifp));
  CHECK_FALSE(read_ifp(octets({0x06, 0, 1}), IfpVersion::kFirst, ifp));
  CHECK_FALSE(read_ifp(octets({}), IfpVersion::kFirst, ifp));
  CHECK_FALSE(read_ifp(octets({0xC0, 1, 0x80, 0, 9, 1, 2}), IfpVersion::kFirst, ifp));
  CHECK_FALSE(
      read_ifp(octets({0xC0, 1, 0x90, 0, 0, 1}), IfpVersion::kFirst, ifp));  // an end has no octets
}
