// quality_story: a record's figures of quality in words, for `show`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "record.pb.h"

namespace koegura::tools {

// How the stream sounded, how its packets came, what RTCP says of it and who lost what is missing:
// a line each, of those that there is something to say of.
[[nodiscard]] std::vector<std::string> stream_quality_lines(const Stream& stream);
// "the caller was never heard"; both speaking at once, the round trip. Empty if there is nothing.
[[nodiscard]] std::string one_way_text(const Quality& quality);
[[nodiscard]] std::string conversation_quality_text(const Quality& quality);
// Of a span's lost_by: "on the network: …"; empty if it is.
[[nodiscard]] std::string lost_by_text(std::string_view lost_by);

}  // namespace koegura::tools
