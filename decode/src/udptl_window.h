// UdptlWindow: the datagrams of one UDPTL stream into IFP packets in the order of their numbers,
// those that were lost put back from what later datagrams say again (ITU-T T.38 §9.1).
//
//   (add next*)* finish next*
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "capture/time.h"
#include "decode/fax.h"
#include "udptl.h"

namespace koegura::decode {

class UdptlWindow {
 public:
  struct Packet {
    // It was sent between these: the arrival of the packet before it, and its own; of a recovered
    // one, that of the first packet behind it.
    Timestamp earliest;
    Timestamp time;
    bool recovered = false;
    std::uint32_t lost_before = 0;  // numbers between the packet before it and this one
    std::vector<std::byte> ifp;     // may have zeros behind its end
  };

  void add(Timestamp time, Bytes datagram);
  void finish();
  // The next in order, or nothing until more is added.
  [[nodiscard]] std::optional<Packet> next();
  [[nodiscard]] const UdptlStatistics& statistics() const { return statistics_; }
  // An IFP packet could not be read.
  void note_unreadable() { ++statistics_.unreadable; }

 private:
  // Numbers behind a missing one for which it is waited, and numbers that parity may reach back.
  static constexpr std::int64_t kPatience = 48;
  static constexpr std::int64_t kSlots = 128;
  struct Slot {
    std::int64_t sequence = -1;
    Timestamp time;
    bool recovered = false;
    std::vector<std::byte> ifp;
    std::vector<std::vector<std::byte>> parity;
    std::uint32_t parity_span = 0;
  };
  struct Held {
    Timestamp time;
    std::vector<std::byte> datagram;
    std::uint16_t sequence = 0;
  };

  [[nodiscard]] Slot* find(std::int64_t sequence);
  Slot& place(std::int64_t sequence, Timestamp time, Bytes ifp);
  void begin(std::uint16_t sequence);
  // The number in full, or nothing if it has no place in this numbering.
  [[nodiscard]] std::optional<std::int64_t> extended(Timestamp time, const UdptlDatagram& datagram);
  void take(Timestamp time, const UdptlDatagram& datagram, std::int64_t sequence);
  void take_secondaries(const UdptlDatagram& datagram, std::int64_t sequence, Timestamp time);
  void restart();
  void repair_by_parity();
  [[nodiscard]] bool repair_once();
  [[nodiscard]] bool repair_group(const Slot& carrier, std::size_t entry);
  void release(bool all);
  void give_up_before(std::int64_t sequence);
  void emit_one();

  std::array<Slot, kSlots> slots_;
  std::int64_t next_ = 0;      // the number whose turn it is
  std::int64_t highest_ = -1;  // seen
  bool began_ = false;
  bool emitted_ = false;  // something of this numbering
  Timestamp last_;        // of the latest packet that was given out
  std::uint32_t lost_ = 0;
  std::optional<Held> stranger_;  // it may begin a new numbering
  std::deque<Packet> out_;
  UdptlDatagram datagram_;
  UdptlStatistics statistics_;
};

}  // namespace koegura::decode
