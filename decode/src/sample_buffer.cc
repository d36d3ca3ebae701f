#include "sample_buffer.h"

namespace koegura::decode {

void SampleBuffer::make_room(std::size_t count) {
  const std::size_t kept = size();
  // Moving to the front is cheaper than growing, as long as little is moved for much room.
  const bool enough = kept + count <= capacity_ / 2;
  if (!enough) {
    capacity_ = 2 * (kept + count);
    std::unique_ptr<Sample[]> larger(new Sample[capacity_]);
    if (kept != 0) std::memcpy(larger.get(), samples_.get() + begin_, kept * sizeof(Sample));
    samples_ = std::move(larger);
  } else {
    std::memmove(samples_.get(), samples_.get() + begin_, kept * sizeof(Sample));
  }
  begin_ = 0;
  end_ = kept;
}

}  // namespace koegura::decode
