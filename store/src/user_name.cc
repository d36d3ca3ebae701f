#include "store/user_name.h"

#include <pwd.h>
#include <unistd.h>

#include <array>

namespace koegura::store {

std::string user_name(uid_t user) {
  constexpr std::size_t kMostBytes = 4096;
  std::array<char, kMostBytes> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  const int error = ::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found);
  if (error != 0 || found == nullptr) return "uid " + std::to_string(user);
  return found->pw_name;
}

const std::string& own_user_name() {
  static const std::string kName = user_name(::geteuid());
  return kName;
}

}  // namespace koegura::store
