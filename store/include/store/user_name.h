// user_name: who a user is, for people and for the ledger.
#pragma once

#include <sys/types.h>

#include <string>

namespace koegura::store {

// "tanaka", or "uid 1003" if the system has no name for it. Any thread.
[[nodiscard]] std::string user_name(uid_t user);
// Of this process, as it was when this was first asked: a sandbox may take the answer away.
[[nodiscard]] const std::string& own_user_name();

}  // namespace koegura::store
