#include <algorithm>
#include <random>

#include "decapsulation_story.h"
#include "tunnel_builder.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

TEST_CASE("fragments in any order make the datagram that was cut, well formed") {
  const std::string text(1000, 'x');
  for (const auto& [from, to] :
       {std::pair(kFrom, kTo), std::pair<std::string_view, std::string_view>(
                                   "[2001:db8::1]:5060", "[2001:db8::2]:5062")}) {
    std::vector<Carried> pieces = fragments(from, to, text, 256, 77);
    REQUIRE(pieces.size() == 4);
    std::vector<std::size_t> order = {0, 1, 2, 3};
    do {
      DecapsulationStory story;
      for (std::size_t i = 0; i < 3; ++i) CHECK_FALSE(story.send(ethernet(pieces[order[i]])));
      CHECK(story.waiting() == 3);
      CHECK(story.send(ethernet(pieces[order[3]])) == text);
      CHECK(story.last_frames == 4);
      CHECK(story.waiting() == 0);
      // Byte for byte the datagram that was never cut, but for the identification of IPv4.
      IpFields fields;
      fields.id = from == kFrom ? 77 : 0;
      CHECK(story.last_ip == udp(from, to, text, fields).bytes);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("a mirror that shows each fragment twice gives the datagram once") {
  const std::vector<Carried> pieces = fragments(kFrom, kTo, std::string(500, 'x'), 256, 1);
  REQUIRE(pieces.size() == 2);
  DecapsulationStory story;
  CHECK_FALSE(story.send(ethernet(pieces[0])));
  CHECK_FALSE(story.send(ethernet(pieces[0])));
  CHECK(story.send(ethernet(pieces[1])));
  CHECK_FALSE(story.send(ethernet(pieces[1])));
  CHECK(story.in_packets == 2);
  CHECK(story.accounting[Outcome::kDuplicate] == 2);
  CHECK(story.waiting() == 0);
}

TEST_CASE("an id that comes round again makes a new datagram") {
  DecapsulationStory story;
  for (const char letter : {'a', 'b', 'c'}) {
    const std::string text(500, letter);
    const std::vector<Carried> pieces = fragments(kFrom, kTo, text, 256, 1);
    CHECK_FALSE(story.send(ethernet(pieces[0])));
    CHECK(story.send(ethernet(pieces[1])) == text);
  }
  CHECK(story.accounting.accounted() == 0);
}

TEST_CASE("fragments of several senders do not mix") {
  DecapsulationStory story;
  const std::vector<Carried> ours = fragments(kFrom, kTo, std::string(500, 'a'), 256, 1);
  const std::vector<Carried> theirs = fragments("10.0.0.9:1", kTo, std::string(500, 'b'), 256, 1);
  CHECK_FALSE(story.send(ethernet(ours[0])));
  CHECK_FALSE(story.send(ethernet(theirs[1])));
  CHECK(story.send(ethernet(theirs[0])) == std::string(500, 'b'));
  CHECK(story.send(ethernet(ours[1])) == std::string(500, 'a'));
}

TEST_CASE("an overlap refuses the whole datagram, and what still comes of it") {
  DecapsulationStory story;
  const std::vector<Carried> pieces = fragments(kFrom, kTo, std::string(1000, 'x'), 256, 1);
  IpFields overlapping;
  overlapping.id = 1;
  overlapping.fragment_offset = 248;
  overlapping.more_fragments = true;
  const Endpoint from = endpoint(kFrom);
  const Endpoint to = endpoint(kTo);
  CHECK_FALSE(story.send(ethernet(pieces[0])));
  CHECK_FALSE(story.send(ethernet(pieces[2])));
  CHECK_FALSE(story.send(ethernet(ip(from.address, to.address, overlapping, Octets(16)))));
  CHECK(story.defects(Defect::kFragmentOverlap) == 3);
  CHECK_FALSE(story.send(ethernet(pieces[1])));
  CHECK_FALSE(story.send(ethernet(pieces[3])));
  CHECK(story.defects(Defect::kFragmentOverlap) == 5);
}

TEST_CASE("the same place with other bytes is an overlap, not a duplicate") {
  DecapsulationStory story;
  CHECK_FALSE(story.send(ethernet(fragments(kFrom, kTo, std::string(500, 'x'), 256, 1)[0])));
  CHECK_FALSE(story.send(ethernet(fragments(kFrom, kTo, std::string(500, 'y'), 256, 1)[0])));
  CHECK(story.defects(Defect::kFragmentOverlap) == 2);
}

TEST_CASE("lengths that contradict each other or the unit of 8 bytes are a defect") {
  const Endpoint from = endpoint(kFrom);
  const Endpoint to = endpoint(kTo);
  struct Piece {
    std::size_t offset;
    bool more;
    std::size_t size;
  };
  const auto defects_of = [&](std::initializer_list<Piece> pieces) {
    DecapsulationStory story;
    for (const Piece& piece : pieces) {
      IpFields fields;
      fields.fragment_offset = piece.offset;
      fields.more_fragments = piece.more;
      story.send(ethernet(ip(from.address, to.address, fields, Octets(piece.size))));
    }
    return story.defects(Defect::kFragmentBadLength);
  };
  CHECK(defects_of({{0, true, 12}}) == 1);
  CHECK(defects_of({{8, true, 0}}) == 1);
  CHECK(defects_of({{16, false, 8}, {24, true, 8}}) == 2);   // beyond the end
  CHECK(defects_of({{32, true, 8}, {16, false, 8}}) == 2);   // the end before what is here
  CHECK(defects_of({{16, false, 8}, {16, false, 9}}) == 2);  // two ends
}

TEST_CASE("fragments that would make more than 65,535 bytes are a defect") {
  DecapsulationStory story;
  IpFields fields;
  fields.fragment_offset = 65528;
  const Endpoint from = endpoint(kFrom);
  CHECK_FALSE(story.send(ethernet(ip(from.address, from.address, fields, Octets(8)))));
  CHECK(story.defects(Defect::kFragmentTooLarge) == 1);
}

TEST_CASE("fragments that never become whole are counted by time, or at the end") {
  DecapsulationStory story;
  const std::vector<Carried> pieces = fragments(kFrom, kTo, std::string(1000, 'x'), 256, 1);
  story.send(ethernet(pieces[0]));
  story.send(ethernet(pieces[1]));
  story.after(std::chrono::seconds(29));
  CHECK(story.waiting() == 2);
  story.after(std::chrono::seconds(2));
  CHECK(story.waiting() == 0);
  CHECK(story.defects(Defect::kFragmentTimeout) == 2);

  story.send(ethernet(pieces[2]));
  CHECK(story.waiting() == 1);
  story.finish();
  CHECK(story.waiting() == 0);
  CHECK(story.defects(Defect::kFragmentTimeout) == 3);
}

TEST_CASE("a full table gives up the oldest datagram, those that are whole before all others") {
  DecapsulationStory story({.max_datagrams_in_reassembly = 2});
  const auto piece = [](std::uint32_t id, std::size_t index) {
    return ethernet(fragments(kFrom, kTo, std::string(500, 'x'), 256, id)[index]);
  };
  story.send(piece(1, 0));
  story.send(piece(2, 0));
  story.send(piece(3, 0));  // in the place of 1
  CHECK(story.defects(Defect::kFragmentTableFull) == 1);
  CHECK(story.stats().datagrams_given_up == 1);
  CHECK(story.send(piece(2, 1)));
  story.send(piece(4, 0));  // in the place of 2, which is whole
  CHECK(story.defects(Defect::kFragmentTableFull) == 1);
  CHECK(story.send(piece(3, 1)));
  CHECK(story.send(piece(4, 1)));
}

TEST_CASE("a mirror that loses many fragments does not make new datagrams wait") {
  DecapsulationStory story;
  std::uint32_t id = 0;
  for (int i = 0; i < 5000; ++i) {  // more than the table holds, within the timeout
    story.send(ethernet(fragments(kFrom, kTo, std::string(500, 'x'), 256, ++id)[0]));
    story.after(std::chrono::milliseconds(1));
    CHECK(story.waiting() <= 1024);
  }
  const std::vector<Carried> pieces = fragments(kFrom, kTo, std::string(500, 'y'), 256, ++id);
  CHECK_FALSE(story.send(ethernet(pieces[0])));
  CHECK(story.send(ethernet(pieces[1])) == std::string(500, 'y'));
  story.finish();
}

TEST_CASE("a clock that is put back neither keeps old fragments nor lets ids meet") {
  DecapsulationStory story;
  story.after(std::chrono::hours(2));
  story.send(ethernet(fragments(kFrom, kTo, std::string(1000, 'x'), 256, 1)[0]));
  story.send(ethernet(fragments(kFrom, kTo, std::string(500, 'x'), 256, 2)[0]));
  CHECK(story.waiting() == 2);
  story.now -= std::chrono::hours(1);
  const std::vector<Carried> fresh = fragments(kFrom, kTo, std::string(500, 'y'), 256, 1);
  CHECK_FALSE(story.send(ethernet(fresh[1])));
  CHECK(story.defects(Defect::kFragmentTimeout) == 1);
  CHECK(story.send(ethernet(fresh[0])) == std::string(500, 'y'));
  story.after(std::chrono::seconds(2));
  CHECK(story.waiting() == 0);
  CHECK(story.defects(Defect::kFragmentTimeout) == 2);
}

TEST_CASE("a datagram of the largest size is put together from the smallest pieces, backwards") {
  const std::string text(65'535 - 20 - 8, 'x');
  std::vector<Carried> pieces = fragments(kFrom, kTo, text, 8, 1);
  DecapsulationStory story;
  for (std::size_t i = pieces.size() - 1; i > 0; --i)
    REQUIRE_FALSE(story.send(ethernet(pieces[i])));
  CHECK(story.waiting() == pieces.size() - 1);
  CHECK(story.send(ethernet(pieces[0])) == text);
  CHECK(story.last_frames == pieces.size());
  CHECK(story.waiting() == 0);
}

TEST_CASE("an overlap by one unit is refused from either side, and within") {
  const Endpoint from = endpoint(kFrom);
  struct Piece {
    std::size_t offset;
    std::size_t size;
  };
  const auto overlaps = [&](Piece first, Piece second) {
    DecapsulationStory story;
    for (const Piece& piece : {first, second}) {
      IpFields fields;
      fields.fragment_offset = piece.offset;
      fields.more_fragments = true;
      CHECK_FALSE(story.send(ethernet(ip(from.address, from.address, fields, Octets(piece.size)))));
    }
    return story.defects(Defect::kFragmentOverlap) == 2;
  };
  CHECK(overlaps({64, 64}, {120, 16}));
  CHECK(overlaps({64, 64}, {56, 16}));
  CHECK(overlaps({64, 64}, {80, 8}));
  CHECK(overlaps({64, 64}, {0, 256}));
  CHECK(overlaps({64, 64}, {64, 8}));
  CHECK_FALSE(overlaps({64, 64}, {128, 8}));
  CHECK_FALSE(overlaps({64, 64}, {56, 8}));
}

TEST_CASE("an overlapped datagram's id is free again after the timeout") {
  DecapsulationStory story;
  story.send(ethernet(fragments(kFrom, kTo, std::string(500, 'x'), 256, 1)[0]));
  story.send(ethernet(fragments(kFrom, kTo, std::string(500, 'y'), 256, 1)[0]));
  CHECK(story.defects(Defect::kFragmentOverlap) == 2);
  story.after(std::chrono::seconds(31));
  const std::vector<Carried> pieces = fragments(kFrom, kTo, std::string(500, 'z'), 256, 1);
  CHECK_FALSE(story.send(ethernet(pieces[0])));
  CHECK(story.send(ethernet(pieces[1])) == std::string(500, 'z'));
}

TEST_CASE("extension headers before the fragment header stay, and lead to the payload") {
  const Endpoint from = endpoint("[2001:db8::1]:5060");
  const Octets whole = udp_header_and(5060, 5062, octets(std::string(100, 'x')));
  const auto piece = [&](std::size_t offset, std::size_t size, bool more) {
    Writer payload;
    payload.u8(44).u8(0).zeros(6);  // hop-by-hop, then the fragment header
    payload.u8(17).u8(0).u16(static_cast<unsigned>(offset) | (more ? 1U : 0U)).u32(7);
    payload.bytes(Bytes(whole).subspan(offset, size));
    IpFields fields;
    fields.protocol = 0;
    return ethernet(ip(from.address, from.address, fields, payload.octets()));
  };
  DecapsulationStory story;
  CHECK_FALSE(story.send(piece(56, whole.size() - 56, false)));
  CHECK(story.send(piece(0, 56, true)) == std::string(100, 'x'));
  IpFields fields;
  fields.protocol = 0;
  const Octets uncut = Writer().u8(17).u8(0).zeros(6).bytes(whole).octets();
  CHECK(story.last_ip == ip(from.address, from.address, fields, uncut).bytes);
}

TEST_CASE("a tunnel whose datagrams are fragmented is followed, fragments within included") {
  DecapsulationStory story;
  const std::string text(600, 'x');
  std::size_t frames = 0;
  std::optional<std::string> got;
  for (const Carried& inner : fragments(kFrom, kTo, text, 304, 9)) {
    for (std::size_t offset = 0; offset < inner.bytes.size(); offset += 160) {
      IpFields fields;
      fields.protocol = 4;
      fields.id = inner.bytes.size() > 300 ? 1 : 2;
      fields.id += inner.bytes[6] == std::byte{0x20} ? 10 : 0;
      fields.fragment_offset = offset;
      const std::size_t size = std::min<std::size_t>(160, inner.bytes.size() - offset);
      fields.more_fragments = offset + size < inner.bytes.size();
      const Endpoint from = endpoint("192.0.2.1:1");
      got = story.send(ethernet(
          ip(from.address, from.address, fields, Bytes(inner.bytes).subspan(offset, size))));
      ++frames;
    }
  }
  CHECK(got == text);
  CHECK(story.last_frames == frames);
  CHECK(story.waiting() == 0);
}

TEST_CASE("whatever comes, every frame is counted once, in a packet, or waiting") {
  std::mt19937 random(20261121);
  DecapsulationStory story({.max_datagrams_in_reassembly = 8});
  for (int i = 0; i < 20'000; ++i) {
    IpFields fields;
    fields.id = random() % 16;
    fields.fragment_offset = random() % 4 * 8;
    fields.more_fragments = random() % 2 == 0;
    fields.protocol = random() % 4 == 0 ? 4 : 17;
    const Endpoint from = endpoint(kFrom);
    Octets bytes = ethernet(ip(from.address, from.address, fields, Octets(random() % 3 * 8)));
    if (random() % 8 == 0) bytes[random() % bytes.size()] ^= static_cast<std::byte>(random());
    story.send(bytes);
    story.after(std::chrono::milliseconds(random() % 100));
    REQUIRE(story.in_packets + story.accounting.accounted() <= story.accounting.received);
  }
  story.finish();
  CHECK(story.waiting() == 0);
}
