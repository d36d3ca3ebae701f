// A user part of any SIP message, and whatever `--number` is given. Normalising twice changes
// nothing, and every number is found by itself.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "store/number.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace koegura::store;
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  const std::string number = normalise_number(raw, "JP");
  if (normalise_number(number, "JP") != number) std::abort();
  static_cast<void>(national_number(number, "JP"));
  const NumberPattern pattern = parse_number_pattern(raw, "JP");
  for (const std::string& form : pattern.forms) {
    if (form.empty() || !pattern.matches(form)) std::abort();
  }
  return 0;
}
