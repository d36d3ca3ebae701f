#include "ecm_block.h"

#include <algorithm>
#include <utility>

namespace koegura::decode {

void EcmBlock::add_frame(Bytes information) {
  if (information.size() < 2) return;
  std::vector<std::byte>& frame = frames_[reversed_bits(information[0])];
  if (!frame.empty()) return;
  const Bytes octets = information.subspan(1, std::min(information.size() - 1, kMaxFrameOctets));
  frame.assign(octets.begin(), octets.end());
  ++present_;
}

void EcmBlock::expect(std::uint32_t frames) {
  expected_ = std::max(expected_, frames);
}

void EcmBlock::merge(EcmBlock& burst) {
  for (std::size_t i = 0; i < kFrames; ++i) {
    if (burst.frames_[i].empty() || !frames_[i].empty()) continue;
    frames_[i] = std::move(burst.frames_[i]);
    ++present_;
  }
  expect(burst.expected_);
  burst.clear();
}

void EcmBlock::clear() {
  if (present_ != 0) {
    for (std::vector<std::byte>& frame : frames_) frame.clear();
  }
  present_ = 0;
  expected_ = 0;
}

std::uint32_t EcmBlock::missing() const {
  std::uint32_t missing = 0;
  std::uint32_t behind =
      0;  // those behind the last one that is there are missing if PPS counts them
  for (std::size_t i = 0; i < kFrames; ++i) {
    if (frames_[i].empty()) {
      ++behind;
    } else {
      missing += std::exchange(behind, 0);
    }
  }
  const auto end = static_cast<std::uint32_t>(kFrames) - behind;
  return missing + (expected_ > end ? expected_ - end : 0);
}

void EcmBlock::append_to(FaxPageData& page) const {
  std::size_t end = expected_;
  for (std::size_t i = end; i < kFrames; ++i) {
    if (!frames_[i].empty()) end = i + 1;
  }
  for (std::size_t i = 0; i < end; ++i) {
    if (frames_[i].empty()) {
      page.note_gap();
    } else {
      page.append(frames_[i]);
    }
  }
}

}  // namespace koegura::decode
