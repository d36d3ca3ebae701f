// Base64 (RFC 4648 §4).
#include "capture/base64.h"

#include <doctest/doctest.h>

#include <utility>
#include <vector>

using namespace koegura;

TEST_CASE("base64 of RFC 4648's vectors, and nothing that it does not write") {
  for (const auto& [bytes, text] :
       std::vector<std::pair<std::string, std::string>>{{"", ""},
                                                        {"f", "Zg=="},
                                                        {"fo", "Zm8="},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="},
                                                        {"fooba", "Zm9vYmE="},
                                                        {"foobar", "Zm9vYmFy"}}) {
    CHECK(capture::to_base64(bytes) == text);
    CHECK(capture::from_strict_base64(text) == bytes);
  }
  for (const char* text :
       {"Zh==", "Zg", "Zg=", "Zg===", "Z", "Zm9v=", "Zm 9", "Zg==Zg==", "====", "\xff"}) {
    CAPTURE(text);
    CHECK_FALSE(capture::from_strict_base64(text));
  }
}
