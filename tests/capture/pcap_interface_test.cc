// Live capture on real wires: veth pairs in a network namespace of the test's own. Needs root.
#include <doctest/doctest.h>
#include <fcntl.h>

#include "capture/live.h"
#include "veth.h"

namespace koegura::capture {
namespace {

using namespace test;

std::unique_ptr<PacketSource> opened(const std::string& interface, const std::string& filter = "",
                                     const LiveOptions& options = {}) {
  auto source = open_interface(interface, filter, options);
  REQUIRE_MESSAGE(source, (source ? "" : source.error().message));
  return std::move(*source);
}

std::string error_of(const std::string& interface, const std::string& filter = "") {
  const auto source = open_interface(interface, filter, {});
  return source ? "opened" : source.error().message;
}

Octets sip(const std::string& text = "OPTIONS") {
  return ethernet(udp("192.0.2.1:5060", "192.0.2.2:5060", text));
}
Octets rtp() {
  return ethernet(udp("192.0.2.1:20000", "192.0.2.2:20002", "rtp"));
}

TEST_CASE("frames come in order, whole, and stamped in nanoseconds of now") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  REQUIRE(wire.made());
  const auto source = opened(wire.near());
  CHECK(source->name() == "k0");
  const WireEnd far(wire, wire.far());

  std::vector<Octets> sent;
  const Timestamp before = source->now().value();
  for (int i = 0; i < 2000; ++i) {
    sent.push_back(
        ethernet(udp("192.0.2.1:5060", "192.0.2.2:5060",
                     std::string(static_cast<std::size_t>(i % 1400), 'x') + std::to_string(i))));
    REQUIRE(far.send(sent.back()));
  }
  const Timestamp after = source->now().value();
  const auto frames = read_frames(*source, sent.size());
  REQUIRE(frames.size() == sent.size());
  bool below_microseconds = false;
  Timestamp last = before;
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < sent.size(); ++i) {
    REQUIRE(frames[i].bytes == sent[i]);
    REQUIRE(frames[i].wire_length == sent[i].size());
    REQUIRE(frames[i].link == LinkType::kEthernet);
    REQUIRE(frames[i].time >= last);
    below_microseconds = below_microseconds || to_unix_ns(frames[i].time) % 1000 != 0;
    last = frames[i].time;
    bytes += sent[i].size();
  }
  CHECK(last <= after);
  CHECK(below_microseconds);
  CHECK(source->progress().done == bytes);
  CHECK(source->progress().total == 0);
  CHECK(source->losses() == SourceLosses{});
}

TEST_CASE("reading never waits, and nothing there is no end") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const auto source = opened(wire.near());
  std::array<Frame, 8> burst;
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 100; ++i) {
    const auto read = source->read(burst);
    REQUIRE(read);
    REQUIRE(*read == 0);
  }
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(1));
  CHECK(*source->read({}) == 0);
  const WireEnd far(wire, wire.far());
  REQUIRE(far.send(sip()));
  CHECK(read_frames(*source, 1).size() == 1);
}

TEST_CASE("several interfaces are read at once, each its own frames") {
  if (!enter_own_network()) return;
  const Veth first("k0");
  const Veth second("k1");
  const auto source0 = opened(first.near());
  const auto source1 = opened(second.near());
  const WireEnd far0(first, first.far());
  const WireEnd far1(second, second.far());
  for (int i = 0; i < 10; ++i) {
    REQUIRE(far0.send(sip("first")));
    REQUIRE(far1.send(sip("second")));
  }
  const auto frames0 = read_frames(*source0, 10);
  const auto frames1 = read_frames(*source1, 10);
  REQUIRE(frames0.size() == 10);
  REQUIRE(frames1.size() == 10);
  CHECK(frames0[9].bytes == sip("first"));
  CHECK(frames1[9].bytes == sip("second"));
}

TEST_CASE("a burst larger than the arena loses nothing") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  REQUIRE(shell("ip link set k0 mtu 65000 && ip link set k0far mtu 65000"));
  LiveOptions options;
  options.snapshot_length = 262144;
  const auto source = opened(wire.near(), "", options);
  const WireEnd far(wire, wire.far());
  constexpr std::size_t kFrames = 300;  // 18 MB
  for (std::size_t i = 0; i < kFrames; ++i) {
    REQUIRE(far.send(sip(std::to_string(i) + std::string(60000, 'x'))));
  }
  std::vector<Frame> burst(kFrames);
  std::size_t got = 0;
  std::size_t bursts = 0;
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (got < kFrames && std::chrono::steady_clock::now() < end) {
    const auto read = source->read(burst);
    REQUIRE(read);
    for (const Frame& frame : std::span(burst).first(*read)) {
      const Octets expected = sip(std::to_string(got++) + std::string(60000, 'x'));
      REQUIRE(Octets(frame.bytes.begin(), frame.bytes.end()) == expected);
    }
    bursts += *read != 0 ? 1 : 0;
  }
  CHECK(got == kFrames);
  CHECK(bursts >= 4);  // 4 MiB each
}

TEST_CASE("the snapshot length cuts frames and leaves their length on the wire") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  LiveOptions options;
  options.snapshot_length = 100;
  const auto source = opened(wire.near(), "", options);
  const WireEnd far(wire, wire.far());
  const Octets long_frame = sip(std::string(900, 'x'));
  REQUIRE(far.send(long_frame));
  REQUIRE(far.send(rtp()));
  const auto frames = read_frames(*source, 2);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].bytes == Octets(long_frame.begin(), long_frame.begin() + 100));
  CHECK(frames[0].wire_length == long_frame.size());
  CHECK(frames[1].bytes == rtp());
}

TEST_CASE("VLAN tags that the kernel takes off stand in the frame") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const auto source = opened(wire.near());
  const WireEnd far(wire, wire.far());
  const Carried inner = udp("192.0.2.1:5060", "192.0.2.2:5060", "OPTIONS");
  const Octets once = ethernet(vlan(0xE005, inner));
  const Octets twice = ethernet(vlan(7, vlan(5, inner), 0x88A8));
  REQUIRE(far.send(once));
  REQUIRE(far.send(twice));
  const auto frames = read_frames(*source, 2);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].bytes == once);
  CHECK(frames[0].wire_length == once.size());
  CHECK(frames[1].bytes == twice);
}

TEST_CASE("the kernel's filter keeps fragments and tunnels, within tags too") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const auto source = opened(wire.near(), "udp port 5060");
  const WireEnd far(wire, wire.far());
  const auto pieces = fragments("192.0.2.1:5060", "192.0.2.2:5060", std::string(1200, 'x'), 800, 7);
  const Carried rtp_alone = udp("192.0.2.1:20000", "192.0.2.2:20002", "rtp");
  const Carried vxlan = udp("192.0.2.1:20000", "192.0.2.2:4789", "rtp within");
  std::vector<Octets> wanted;
  const auto want = [&](const Carried& carried) {
    wanted.push_back(ethernet(carried));
    REQUIRE(far.send(wanted.back()));
  };
  const auto in_tags = [&](const auto& send, const Carried& carried) {
    send(carried);
    send(vlan(5, carried));
    send(vlan(7, vlan(5, carried)));
    send(vlan(7, vlan(5, carried), 0x88A8));
  };
  const auto refuse = [&](const Carried& carried) { REQUIRE(far.send(ethernet(carried))); };
  in_tags(refuse, rtp_alone);
  in_tags(want, pieces.at(0));
  in_tags(refuse, rtp_alone);
  in_tags(want, pieces.at(1));
  in_tags(want, vxlan);
  in_tags(refuse, {0x0806, Octets(28)});
  in_tags(want, udp("[2001:db8::1]:5060", "[2001:db8::2]:5060", "OPTIONS"));
  in_tags(refuse, udp("[2001:db8::1]:20000", "[2001:db8::2]:20002", "rtp"));
  want({0x8847, Writer().u32(0x140).bytes(rtp_alone.bytes).octets()});
  const auto frames = read_frames(*source, wanted.size());
  REQUIRE(frames.size() == wanted.size());
  for (std::size_t i = 0; i < wanted.size(); ++i) CHECK(frames[i].bytes == wanted[i]);
}

TEST_CASE("a filter that names a VLAN works where the kernel has put the tag aside") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const auto source = opened(wire.near(), "vlan 5 and udp port 5060");
  const WireEnd far(wire, wire.far());
  const Carried inner = udp("192.0.2.1:5060", "192.0.2.2:5060", "OPTIONS");
  const Octets wanted = ethernet(vlan(5, inner));
  REQUIRE(far.send(ethernet(inner)));
  REQUIRE(far.send(ethernet(vlan(6, inner))));
  REQUIRE(far.send(wanted));
  const auto frames = read_frames(*source, 1);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].bytes == wanted);
}

TEST_CASE("what a full ring drops is counted: received and lost are what was sent") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  LiveOptions options;
  options.ring_bytes = 1U << 20U;
  const auto source = opened(wire.near(), "", options);
  const WireEnd far(wire, wire.far());
  const Octets frame = sip(std::string(1000, 'x'));
  std::size_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t lost = 0;
  for (int round = 1; round <= 2; ++round) {  // losses() goes on counting
    for (int i = 0; i < 5000; ++i, ++sent) REQUIRE(far.send(frame));
    const SourceLosses losses = source->losses();
    CHECK(losses.ring > lost + 1000);
    lost = losses.ring;
    CHECK(losses.interface == 0);
    received += read_frames(*source, sent - lost - received).size();
    CHECK(received + lost == sent);
    CHECK(source->losses().ring == lost);
  }
}

TEST_CASE("an interface that is set down is silent until it is up again") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const auto source = opened(wire.near());
  const WireEnd far(wire, wire.far());
  REQUIRE(far.send(sip("before")));
  REQUIRE(read_frames(*source, 1).size() == 1);
  REQUIRE(shell("ip link set k0 down"));
  pollfd ready = {source->wait_handle(), POLLIN, 0};
  CHECK(poll(&ready, 1, 5000) == 1);  // it says so once
  std::array<Frame, 8> burst;
  for (int i = 0; i < 10; ++i) {
    const auto read = source->read(burst);
    REQUIRE_MESSAGE(read, (read ? "" : read.error().message));
    CHECK(*read == 0);
  }
  CHECK(poll(&ready, 1, 0) == 0);  // no busy loop while it is down
  REQUIRE(shell("ip link set k0 up"));
  wire.wait_for_carrier();
  REQUIRE(far.send(sip("after")));
  const auto frames = read_frames(*source, 1);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].bytes == sip("after"));
}

TEST_CASE("a cable that is pulled and put back ends nothing") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const auto source = opened(wire.near());
  REQUIRE(shell("ip link set k0far down"));  // takes the carrier from k0
  std::array<Frame, 8> burst;
  for (int i = 0; i < 10; ++i) REQUIRE(source->read(burst).has_value());
  REQUIRE(shell("ip link set k0far up"));
  wire.wait_for_carrier();
  const WireEnd far(wire, wire.far());
  REQUIRE(far.send(sip()));
  CHECK(read_frames(*source, 1).size() == 1);
}

TEST_CASE("an interface that is deleted is an error that names it, after its last frames") {
  if (!enter_own_network()) return;
  for (const bool down_first : {false, true}) {
    CAPTURE(down_first);
    const Veth wire("k0");
    const auto source = opened(wire.near());
    {
      const WireEnd far(wire, wire.far());
      REQUIRE(far.send(sip()));
      REQUIRE(read_frames(*source, 1).size() == 1);
      std::array<Frame, 8> burst;
      if (down_first) REQUIRE(shell("ip link set k0 down"));
      REQUIRE(source->read(burst).has_value());
      if (!down_first) REQUIRE(far.send(sip("last")));
      REQUIRE(shell("ip link del k0"));
    }
    std::string error;
    const auto frames = read_frames(*source, 100, &error);
    CHECK(frames.size() == (down_first ? 0 : 1));
    CHECK(error ==
          "k0: capturing ended: The interface disappeared: check the card, then start the "
          "recorder again");
    std::array<Frame, 8> burst;
    CHECK(source->read(burst) == 0);  // the end
  }
}

TEST_CASE("'any' gives cooked frames, and loopback Ethernet's") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const auto source = opened("any", "udp port 5060");
  const WireEnd far(wire, wire.far());
  const Carried inner = udp("192.0.2.1:5060", "192.0.2.2:5060", "OPTIONS");
  REQUIRE(far.send(rtp()));
  REQUIRE(far.send(ethernet(vlan(5, inner))));
  const auto frames = read_frames(*source, 2);  // as it leaves k0far, and as it arrives at k0
  REQUIRE(frames.size() == 2);
  CHECK(frames[1].link == LinkType::kLinuxSll);
  const auto& bytes = frames[1].bytes;
  REQUIRE(bytes.size() == 16 + 4 + inner.bytes.size());
  CHECK(Octets(bytes.end() - static_cast<std::ptrdiff_t>(inner.bytes.size()), bytes.end()) ==
        inner.bytes);

  REQUIRE(shell("ip link set lo up"));
  const auto loopback = opened("lo");
  CHECK(loopback->name() == "lo");
}

TEST_CASE(
    "no such interface, one that is down and one without IP are refused, each with its words") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  CHECK(error_of("eth7") ==
        "eth7: no such interface: there are lo, k0far, k0, and 'any' for all of them");
  CHECK(error_of("nflog").find("no such interface") != std::string::npos);
  CHECK(error_of("").find("no such interface") != std::string::npos);
  REQUIRE(shell("ip link set k0 down"));
  CHECK(error_of("k0") == "k0: the interface is down: ip link set k0 up");
}

TEST_CASE("a bad filter is refused with the interface's name") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  CHECK(error_of("k0", "udp prt 5060") ==
        "k0: filter 'udp prt 5060': can't parse filter expression: syntax error: see "
        "pcap-filter(7)");
}

TEST_CASE("without permission the error says what to do") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const std::string error = in_child([&] {
    if (setresuid(65534, 65534, 65534) != 0) return std::string("setresuid");
    const auto source = open_interface(wire.near(), "", {});
    if (source) return std::string("opened");
    return std::string(source.error().kind == ErrorKind::kNotPermitted ? "kind 5: " : "") +
           source.error().message;
  });
  CHECK(error ==
        "kind 5: k0: not permitted to capture: run as root, or with the capability CAP_NET_RAW "
        "(setcap cap_net_raw+ep, or AmbientCapabilities= of systemd)");
}

TEST_CASE("nothing leaves a capture interface, promiscuous or not") {
  if (!enter_own_network()) return;
  const Veth wire("k0");
  const WireEnd far(wire, wire.far());
  const std::uint64_t before = Veth::sent_through(wire.near());
  REQUIRE(before == 0);
  for (const bool promiscuous : {true, false}) {
    LiveOptions options;
    options.promiscuous = promiscuous;
    const auto source = opened(wire.near(), "", options);
    for (int i = 0; i < 100; ++i) REQUIRE(far.send(sip()));
    // Not for this card: heard all the same where promiscuous, and by veth anyway.
    CHECK(read_frames(*source, 100).size() == 100);
    (void)source->losses();
  }
  CHECK(far.received() == 0);
  CHECK(Veth::sent_through(wire.near()) == before);
  // The measure itself measures: a frame that does leave is seen in both places.
  const WireEnd near(wire, wire.near());
  REQUIRE(near.send(sip()));
  CHECK(far.received() == 1);
  CHECK(Veth::sent_through(wire.near()) == before + 1);
}

}  // namespace
}  // namespace koegura::capture
