#include "fax_page_data.h"

namespace koegura::decode {

void FaxPageData::append(Bytes octets) {
  if (octets_.size() + octets.size() > kMaxPageBytes) {
    octets = octets.first(kMaxPageBytes - octets_.size());
    cut_ = true;
  }
  octets_.insert(octets_.end(), octets.begin(), octets.end());
}

void FaxPageData::note_gap() {
  constexpr std::size_t kMaxGaps = 65536;
  if (gaps_.size() < kMaxGaps) gaps_.push_back(octets_.size());
}

void FaxPageData::clear() {
  octets_.clear();
  gaps_.clear();
  cut_ = false;
}

}  // namespace koegura::decode
