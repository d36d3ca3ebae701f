// call_text: the parts of a call's record in words, as `calls` and `show` print them.
#pragma once

#include <cstddef>
#include <string>

#include "record.pb.h"
#include "terminal.h"

namespace koegura::tools {

// Of a record's number: "+81312345678" → "03-1234-5678" in its own country.
[[nodiscard]] std::string number_text(const Party& party, const std::string& region);
// "03-1234-5678 山田太郎", "2301 水道課 山田"; why it is hidden if it is; what stood on the wire if
// there is nothing else.
[[nodiscard]] std::string party_text(const Party& party, const std::string& region);
// "01M7XTRBG51C1XNJ": as much of a call's id as is printed for people, and taken from them.
inline constexpr std::size_t kShortId = 16;
[[nodiscard]] std::string short_id(const std::string& id);
[[nodiscard]] Colour colour_of_state(const std::string& state);
// "excellent (MOS 4.4)", "unknown"
[[nodiscard]] std::string quality_text(double mos);
// "no answer", "busy": why a call was forwarded (RFC 5806); empty if nobody said.
[[nodiscard]] std::string diversion_reason_text(const Diversion& diversion);
// "2301 山田: no answer"
[[nodiscard]] std::string diversion_text(const Diversion& diversion, const std::string& region);
// A party of which there is only a URI, as in Referred-By.
[[nodiscard]] std::string uri_text(const std::string& uri, const std::string& region);
// How the call ended: "the caller hung up", "by the callee: 486 Busy Here".
[[nodiscard]] std::string release_text(const CallRecord& record);

}  // namespace koegura::tools
