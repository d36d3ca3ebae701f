// Leg: one INVITE session on its way from INVITE to release, as the messages tell it.
//
// clang-format off
//   kCalling    ─ 2xx ──────────────► kAnswered    and from there: BYE, silence ─► kReleased
//   kCalling    ─ 401, 407 ─────────► kChallenged  until the caller comes back with credentials
//   kCalling    ─ CANCEL ───────────► kCancelled   waits for its 487; a 2xx that crosses it wins
//   kCalling    ─ other failure ────► kReleased    a newer INVITE or a late 2xx brings it back
//   kReleased   ─ linger ───────────► finished
// clang-format on
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "capture/signalling.h"
#include "identity.h"
#include "leg_links.h"
#include "negotiation.h"
#include "sighting.h"

namespace koegura::capture {

class Leg {
 public:
  enum class Seen : std::uint8_t { kNew, kRetransmission, kBadDescription };

  // `first` is the message that makes the leg: its INVITE, or a later one where the capture
  // started mid-call. It is not processed yet. REQUIRES: options and sink outlive this.
  Leg(LegId id, const Sighting& first, const SignallingOptions& options, SignallingSink& sink);

  [[nodiscard]] Seen on_message(const Sighting& sighting);
  void on_media_heard(Timestamp time);
  // The recorder was away.
  void resume(const Outage& outage);

  // When the leg will have waited long enough; later events move it.
  [[nodiscard]] Timestamp deadline() const;
  // The deadline has come. Releases what was not released; the leg is to be finished now.
  void on_deadline();
  // The input is at its end, as on_deadline.
  void on_capture_end();
  [[nodiscard]] FinishedCall take() &&;

  [[nodiscard]] bool is_released() const { return phase_ == Phase::kReleased; }
  [[nodiscard]] LegInProgress in_progress() const;
  [[nodiscard]] LegId id() const { return id_; }
  [[nodiscard]] const std::string& wire_call_id() const { return wire_call_id_; }
  [[nodiscard]] const std::string& caller_tag() const { return caller_tag_; }
  // "user@host:port" where who answered is reached, if no message says who that is; may be empty.
  [[nodiscard]] const std::string& answerer_contact() const { return answerer_contact_; }
  [[nodiscard]] std::uint32_t invite_cseq() const { return invite_cseq_; }
  // Digits, holds, media, links, … beyond the leg's share.
  [[nodiscard]] std::uint64_t refused_entries() const {
    return refused_entries_ + negotiation_.refused_entries() + links_.refused_entries();
  }

 private:
  static constexpr std::size_t kMaxDialogs = 16;
  enum class Phase : std::uint8_t { kCalling, kChallenged, kCancelled, kAnswered, kReleased };
  // The INVITE's transaction on one hop: the client transaction of the caller or of a proxy.
  struct Branch {
    std::string id;
    Endpoint source;
    bool refused = false;
    bool cancelled = false;
  };
  struct Failure {
    Timestamp time;
    std::uint16_t status = 0;
    std::string reason;
  };
  // Who answered as well, in another dialog.
  struct Rival {
    std::string tag;
    Identity identity;
    std::string contact;
  };
  // The caller's CANCEL.
  struct Cancel {
    Timestamp time;
    std::string reason;
    bool elsewhere = false;
  };

  [[nodiscard]] bool is_repeated(const Sighting& sighting);
  void on_request(const Sighting& sighting);
  void on_response(const Sighting& sighting);
  void on_provisional(const Sighting& sighting);
  void on_initial_invite(const Sighting& sighting);
  void on_cancel(const Sighting& sighting);
  void on_bye(const Sighting& sighting);
  void on_info(const Sighting& sighting);
  [[nodiscard]] bool proves_answer(const Sighting& sighting);
  void on_invite_success(const Sighting& sighting);
  void on_invite_failure(const Sighting& sighting);
  [[nodiscard]] bool on_description(const Sighting& sighting);
  void announce(std::size_t newest);  // so many of the media's last entries

  // leg_parties.cc
  void note_parties(const Sighting& sighting);
  void note_hops(const Sighting& sighting);
  void note_answerer(const Sighting& sighting, bool first);
  [[nodiscard]] bool ends_one_of_several_dialogs(std::string_view callee_tag);
  void note_session_timer(const Sighting& sighting);
  void come_back();
  void end_by_failure();
  void end_by_cancel();
  void release(Timestamp at, CallState state, Release release);
  [[nodiscard]] Branch* branch(std::string_view id);
  [[nodiscard]] bool was_refused(const Branch* by) const;
  [[nodiscard]] bool is_callers_own(const Branch& branch) const;
  // For one more; if not, that is counted.
  template <typename Entries>
  [[nodiscard]] bool has_room(const Entries& entries, std::size_t most) {
    if (entries.size() < most) return true;
    ++refused_entries_;
    return false;
  }
  void note_alive(Timestamp time) { heard_since_ |= resumed_ && time >= *resumed_; }
  [[nodiscard]] Timestamp last_alive() const;
  [[nodiscard]] Timestamp alive_until(Timestamp known) const;
  [[nodiscard]] bool goes_on() const;
  [[nodiscard]] bool silence_counts() const;
  [[nodiscard]] Negotiation::Exchange exchange(const Sighting& sighting) const;

  const LegId id_;
  const SignallingOptions* options_;
  SignallingSink* sink_;
  std::string wire_call_id_;  // as on the wire; call_ has them as text
  std::string caller_tag_;

  FinishedCall call_;
  Negotiation negotiation_;
  LegLinks links_;
  Phase phase_ = Phase::kCalling;
  bool begin_seen_ = false;  // the first INVITE was
  bool by_failure_ = false;  // kReleased, but a newer INVITE or a 2xx brings it back
  bool media_heard_ = false;
  IdentitySource caller_source_ = IdentitySource::kNone;
  IdentitySource answerer_source_ = IdentitySource::kNone;
  std::string answerer_contact_;
  std::uint32_t invite_cseq_ = 0;     // of the newest INVITE that is not a re-INVITE
  std::vector<Branch> branches_;      // of that INVITE, the first one nearest to the caller
  std::vector<std::string> dialogs_;  // callee's tags of the dialogs that a 2xx confirmed
  std::vector<Rival> rivals_;         // of the first one of these
  std::optional<Failure> failure_;
  std::optional<Cancel> cancelled_;
  Timestamp last_message_;
  Timestamp last_media_;
  Timestamp session_refreshed_;
  std::optional<std::chrono::seconds> session_expires_;  // RFC 4028
  std::optional<Timestamp> resumed_;                     // the end of the last outage
  bool heard_since_ = true;                              // the outage
  std::uint64_t refused_entries_ = 0;
  std::array<std::uint64_t, 16> recent_{};  // hashes of the last messages
  std::size_t next_recent_ = 0;
};

}  // namespace koegura::capture
