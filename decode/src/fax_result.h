// What became of a fax, in words.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "decode/fax.h"
#include "t30_frame.h"

namespace koegura::decode {

struct FaxEnd {
  bool announced = false;        // a DCS was heard
  bool unannounced = false;      // pages or their end were heard without one
  bool training_failed = false;  // the last thing heard of it
  bool said_goodbye = false;     // DCN
  bool turned = false;           // the other side sent then (polling)
  std::optional<AfterPage> after_last;
};

// Why it is not complete; empty if it is.
[[nodiscard]] std::vector<std::string> fax_troubles(const Fax& fax, const FaxEnd& end);
// "complete", or the troubles in one line.
[[nodiscard]] std::string fax_result(const std::vector<std::string>& troubles);

}  // namespace koegura::decode
