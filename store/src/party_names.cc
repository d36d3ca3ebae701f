#include "party_names.h"

#include "record.h"

namespace koegura::store {

namespace {

// True if the directory knows the party.
bool name_party(Party& party, const Directory& directory, Day day) {
  const DirectoryRow* row = directory.find(party.number(), day);
  if (row == nullptr) return false;
  party.set_department(row->department);
  party.set_person(row->person);
  return true;
}

}  // namespace

void name_parties(CallRecord& record, const Directory& directory) {
  if (directory.rows().empty()) return;
  const Day day = local_day(from_proto(record.start()));
  const bool is_internal = record.direction() == "internal";
  const bool caller = name_party(*record.mutable_caller(), directory, day);
  const bool callee = name_party(*record.mutable_callee(), directory, day);
  record.set_direction(direction_between(caller || is_internal || record.direction() == "out",
                                         callee || is_internal || record.direction() == "in"));
  if (record.has_answered_by()) name_party(*record.mutable_answered_by(), directory, day);
  for (Diversion& diversion : *record.mutable_diversions()) {
    name_party(*diversion.mutable_party(), directory, day);
  }
  if (!record.has_links()) return;
  for (Refer& refer : *record.mutable_links()->mutable_refers()) {
    name_party(*refer.mutable_target(), directory, day);
  }
}

}  // namespace koegura::store
