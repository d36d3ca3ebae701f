#include "leg_keys.h"

#include "capture/address.h"

namespace koegura::store {

LegKeys::LegKeys(const LegEvidence& leg) {
  for (const auto& sketch : leg.sketches) {
    for (const SketchedPayload& payload : sketch) hashes.push_back(payload.hash);
  }
  keep_one_each(hashes);
  sessions = leg.session_ids;
  keep_one_each(sessions);
  for (const LegStream& stream : leg.streams) {
    if (stream.source.port == 0) continue;
    streams.push_back(capture::mix(
        capture::mix(capture::hash_of(stream.source), capture::hash_of(stream.destination)),
        stream.ssrc));
  }
  keep_one_each(streams);
  if (leg.replaces) named.push_back(leg.replaces->call_id);
  for (const SeenRefer& refer : leg.refers) {
    if (refer.replaces) named.push_back(refer.replaces->call_id);
  }
  keep_one_each(named);
  if (!leg.call_id.empty()) own.push_back(leg.call_id);
}

}  // namespace koegura::store
