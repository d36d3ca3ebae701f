// Any text is a time, a duration or neither; what is taken lies in order and reads back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "text_width.h"
#include "time_text.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace koegura;
  using namespace koegura::tools;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  constexpr Timestamp kYear2200 = from_unix_ns(7'258'118'400'000'000'000);  // the last year taken
  const Timestamp now = from_unix_ns(1'795'223'702'500'000'000);
  if (const auto time = parse_time(text, now)) {
    if (time->begin > time->end) std::abort();
    const auto again = parse_time(local_time(time->begin), now);
    const auto second = std::chrono::floor<std::chrono::seconds>(time->begin);
    const bool is_near = time->begin >= Timestamp{} && time->begin < kYear2200;
    if (is_near && (!again || again->begin != second)) std::abort();
  }
  if (const auto duration = parse_duration(text)) {
    const auto again = parse_duration(duration_text(*duration));
    const auto ms = std::chrono::floor<std::chrono::milliseconds>(*duration);
    // Decimals are read as doubles: to the millisecond up to 2^53 ns, which is 104 days.
    const bool is_exact = *duration < Duration(1LL << 53U);
    if (!again || (is_exact && *again != ms)) std::abort();
  }
  const std::string safe = printable(text);
  if (printable(safe) != safe || width_of(clipped(safe, 7)) > 7) std::abort();
  return 0;
}
