// DecapsulationStory: what the tests of decapsulation share: frames in, packets and the accounting
// out.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <optional>
#include <string>

#include "capture/decapsulation.h"
#include "packet_builder.h"

namespace koegura::capture::test {

inline constexpr std::string_view kFrom = "10.0.0.1:5060";
inline constexpr std::string_view kTo = "10.0.0.2:5062";
inline const Carried kHello = udp(kFrom, kTo, "hello");
inline const Carried kHello6 = udp("[2001:db8::1]:5060", "[2001:db8::2]:5062", "hello");

// Frames go in; packets and the accounting come out. Whatever the story, each frame is counted, in
// a packet, or waiting.
class DecapsulationStory {
 public:
  explicit DecapsulationStory(const DecapsulationOptions& options = {})
      : decapsulation_(Decapsulation::create(options, accounting)) {}

  // The payload of the packet that the frame completed, if it did.
  std::optional<std::string> send(const Octets& bytes, LinkType link = LinkType::kEthernet) {
    ++accounting.received;
    Packet packet;
    const bool whole = decapsulation_->on_frame(frame(bytes, link, now), packet);
    if (whole) in_packets += packet.frames;
    REQUIRE(accounting.received == accounting.accounted() + in_packets + waiting());
    if (!whole) return std::nullopt;
    last_ip = {packet.ip.begin(), packet.ip.end()};
    last_frames = packet.frames;
    last_transport = packet.transport;
    return text_of(packet.payload);
  }
  void after(Duration time) {
    now += time;
    decapsulation_->advance(now);
    REQUIRE(accounting.received == accounting.accounted() + in_packets + waiting());
  }
  void finish() {
    decapsulation_->finish();
    CHECK(accounting.received == accounting.accounted() + in_packets);
    CHECK(waiting() == 0);
  }

  [[nodiscard]] std::uint64_t waiting() const { return decapsulation_->waiting(); }
  [[nodiscard]] const DecapsulationStats& stats() const { return decapsulation_->stats(); }
  [[nodiscard]] std::uint64_t defects(Defect defect) const {
    return accounting.malformed[static_cast<std::size_t>(defect)];
  }

  Accounting accounting;
  Timestamp now = from_unix_ns(0);
  std::uint64_t in_packets = 0;
  Octets last_ip;
  unsigned last_frames = 0;
  Transport last_transport = Transport::kOther;

 private:
  std::unique_ptr<Decapsulation> decapsulation_;
};

}  // namespace koegura::capture::test
