// config_rules: the retention rules of the configuration: [[retention.rule]].
#pragma once

#include <toml++/toml.h>

#include <string>
#include <vector>

#include "capture/error.h"
#include "store/retention.h"

namespace koegura::tools {

// `name` is the file's, for messages: "FILE:LINE:COLUMN: …".
[[nodiscard]] Result<std::vector<store::RetentionRule>> read_rules(const toml::node& node,
                                                                   const std::string& name);
// As one line of TOML reads back: "[{name = "…", …}]".
[[nodiscard]] std::string rules_text(const std::vector<store::RetentionRule>& rules);

inline constexpr const char* kExpectedPeriod =
    "a period in quotes, as in \"5 years\", \"1 year 6 months\" or \"90 days\", up to 100 years";
inline constexpr const char* kExpectedCountFrom = "\"call\" or \"fiscal-year\"";

// A TOML basic string.
[[nodiscard]] std::string toml_string(const std::string& text);
// "FILE:LINE:COLUMN"
[[nodiscard]] std::string place(const std::string& name, const toml::source_position& position);

}  // namespace koegura::tools
