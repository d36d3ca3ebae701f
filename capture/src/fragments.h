// Fragments: the datagrams in reassembly, bounded in number and time.
//
// A fragment that overlaps another refuses the whole datagram, those still to come included
// (RFC 5722). An identical copy of one is a duplicate, for a while also after the datagram is
// whole: a mirror shows each fragment on its way in and again on its way out.
#pragma once

#include <list>
#include <optional>
#include <unordered_map>
#include <vector>

#include "capture/accounting.h"
#include "capture/decapsulation.h"
#include "ip_header.h"
#include "partial_datagram.h"

namespace koegura::capture {

struct WholeDatagram {
  Bytes bytes;  // lives until the next add
  std::uint16_t frames = 0;
};

class Fragments {
 public:
  // REQUIRES: both outlive this.
  Fragments(const DecapsulationOptions& options, Accounting& accounting, DecapsulationStats& stats)
      : options_(options), accounting_(accounting), stats_(stats) {}

  // Takes a fragment that came in so many frames. They are counted here, now or later, unless
  // they stand in the frames of a datagram that this gives. REQUIRES: is_fragment().
  std::optional<WholeDatagram> add(const IpHeader& fragment, Timestamp time, std::uint16_t frames);
  // Gives up what is older than the timeout.
  void advance(Timestamp now);
  // Gives up everything.
  void finish();
  // Frames held and not counted.
  [[nodiscard]] std::uint64_t waiting() const;

 private:
  struct Key {
    IpAddress source;
    IpAddress destination;
    std::uint32_t id = 0;
    std::uint8_t protocol = 0;  // RFC 791; IPv6 does without (RFC 8200 §4.5)
    bool is_v6 = false;

    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct Entry {
    Key key;
    Timestamp since;  // the first fragment, or when it became whole
    PartialDatagram datagram;
    std::optional<Defect> refused;
    std::uint32_t frames = 0;  // taken and not counted
  };
  using Entries = std::list<Entry>;

  static Key key_of(const IpHeader& fragment);
  Entry& find_or_create(const Key& key, Timestamp time);
  void make_room();
  [[nodiscard]] bool expired(const Entry& entry, Timestamp now) const;
  void refuse(Entry& entry, Defect defect);
  void restart(Entry& entry, Timestamp time);
  Bytes complete(Entry& entry, Timestamp time);
  void erase(Entries& entries, Entries::iterator entry, Defect defect = Defect::kFragmentTimeout);
  void sweep(Entries& entries, Timestamp now);

  DecapsulationOptions options_;
  Accounting& accounting_;
  DecapsulationStats& stats_;
  Entries partial_;  // and refused; oldest first, as are
  Entries whole_;    // these, which make room first
  std::unordered_map<Key, Entries::iterator, KeyHash> by_key_;
  std::vector<std::byte> assembled_;
  std::optional<Timestamp> swept_;
};

}  // namespace koegura::capture
