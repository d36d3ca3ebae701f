#include "reload.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace koegura::tools {

namespace {

constexpr std::string_view kBetween = " = ";

std::pair<std::string, std::string> key_and_value(const std::string& line) {
  const auto at = line.find(kBetween);
  return {line.substr(0, at), line.substr(at + kBetween.size())};
}

}  // namespace

Config reloaded(const Config& running, const Config& wanted) {
  Config config = running;
  config.hearing = wanted.hearing;
  config.archive.internal_numbers = wanted.archive.internal_numbers;
  config.archive.reserve_bytes = wanted.archive.reserve_bytes;
  config.archive.retention = wanted.archive.retention;
  config.erase_automatically = wanted.erase_automatically;
  config.finish_limit = wanted.finish_limit;
  return config;
}

std::vector<ChangedKey> changed_keys(const Config& running, const Config& wanted) {
  const std::vector<std::string> before = config_lines(running);
  const std::vector<std::string> now = config_lines(wanted);
  const std::vector<std::string> then = config_lines(reloaded(running, wanted));
  std::vector<ChangedKey> changed;
  for (std::size_t i = 0; i < before.size(); ++i) {
    if (before[i] == now[i]) continue;
    const auto [key, from] = key_and_value(before[i]);
    changed.push_back({.key = key,
                       .from = from,
                       .to = key_and_value(now[i]).second,
                       .at_once = then[i] == now[i]});
  }
  return changed;
}

}  // namespace koegura::tools
