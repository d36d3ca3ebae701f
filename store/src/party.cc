#include "store/party.h"

#include "store/number.h"
#include "utf8.h"

namespace koegura::store {

void set_party(Party& party, const capture::Identity& identity, const std::string& region) {
  const bool hidden =
      !identity.withheld.empty() && identity.user.find_first_of("0123456789") == std::string::npos;
  if (!hidden) party.set_number(to_utf8(normalise_number(identity.user, region)));
  party.set_raw(to_utf8(identity.uri));
  party.set_name(to_utf8(identity.display_name));
  party.set_withheld(to_utf8(identity.withheld));
}

}  // namespace koegura::store
