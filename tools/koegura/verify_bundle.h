// verify_bundle: a bundle read whole, and what was found in it told on stdout.
#pragma once

#include <string>

#include "capture/error.h"

namespace koegura::tools {

// `kept`: a head kept from earlier, its text; empty: none was. kVerification if the bundle is not
// what was exported.
[[nodiscard]] Result<void> verify_bundle(const std::string& path, const std::string& kept,
                                         bool json);

}  // namespace koegura::tools
