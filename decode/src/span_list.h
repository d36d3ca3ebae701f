// SpanList: the spans of one call as they are found. Neighbours of one kind become one, and their
// number is bounded: a call of many holes gets coarser spans, that still cover every hole.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "decode/rendered_call.h"

namespace koegura::decode {

class SpanList {
 public:
  static constexpr std::size_t kMaxSpans = 10'000;

  // Does nothing if the span is empty. Within a kind and channel, spans come in order of time.
  void add(SpanKind kind, std::optional<Side> channel, double from_s, double to_s,
           const std::string& note = {});
  // In order of from_s.
  [[nodiscard]] std::vector<Span> take();

 private:
  static constexpr std::size_t kKinds = static_cast<std::size_t>(SpanKind::kRedacted) + 1;
  static constexpr std::size_t kNone = ~std::size_t{0};
  [[nodiscard]] static std::size_t row(SpanKind kind, std::optional<Side> channel);
  void coarsen();
  void join(Span span);

  std::vector<Span> spans_;
  std::array<std::size_t, kKinds* 3> last_ = make_last();  // index of the latest span by row
  double bridge_s_ = 1e-6;  // holes up to this long between equal spans disappear

  static constexpr std::array<std::size_t, kKinds * 3> make_last() {
    std::array<std::size_t, kKinds * 3> last{};
    for (std::size_t& index : last) index = kNone;
    return last;
  }
};

}  // namespace koegura::decode
