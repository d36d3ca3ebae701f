#include <algorithm>

#include "capture/sip_message.h"
#include "tcp_reassembly_story.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

TEST_CASE("a message in one segment is given at once, with its endpoints and its datagram") {
  TcpStory story;
  story.send(1000, message(1));
  CHECK(story.messages == Messages{message(1)});
  CHECK(story.last_source == endpoint(kPhone));
  CHECK(story.last_destination == endpoint(kProxy));
  CHECK(story.segment_counts.back() == 1);
  CHECK(story.carried_all);
  CHECK(story.accounting[Outcome::kSip] == 1);
}

TEST_CASE("several messages in a segment are given one by one") {
  TcpStory story;
  story.send(1000, message(1, 10) + message(2) + message(3, 5)).finish();
  CHECK(story.messages == Messages{message(1, 10), message(2), message(3, 5)});
  CHECK(story.accounting[Outcome::kSip] == 1);
}

TEST_CASE("a message over several segments is given with exactly those that carried it") {
  const std::string stream = message(1) + message(2, 3000) + message(3);
  TcpStory story;
  for (std::size_t at = 0; at < stream.size(); at += 500) {
    story.send(static_cast<std::uint32_t>(1000 + at), stream.substr(at, 500));
  }
  story.finish();
  CHECK(story.messages == Messages{message(1), message(2, 3000), message(3)});
  CHECK(story.segment_counts.at(0) == 1);
  CHECK(story.segment_counts.at(1) == (message(1).size() + message(2, 3000).size() - 1) / 500 + 1);
  CHECK(story.carried_all);
  CHECK(story.accounting[Outcome::kSip] == (stream.size() + 499) / 500);
}

TEST_CASE("segments out of order are put in order, over the wrap of the sequence number too") {
  const std::string whole = message(1, 400);
  for (const std::uint32_t start : {1000U, 0xFFFFFFF0U, 0xFFFFFE00U}) {
    std::vector<std::size_t> order = {1, 2, 3, 4};
    do {
      TcpStory story;
      story.send(start - static_cast<std::uint32_t>(message(0).size()), message(0));
      for (const std::size_t i : order) {
        const std::size_t from = (i - 1) * 150;
        const std::size_t size = i == 4 ? std::string::npos : 150;
        story.after(std::chrono::milliseconds(1));
        story.send(start + static_cast<std::uint32_t>(from), whole.substr(from, size));
      }
      CHECK(story.messages == Messages{message(0), whole});
      CHECK(story.times.back() == story.now);
      CHECK(story.accounting[Outcome::kSip] == 5);
    } while (std::next_permutation(order.begin(), order.end()));
  }
}

TEST_CASE("retransmissions and overlaps give no byte twice") {
  const std::string whole = message(1, 400);
  TcpStory story;
  story.send(1000, whole.substr(0, 200));
  story.send(1000, whole.substr(0, 200));    // again
  story.send(1100, whole.substr(100, 50));   // within
  story.send(1100, whole.substr(100, 200));  // half of it new
  story.send(1400, whole.substr(400));       // ahead
  story.send(1400, whole.substr(400));       // ahead, again
  story.send(1250, whole.substr(250));       // the rest
  story.send(1000, whole);                   // all, late
  CHECK(story.messages == Messages{whole});
  CHECK(story.accounting[Outcome::kDuplicate] == 5);
  CHECK(story.accounting[Outcome::kSip] == 3);
  story.finish();
}

TEST_CASE("a capture that starts mid-connection begins at the first message start") {
  const std::string whole = message(1, 400);
  TcpStory story;
  story.send(1000, whole.substr(100));
  story.send(static_cast<std::uint32_t>(900 + whole.size()), message(2));
  CHECK(story.messages == Messages{message(2)});
  CHECK(story.accounting[Outcome::kNotVoip] == 1);
  CHECK(story.accounting[Outcome::kSip] == 1);
}

TEST_CASE("a hole is waited for, then given up, and the next message is given") {
  const std::string lost = message(1, 400);
  const auto end = static_cast<std::uint32_t>(1000 + lost.size());
  TcpStory story;
  story.send(1000, lost.substr(0, 100));
  story.send(1200, lost.substr(200));
  story.after(std::chrono::milliseconds(100)).send(end, message(2));
  CHECK(story.messages.empty());
  const Timestamp arrived = story.now;
  story.after(std::chrono::seconds(1));
  CHECK(story.messages.empty());
  story.after(std::chrono::seconds(2));
  CHECK(story.messages == Messages{message(2)});
  CHECK(story.times.back() == arrived);
  CHECK(story.defects(Defect::kTcpGap) == 2);
  story.send(static_cast<std::uint32_t>(end + message(2).size()), message(3));
  CHECK(story.messages.back() == message(3));
  story.finish();
}

TEST_CASE("after a hole the rest of a message is a gap until a message starts") {
  const std::string lost = message(1, 400);
  TcpStory story;
  story.send(1000, lost.substr(0, 100)).send(1200, lost.substr(200, 100));
  story.after(std::chrono::seconds(3));
  story.send(1300, lost.substr(300));
  CHECK(story.defects(Defect::kTcpGap) == 3);
  story.send(static_cast<std::uint32_t>(1000 + lost.size()), message(2));
  CHECK(story.messages == Messages{message(2)});
}

TEST_CASE("a hole over the wrap of the sequence number is given up like any other") {
  const std::string lost = message(1, 400);
  for (std::uint32_t start = 0U - 450U; start != 10; ++start) {
    const auto end = start + static_cast<std::uint32_t>(lost.size());
    TcpStory story;
    story.send(start, lost.substr(0, 100))
        .send(start + 200, lost.substr(200))
        .send(end, message(2));
    CHECK(story.waiting() == 3);
    story.after(std::chrono::seconds(3));
    CHECK(story.messages == Messages{message(2)});
    CHECK(story.defects(Defect::kTcpGap) == 2);
    story.send(start, lost);  // late, when nobody waits for it
    CHECK(story.accounting[Outcome::kDuplicate] == 1);
  }
}

TEST_CASE("a FIN, a RST and the end of the input give what lies behind a hole") {
  const std::string lost = message(1, 400);
  const auto end = static_cast<std::uint32_t>(1000 + lost.size());
  const auto after = static_cast<std::uint32_t>(end + message(2).size());
  for (const std::uint8_t flags : {kFin, kRst}) {
    TcpStory story;
    story.send(1000, lost.substr(0, 100)).send(end, message(2)).send(after, "", flags | kAck);
    CHECK(story.messages == Messages{message(2)});
    CHECK(story.defects(Defect::kTcpGap) == 1);
    story.finish();
  }
  TcpStory story;
  story.send(1000, lost.substr(0, 100)).send(end, message(2)).finish();
  CHECK(story.messages == Messages{message(2)});
  CHECK(story.defects(Defect::kTcpGap) == 1);
}

TEST_CASE("a FIN ahead of its data does not lose the data") {
  const std::string whole = message(1, 400);
  TcpStory story;
  story.send(1000, whole.substr(0, 200));
  story.send(static_cast<std::uint32_t>(1000 + whole.size()), "", kFin | kAck);
  story.send(1200, whole.substr(200));
  CHECK(story.messages == Messages{whole});
}

TEST_CASE("a message that the end of the connection cuts off is truncated SIP") {
  TcpStory story;
  story.send(1000, message(1, 400).substr(0, 200)).send(1200, "", kFin | kAck);
  CHECK(story.messages.empty());
  CHECK(story.defects(Defect::kSipTruncated) == 1);
  CHECK(story.accounting[Outcome::kSip] == 1);  // the FIN
}

TEST_CASE("keep-alives between messages are SIP and no message") {
  TcpStory story;
  story.send(1000, message(1))
      .send(static_cast<std::uint32_t>(1000 + message(1).size()), "\r\n\r\n");
  story.send(static_cast<std::uint32_t>(1004 + message(1).size()), "\r\n" + message(2));
  CHECK(story.messages == Messages{message(1), message(2)});
  CHECK(story.accounting[Outcome::kSip] == 3);
}

TEST_CASE("segments without payload are SIP on a connection that speaks it, both ways") {
  TcpStory story;
  story.send(999, "", kSyn).answer(499, "", kSyn | kAck).send(1000, "");
  CHECK(story.accounting[Outcome::kNotVoip] == 3);
  story.send(1000, message(1)).answer(500, "").send(1000, "");
  CHECK(story.accounting[Outcome::kSip] == 3);
}

TEST_CASE("a connection that does not speak SIP is not VoIP") {
  TcpStory story;
  story.send(1000, "GET / HTTP/1.1\r\n\r\n").send(1018, "\r\n\r\n").send(1022, "");
  CHECK(story.accounting[Outcome::kNotVoip] == 3);
}

TEST_CASE("the same ports begin anew with a SYN, or with a number far away") {
  TcpStory story;
  story.send(1000, message(1)).send(77'000, "", kSyn).send(77'001, message(2));
  story.send(0x90000000, message(3));
  CHECK(story.messages == Messages{message(1), message(2), message(3)});
  story.send(5, "", kSyn).send(106, message(4).substr(100));  // in disorder from the first byte
  story.send(6, message(4).substr(0, 100));
  CHECK(story.messages.back() == message(4));
  story.finish();
}

TEST_CASE("data on a SYN is taken from its first byte") {
  TcpStory story;
  story.send(999, message(1), kSyn);
  story.send(static_cast<std::uint32_t>(1000 + message(1).size()), message(2));
  CHECK(story.messages == Messages{message(1), message(2)});
}

TEST_CASE("what cannot be delimited is counted by its defect and the connection forgotten") {
  TcpStory story;
  std::string bad = message(1);
  bad.replace(bad.find("Content-Length: 0"), 17, "Content-Length: x");
  const auto expected = sip_message_length(octets(bad));
  REQUIRE_FALSE(expected);
  story.send(1000, bad);
  CHECK(story.defects(expected.error()) == 1);
  story.send(static_cast<std::uint32_t>(1000 + bad.size()), "more of it");
  CHECK(story.accounting[Outcome::kNotVoip] == 1);
  story.send(5000, message(2));
  CHECK(story.messages == Messages{message(2)});
}

TEST_CASE("SIP over TCP is put together over IPv6 too") {
  TcpStory story;
  story.segment(tcp("[2001:db8::1]:5060", "[2001:db8::2]:5060", 1, message(1)));
  CHECK(story.messages == Messages{message(1)});
}
