// Negotiation: the offers and answers (RFC 3264) of one leg: which media was described when, and
// who put whom on hold.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "capture/finished_call.h"
#include "capture/sdp.h"
#include "srtp_keyring.h"

namespace koegura::capture {

class Negotiation {
 public:
  // A transaction that may carry an offer: an INVITE or UPDATE of this side with this CSeq.
  struct Exchange {
    Side side = Side::kCaller;
    std::uint32_t cseq = 0;
    friend bool operator==(const Exchange&, const Exchange&) = default;
  };

  // A request that opens an exchange. Hop copies and retransmissions change nothing. `initial`:
  // the exchange sets the session up, and what it says about direction is no hold.
  void begin(const Exchange& exchange, bool initial);
  // The session description that `side` sent at `now`: an offer or an answer as the exchange
  // stands. Appends to media what is new in it and gives the number of entries added.
  std::size_t describe(Timestamp now, Side side, const Sdp& sdp);
  // A 2xx to the exchange: the offer's hold or resumption takes effect, from the offer on.
  void accept(const Exchange& exchange);
  // A final failure of the exchange: as if the offer had never been made (RFC 6141 §3.1). Gives
  // the number of media entries that were added to restore the previous state.
  std::size_t refuse(const Exchange& exchange, Timestamp now);
  // The leg is over: open holds end.
  void close(Timestamp end);

  [[nodiscard]] const std::vector<NegotiatedMedia>& media() const { return media_; }
  // What found no room: a leg has its share of media and holds.
  [[nodiscard]] std::uint64_t refused_entries() const {
    return refused_entries_ + keys_.refused_entries();
  }
  [[nodiscard]] bool on_hold() const { return hold_from_[0] || hold_from_[1]; }
  [[nodiscard]] std::vector<NegotiatedMedia> take_media() { return std::move(media_); }
  [[nodiscard]] SrtpKeys take_keys() { return keys_.take(); }
  [[nodiscard]] std::vector<SignalledHold> take_holds() { return std::move(holds_); }

 private:
  struct Offer {
    Side side = Side::kCaller;
    Timestamp time;
    MediaDirection direction = MediaDirection::kSendRecv;
  };

  [[nodiscard]] bool announce(NegotiatedMedia media);
  // Among the first `count` entries the last one of the side and endpoint, and those described
  // together with it: lines in a bundle share an endpoint (RFC 9143).
  [[nodiscard]] std::vector<std::size_t> latest(Side side, const Endpoint& endpoint,
                                                std::size_t count) const;
  void apply_offer(const Offer& offer);
  void apply_answer(Timestamp now, Side side, MediaDirection direction);
  void set_hold(Side side, Timestamp at, bool held);

  std::vector<NegotiatedMedia> media_;
  std::vector<SignalledHold> holds_;
  SrtpKeyring keys_;
  std::array<std::optional<Timestamp>, 2> hold_from_;  // open holds, by side
  std::optional<Exchange> exchange_;
  std::optional<Offer> offer_;      // of the exchange
  std::size_t exchange_media_ = 0;  // media_.size() when the exchange began
  std::size_t candidates_ = 0;      // in media_
  bool initial_ = false;
  bool accepted_ = false;
  std::uint64_t refused_entries_ = 0;
};

}  // namespace koegura::capture
