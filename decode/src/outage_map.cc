#include "outage_map.h"

#include <algorithm>

namespace koegura::decode {

OutageMap::OutageMap(const capture::FinishedCall& call, std::uint32_t call_rate) {
  std::vector<capture::Outage> outages = call.outages;
  std::sort(outages.begin(), outages.end(),
            [](const auto& a, const auto& b) { return a.from < b.from; });
  Timestamp at = call.start;
  for (const capture::Outage& outage : outages) {
    const Timestamp from = std::max(at, outage.from);
    const Timestamp to = std::min(call.end, outage.to);
    if (from >= to) continue;
    const auto position = [&](Timestamp time) {
      return static_cast<Position>(to_seconds(time - call.start) * call_rate);
    };
    stretches_.push_back({.from = position(from), .to = position(to)});
    middles_.push_back(outage.from + (outage.to - outage.from) / 2);
    at = to;
  }
}

}  // namespace koegura::decode
