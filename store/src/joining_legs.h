// JoiningLegs: the index's side of the conversations: records in, records with their conversation
// out. One thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "capture/error.h"
#include "conversations.h"
#include "record.pb.h"

namespace koegura::store {

class JoiningLegs {
 public:
  explicit JoiningLegs(std::string region) : region_(std::move(region)) {}

  // A record of the index, and the fingerprint that was kept beside it.
  void remember(CallRecord record, const Fingerprint& fingerprint);
  // After the last one remembered, before any add.
  void begin();

  struct Changes {
    CallRecord record;              // the new one, with its conversation
    std::vector<PlacedLeg> others;  // whose conversation, ties or doubts have changed
    std::vector<Ulid> gone;         // whose fingerprint is not needed any more
  };
  // REQUIRES: the record has its fingerprint, and has not been added.
  [[nodiscard]] Changes add(const CallRecord& record);

  void for_each_fingerprint(
      const std::function<void(const Ulid& id, const Fingerprint& fingerprint)>& visit) const;

 private:
  const std::string region_;
  std::vector<LegEvidence> remembered_;
  Conversations conversations_;
};

void set_place(CallRecord& record, const Place& place);

}  // namespace koegura::store
