#include "config.h"

#include <doctest/doctest.h>

#include <fstream>

namespace koegura::tools {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

std::string error_of(const std::string& toml) {
  const auto config = parse_config(toml, "k.toml");
  return config ? "taken" : config.error().message;
}

// The shipped file with the '#' before each "key = value" removed.
std::string shipped_with_keys_set(std::vector<std::string>& keys) {
  std::ifstream file(KOEGURA_SOURCE_ROOT "/tools/koegura.toml");
  REQUIRE(file);
  std::string toml;
  std::string section;
  for (std::string line; std::getline(file, line);) {
    const bool is_key = line.starts_with('#') && line.size() > 1 && line[1] != ' ';
    if (is_key) line.erase(0, 1);
    if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1);
    if (is_key) keys.push_back(section + '.' + line);
    toml += line + '\n';
  }
  return toml;
}

TEST_CASE("the shipped koegura.toml sets nothing, and lists every key with its default") {
  std::vector<std::string> keys;
  const std::string toml = shipped_with_keys_set(keys);
  CHECK(keys == config_lines(Config{}));
  const auto config = parse_config(toml, "koegura.toml");
  REQUIRE_MESSAGE(config, (config ? "" : config.error().message));
  CHECK(config_lines(*config) == config_lines(Config{}));
  const auto shipped = load_config(KOEGURA_SOURCE_ROOT "/tools/koegura.toml");
  REQUIRE(shipped);
  CHECK(config_lines(*shipped) == config_lines(Config{}));
}

TEST_CASE("each kind of value reaches its option") {
  const auto config = parse_config(R"(
    [archive]
    directory = "/srv/calls"
    region = "US"
    internal_numbers = ["23??", "+81312345678"]
    sync = false
    [capture]
    media_hold = "750ms"
    [tcp]
    max_message = 8192
    [spool]
    segment_size = "8MiB"
    [finish]
    threads = 4
    queue_limit = 16
  )",
                                   "k.toml");
  REQUIRE(config);
  CHECK(config->directory == "/srv/calls");
  CHECK(config->archive.region == "US");
  CHECK(config->archive.internal_numbers == std::vector<std::string>{"23??", "+81312345678"});
  CHECK_FALSE(config->archive.sync);
  CHECK(config->capture.media_hold == milliseconds(750));
  CHECK(config->capture.tcp.max_message_bytes == 8192);
  CHECK(config->spool.segment_bytes == 8U << 20U);
  CHECK(config->finisher.threads == 4);
  CHECK(config->finisher.queue_limit == 16);
  CHECK(config->capture.tcp.idle_timeout == minutes(10));
}

TEST_CASE("an unknown key is refused with its place and the nearest known one") {
  CHECK(error_of("[capture]\nmax_stream = 1\n") ==
        "k.toml:2:1: unknown key 'capture.max_stream': did you mean 'capture.max_streams'?");
  CHECK(error_of("[archives]\n").starts_with("k.toml:1:"));
  CHECK(error_of("threads = 2\n").starts_with("k.toml:1:1: unknown key 'threads'"));
}

TEST_CASE("retention rules are read in their order, and shown as they are read") {
  const std::string toml = R"([retention]
keep = "3 years"
count_from = "fiscal-year"
[[retention.rule]]
name = "代表"
line = "03-1234-5600"
keep = "1 year 6 months"
[[retention.rule]]
name = "harassment"
tag = "harassment"
department = "市民課"
direction = "in"
state = "answered"
keep = "10 years"
count_from = "fiscal-year"
)";
  const auto config = parse_config(toml, "k.toml");
  REQUIRE_MESSAGE(config, (config ? "" : config.error().message));
  const store::RetentionRules& rules = config->archive.retention;
  CHECK(rules.otherwise.keep == store::KeepFor{.years = 3});
  CHECK(rules.otherwise.count_from == store::CountFrom::kFiscalYear);
  REQUIRE(rules.rules.size() == 2);
  CHECK(rules.rules[0].line == "03-1234-5600");
  CHECK(rules.rules[0].period.keep == store::KeepFor{.years = 1, .months = 6});
  CHECK(rules.rules[1].period.count_from == store::CountFrom::kFiscalYear);
  // What config_lines shows reads back as the same rules.
  std::string shown = "[retention]\n";
  for (const std::string& line : config_lines(*config)) {
    if (line.starts_with("retention.")) shown += line.substr(10) + '\n';
  }
  const auto back = parse_config(shown, "k.toml");
  REQUIRE_MESSAGE(back, (back ? "" : back.error().message));
  CHECK(back->archive.retention == rules);
}

TEST_CASE("a wrong retention rule is refused at its place") {
  const std::string rule = "[[retention.rule]]\nname = \"r\"\n";
  CHECK(error_of(rule + "keep = \"5 weeks\"\n")
            .starts_with("k.toml:3:8: 'keep': retention.rule: expected a period in quotes"));
  CHECK(error_of(rule + "keep = 5\n").starts_with("k.toml:3:1: 'keep': retention.rule: expected "));
  CHECK(error_of(rule + "keep = \"5 years\"\nstatus = \"busy\"\n").find("did you mean 'state'?") !=
        std::string::npos);
  CHECK(error_of(rule + "keep = \"5 years\"\nstate = \"bussy\"\n").starts_with("k.toml:4:9: "));
  CHECK(error_of(rule).find("expected keep = ") != std::string::npos);
  CHECK(error_of("[[retention.rule]]\nkeep = \"1 day\"\n").find("expected a name") !=
        std::string::npos);
  CHECK(error_of("[[retention.rule]]\nname = \"default\"\nkeep = \"1 day\"\n")
            .starts_with("k.toml:2:8: "));
  const std::string whole = rule + "keep = \"1 day\"\n";
  CHECK(error_of(whole + whole).starts_with("k.toml:4:1: retention.rule: expected another name"));
  CHECK(error_of("[retention]\nrule = 3\n").starts_with("k.toml:2:8: retention.rule: expected"));
  CHECK(error_of("[retention]\nkeep = \"0 days\"\n").starts_with("k.toml:2:8: retention.keep: "));
  CHECK(error_of("[retention]\ncount_from = \"april\"\n").find("fiscal-year") != std::string::npos);
}

TEST_CASE("a wrong type is refused with what is expected and the range") {
  CHECK(error_of("[capture]\nmedia_hold = 5\n") ==
        "k.toml:2:14: capture.media_hold: expected a duration in quotes, as in \"5s\" or "
        "\"2min\", from 0s to 1min");
  CHECK(error_of("[finish]\nthreads = \"2\"\n") ==
        "k.toml:2:11: finish.threads: expected a whole number from 1 to 256");
  CHECK(error_of("[archive]\nsync = 1\n") == "k.toml:2:8: archive.sync: expected true or false");
  CHECK(error_of("archive = 3\n").find("expected a section, as in [archive]") != std::string::npos);
}

TEST_CASE("a value out of range is refused at both ends") {
  for (const auto* toml :
       {"[finish]\nthreads = 0", "[finish]\nthreads = 257", "[finish]\nthreads = -1",
        "[finish]\nthreads = 2.5", "[capture]\nmedia_hold = \"61s\"",
        "[capture]\nmedia_hold = \"5\"", "[spool]\nrun_size = \"1KiB\"",
        "[spool]\nsegment_size = \"4294967295GiB\"", "[spool]\nsegment_size = \"8 MB\"",
        "[archive]\nregion = \"jp\"", "[archive]\ndirectory = \"var\"",
        "[archive]\ninternal_numbers = [\"23xx\"]", "[archive]\ninternal_numbers = \"23??\"",
        "[archive]\ninternal_numbers = [23]"}) {
    CAPTURE(toml);
    CHECK(error_of(toml).find("expected ") != std::string::npos);
  }
}

TEST_CASE("what is no TOML is refused with its line") {
  CHECK(error_of("[archive]\nregion = JP\n").starts_with("k.toml:2:"));
  CHECK(error_of("[archive\n").starts_with("k.toml:1:"));
  CHECK(error_of("[archive]\nsync = true\nsync = true\n").starts_with("k.toml:3:"));
}

TEST_CASE("an empty file gives the defaults") {
  const auto config = parse_config("", "k.toml");
  REQUIRE(config);
  CHECK(config_lines(*config) == config_lines(Config{}));
}

TEST_CASE("a named file that is missing or a folder is a failure") {
  const auto missing = load_config("/nonexistent/koegura.toml");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().kind == ErrorKind::kFailed);
  CHECK(missing.error().message.find("/nonexistent/koegura.toml") != std::string::npos);
  const auto folder = load_config("/");
  REQUIRE_FALSE(folder);
  CHECK(folder.error().kind == ErrorKind::kFailed);
}

}  // namespace
}  // namespace koegura::tools
