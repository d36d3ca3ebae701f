// call.json of any archive file reaches the joining: one record a line. Whatever they say, each leg
// has a place, conversations name their first leg, and the order of the lines does not matter.
#include <cstdint>
#include <cstdlib>
#include <map>
#include <string_view>
#include <utility>
#include <vector>

#include "conversations.h"
#include "store/archive.h"

namespace {

using namespace koegura::store;

std::vector<LegEvidence> legs_in(std::string_view lines) {
  constexpr std::size_t kMost = 64;
  std::map<Ulid, LegEvidence> legs;
  while (!lines.empty() && legs.size() < kMost) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const auto record = from_json(lines.substr(0, end));
    lines.remove_prefix(std::min(end + 1, lines.size()));
    if (!record || !Ulid::parse(record->id())) continue;
    LegEvidence leg = evidence_of(*record, "JP");
    const Ulid id = leg.id;
    legs.emplace(id, std::move(leg));
  }
  std::vector<LegEvidence> found;
  for (auto& [id, leg] : legs) found.push_back(std::move(leg));
  return found;
}

std::map<Ulid, Place> places_of(const std::vector<LegEvidence>& legs) {
  Conversations conversations;
  std::map<Ulid, Place> places;
  for (const LegEvidence& leg : legs) {
    const auto outcome = conversations.add(leg);
    for (const PlacedLeg& placed : outcome.placed) places[placed.leg] = placed.place;
    if (!outcome.gone.empty()) return {};  // another order forgets other legs
  }
  return places;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::vector<LegEvidence> legs = legs_in({reinterpret_cast<const char*>(data), size});
  const std::map<Ulid, Place> places = places_of(legs);
  for (const auto& [id, place] : places) {
    if (place.conversation > id) std::abort();
    if (places.at(place.conversation).conversation != place.conversation) std::abort();
  }
  const std::map<Ulid, Place> backwards = places_of({legs.rbegin(), legs.rend()});
  if (!places.empty() && !backwards.empty() && backwards != places) std::abort();
  return 0;
}
