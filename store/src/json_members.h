// json_members: the members of a JSON object that a message does not have, of a newer program, and
// how they come back into the object. On the text: what is not understood is not changed either.
//
// Text that is no JSON gives some members or none, and never fails. Free-threaded.
#pragma once

#include <string>
#include <string_view>

namespace google::protobuf {
class Descriptor;
}

namespace koegura::store {

// An object with what the message does not have, at its place: of {"id":"A","new":1,"audio":
// {"path":"p","new":2},"streams":[{"ssrc":1},{"new":3}]} it is {"new":1,"audio":{"new":2},
// "streams":[{},{"new":3}]}. Empty if it has all.
[[nodiscard]] std::string unknown_members(std::string_view json,
                                          const google::protobuf::Descriptor& message);

// The object with these members besides. Of what is in both they have the last word: whoever kept
// them did not know it.
[[nodiscard]] std::string with_members(std::string_view json, std::string_view members);

}  // namespace koegura::store
