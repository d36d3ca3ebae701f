#include <algorithm>
#include <random>

#include "tcp_reassembly_story.h"

using namespace koegura;
using namespace koegura::capture;
using namespace koegura::capture::test;

TEST_CASE("a hole that costs too much is given up before its time") {
  TcpStory story({.max_message_bytes = 4000});
  story.send(1000, message(1, 400).substr(0, 100));
  const std::string behind = message(2, 300);
  std::uint32_t at = 1000 + static_cast<std::uint32_t>(message(1, 400).size());
  int sent = 0;
  for (; sent < 50 && story.messages.empty(); ++sent) {
    story.send(at, behind);
    at += static_cast<std::uint32_t>(behind.size());
  }
  CHECK(story.messages == Messages(static_cast<std::size_t>(sent), behind));
  CHECK(sent < 10);
  CHECK(story.defects(Defect::kTcpGap) == 1);

  TcpStory tiny;  // as bad by number as by size: a byte a segment
  tiny.send(1000, message(1).substr(0, 10));
  for (std::uint32_t i = 0; i < 3000; ++i) tiny.send(1100 + 2 * i, "x");
  CHECK(tiny.waiting() <= 1025);
  tiny.finish();
}

TEST_CASE("a message beyond the limit is refused") {
  TcpStory story({.max_message_bytes = 1000});
  const std::string large = message(1, 2000);
  for (std::size_t at = 0; at < large.size(); at += 400) {
    story.send(static_cast<std::uint32_t>(1000 + at), large.substr(at, 400));
  }
  CHECK(story.messages.empty());
  CHECK(story.defects(Defect::kSipTooLarge) == 3);
  CHECK(story.accounting.pending() == 0);
}

TEST_CASE("beyond the limit of connections the longest unused goes") {
  TcpStory story({.max_connections = 2});
  const auto from = [&](std::string_view source, std::uint32_t sequence, const std::string& text) {
    story.segment(tcp(source, kProxy, sequence, text));
  };
  from("10.0.0.1:1", 1000, message(1, 50).substr(0, 100));
  from("10.0.0.2:2", 1000, message(2, 50).substr(0, 100));
  from("10.0.0.1:1", 1100, message(1, 50).substr(100, 10));
  from("10.0.0.3:3", 1000, message(3));
  from("10.0.0.1:1", 1110, message(1, 50).substr(110));
  CHECK(story.messages == Messages{message(3), message(1, 50)});
  CHECK(story.defects(Defect::kSipTruncated) == 1);
}

TEST_CASE("whoever never said a whole message gives way before those who did") {
  TcpStory story({.max_connections = 4});
  const auto from = [&](int host, std::uint32_t sequence, const std::string& text) {
    story.segment(tcp("10.0.0." + std::to_string(host) + ":1", kProxy, sequence, text));
  };
  const std::string whole = message(1);
  const std::string split = message(2, 50);
  const auto next = static_cast<std::uint32_t>(1000 + whole.size());
  from(1, 1000, whole);
  from(1, next, split.substr(0, 100));  // waits for the rest
  from(2, 1000, whole);
  for (int host = 10; host < 60; ++host) from(host, 1000, message(3, 50).substr(0, 100));
  from(1, next + 100, split.substr(100));
  from(2, next, split.substr(0, 100));
  from(2, next + 100, split.substr(100));
  CHECK(story.messages == Messages{whole, whole, split, split});
  CHECK(story.stats().connections_forgotten == 48);
  CHECK(story.defects(Defect::kSipTruncated) == 48);
}

TEST_CASE("of those who speak SIP one that waits for nothing gives way first, and loses nothing") {
  TcpStory story({.max_connections = 3});
  const auto from = [&](int host, std::uint32_t sequence, const std::string& text) {
    story.segment(tcp("10.0.0." + std::to_string(host) + ":1", kProxy, sequence, text));
  };
  const std::string whole = message(1);
  const std::string split = message(2, 50);
  const auto next = static_cast<std::uint32_t>(1000 + whole.size());
  from(1, 1000, whole + split.substr(0, 100));
  for (int host = 10; host < 60; ++host) from(host, 1000, whole);
  from(1, next + 100, split.substr(100));
  from(10, next, split);  // forgotten, and begun anew
  CHECK(story.messages.size() == 1 + 50 + 2);
  CHECK(story.messages.back() == split);
  CHECK(story.defects(Defect::kSipTruncated) == 0);
  CHECK(story.stats().connections_forgotten == 49);
}

TEST_CASE("beyond the limit of bytes the longest unused goes") {
  TcpStory story({.max_buffered_bytes = 2000});
  for (unsigned port = 1; port <= 20; ++port) {
    story.segment(
        tcp("10.0.0.1:" + std::to_string(port), kProxy, 1000, message(1, 500).substr(0, 300)));
  }
  CHECK(story.accounting.pending() > 0);
  CHECK(story.accounting.pending() <= 4);
  CHECK(story.stats().connections_given_up == 20 - story.accounting.pending());
  story.finish();
}

TEST_CASE("an idle connection is forgotten") {
  TcpStory story;
  story.send(1000, message(1, 50).substr(0, 100));
  story.after(std::chrono::minutes(11));
  CHECK(story.defects(Defect::kSipTruncated) == 1);
  CHECK(story.accounting.pending() == 0);
}

TEST_CASE("whatever segments come, every frame is counted once, and messages are never invented") {
  std::mt19937 random(20261121);
  std::string stream;
  Messages sent;
  std::vector<std::size_t> ends;
  for (int i = 0; i < 400; ++i) {
    sent.push_back(message(i, 2 + random() % 300));
    stream += sent.back();
    ends.push_back(stream.size());
  }
  TcpStory story({.max_message_bytes = 4000, .max_buffered_bytes = 20'000});
  std::size_t front = 0;
  while (front < stream.size()) {
    // A write of the sender begins a message, goes on with one, or comes again.
    const std::size_t at = front - (random() % 3 == 0 ? std::min<std::size_t>(front, 600) : 0);
    const std::size_t end =
        std::min(at + 1 + random() % 700, *std::upper_bound(ends.begin(), ends.end(), at));
    if (random() % 10 != 0) {  // else lost
      story.send(static_cast<std::uint32_t>(0xFFFFF000U + at), stream.substr(at, end - at));
    }
    story.after(std::chrono::milliseconds(random() % 200));
    front = std::max(front, end);
  }
  story.finish();
  CHECK(story.messages.size() > 50);
  for (const std::string& got : story.messages) {
    INFO(got);
    // After a hole a segment may begin within a method, and "PTIONS" could be one: the message's
    // CSeq will say otherwise.
    CHECK(std::any_of(sent.begin(), sent.end(),
                      [&](const std::string& whole) { return whole.ends_with(got); }));
  }
}
