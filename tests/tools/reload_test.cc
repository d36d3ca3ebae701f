#include "reload.h"

#include <doctest/doctest.h>

namespace koegura::tools {
namespace {

using std::chrono::minutes;

Config parsed(const std::string& toml) {
  auto config = parse_config(toml, "test.toml");
  if (!config) FAIL(config.error().message);
  return *config;
}

TEST_CASE("the same settings change nothing") {
  CHECK(changed_keys(Config{}, parsed("[capture]\nmax_streams = 65536\n")).empty());
}

TEST_CASE("each changed key is named with both values, and when it takes effect") {
  const Config wanted = parsed(
      "[archive]\ninternal_numbers = [\"23??\"]\nregion = \"US\"\n"
      "[capture]\nmax_streams = 100\n[hearing]\nno_sip = \"1h\"\n");
  const auto changed = changed_keys(Config{}, wanted);
  REQUIRE(changed.size() == 4);
  CHECK(changed[0].key == "archive.region");
  CHECK_FALSE(changed[0].at_once);
  CHECK(changed[1].key == "archive.internal_numbers");
  CHECK(changed[1].at_once);
  CHECK(changed[1].to == "[\"23??\"]");
  CHECK(changed[2].key == "capture.max_streams");
  CHECK(changed[2].from == "65536");
  CHECK(changed[2].to == "100");
  CHECK_FALSE(changed[2].at_once);
  CHECK(changed[3].key == "hearing.no_sip");
  CHECK(changed[3].at_once);
}

TEST_CASE("what waits for the next start goes on to be named, what has changed does not") {
  const Config wanted = parsed("[capture]\nmax_streams = 100\n[hearing]\nno_sip = \"1h\"\n");
  const Config running = reloaded(Config{}, wanted);
  CHECK(running.hearing.no_sip == minutes(60));
  CHECK(running.capture.max_streams == Config{}.capture.max_streams);
  const auto changed = changed_keys(running, wanted);
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].key == "capture.max_streams");
}

}  // namespace
}  // namespace koegura::tools
