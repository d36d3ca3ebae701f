// Referrals: the REFERs within one leg, and what became of each (RFC 3515).
//
//   REFER ─ 2xx ─► NOTIFY "SIP/2.0 100" … ─► NOTIFY with a final status
//         └ failure
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "capture/finished_call.h"
#include "leg_share.h"
#include "sighting.h"

namespace koegura::capture {

// The dialog that Replaces names (RFC 3891 §6.1): "call;to-tag=a;from-tag=b;early-only". Nothing
// without Call-ID and both tags.
[[nodiscard]] std::optional<DialogId> dialog_in_replaces(std::string_view value);
// Bytes, for a leg's share.
[[nodiscard]] std::size_t text_size(const DialogId& dialog);

class Referrals {
 public:
  // Copies on other hops change nothing. A REFER that comes back with credentials is the same one.
  void on_refer(const Sighting& sighting, LegShare& share);
  void on_response(const Sighting& sighting);
  // Of the event package refer; others tell nothing.
  void on_notify(const Sighting& sighting);

  // A REFER was accepted, and its outcome is still to be told.
  [[nodiscard]] bool await_outcome() const;
  [[nodiscard]] std::vector<Refer> take() &&;

 private:
  struct Asked {
    Refer refer;
    std::uint32_t cseq = 0;
    bool awaited = false;  // it was accepted, and its subscription goes on
  };

  [[nodiscard]] Asked* asked(Side by, std::uint32_t cseq);
  [[nodiscard]] Asked* notified(const Sighting& sighting);

  std::vector<Asked> asked_;
};

}  // namespace koegura::capture
