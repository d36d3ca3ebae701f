// JoiningLegs: the index's side of the conversations: records in, records with their conversation
// out. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "capture/error.h"
#include "conversations.h"
#include "index.h"
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

 private:
  const std::string region_;
  std::vector<LegEvidence> remembered_;
  Conversations conversations_;
};

// Those that the index remembers ('e' keys), begun.
[[nodiscard]] Result<std::unique_ptr<JoiningLegs>> legs_of_index(const Index& index,
                                                                 const std::string& region);

void set_place(CallRecord& record, const Place& place);

}  // namespace koegura::store
