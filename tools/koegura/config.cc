#include "config.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <variant>

#include "config_rules.h"
#include "file_output.h"
#include "nearest.h"
#include "quantity_text.h"
#include "time_text.h"

namespace koegura::tools {

namespace {

// What a key may hold, and where it goes.
struct DurationKey {
  Duration& (*of)(Config&);
  Duration least;
  Duration most;
};
struct CountKey {
  std::variant<std::uint32_t& (*)(Config&), std::size_t& (*)(Config&)> of;
  std::uint32_t least;
  std::uint32_t most;
};
struct BytesKey {
  std::variant<std::uint32_t& (*)(Config&), std::uint64_t& (*)(Config&)> of;
  std::uint64_t least;
  std::uint64_t most;
};
struct FlagKey {
  bool& (*of)(Config&);
};
struct TextKey {
  std::string& (*of)(Config&);
  bool (*valid)(std::string_view);
  const char* expected;
};
struct TextsKey {
  std::vector<std::string>& (*of)(Config&);
  bool (*valid)(std::string_view);
  const char* expected;
};
struct PeriodKey {
  store::KeepFor& (*of)(Config&);
};
struct CountFromKey {
  store::CountFrom& (*of)(Config&);
};
struct RulesKey {  // read_rules says where in it something is wrong
  std::vector<store::RetentionRule>& (*of)(Config&);
};

struct Key {
  std::string_view name;  // "section.key"
  std::variant<DurationKey, CountKey, BytesKey, FlagKey, TextKey, TextsKey, PeriodKey, CountFromKey,
               RulesKey>
      kind;
};

bool is_absolute(std::string_view path) {
  return path.starts_with('/');
}
bool is_region(std::string_view text) {
  const auto letter = [](char c) { return c >= 'A' && c <= 'Z'; };
  return text.size() == 2 && letter(text[0]) && letter(text[1]);
}
bool is_device(std::string_view name) {
  return !name.empty() && name.find_first_of(" \t\n") == std::string_view::npos;
}
bool is_number_pattern(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789+?*") == std::string_view::npos;
}

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// NOLINTNEXTLINE(bugprone-macro-parentheses): a member has none
#define FIELD(member)            \
  [](Config & config) -> auto& { \
    return config.member;        \
  }

// To add a setting: one row here, and its lines in tools/koegura.toml.
const std::array kKeys = {
    Key{"archive.directory", TextKey{FIELD(directory), is_absolute, "an absolute path"}},
    Key{"archive.region",
        TextKey{FIELD(archive.region), is_region, "two capital letters, as in \"JP\""}},
    Key{"archive.internal_numbers",
        TextsKey{FIELD(archive.internal_numbers), is_number_pattern,
                 "a list of numbers, '?' for one digit, '*' for any, as in [\"23??\"]"}},
    Key{"archive.sync", FlagKey{FIELD(archive.sync)}},
    Key{"archive.reserve", BytesKey{FIELD(archive.reserve_bytes), 0, std::uint64_t{1} << 40U}},
    Key{"access.reason", FlagKey{FIELD(access_reason)}},
    Key{"recorder.interfaces",
        TextsKey{FIELD(interfaces), is_device, "a list of interfaces, as in [\"eth1\"]"}},
    Key{"recorder.dpdk_ports",
        TextsKey{FIELD(dpdk_ports), is_device, "a list of DPDK ports, as in [\"0000:03:00.0\"]"}},
    Key{"recorder.socket", TextKey{FIELD(socket), is_absolute, "an absolute path"}},
    Key{"live.ring_size", BytesKey{FIELD(live.ring_bytes), 1U << 20U, 1U << 30U}},
    Key{"live.snapshot_length", BytesKey{FIELD(live.snapshot_length), 256, 256U << 10U}},
    Key{"live.promiscuous", FlagKey{FIELD(live.promiscuous)}},
    Key{"capture.media_hold", DurationKey{FIELD(capture.media_hold), seconds(0), minutes(1)}},
    Key{"capture.stream_timeout",
        DurationKey{FIELD(capture.stream_timeout), seconds(1), hours(24)}},
    Key{"capture.max_streams", CountKey{FIELD(capture.max_streams), 16, 1U << 22U}},
    Key{"capture.fragment_timeout",
        DurationKey{FIELD(capture.decapsulation.fragment_timeout), seconds(1), minutes(5)}},
    Key{"capture.max_datagrams_in_reassembly",
        CountKey{FIELD(capture.decapsulation.max_datagrams_in_reassembly), 1, 1U << 16U}},
    Key{"dpdk.queues", CountKey{FIELD(dpdk.queues), 1, 64}},
    Key{"dpdk.descriptors", CountKey{FIELD(dpdk.descriptors), 64, 32768}},
    Key{"dpdk.buffers", CountKey{FIELD(dpdk.buffers), 1024, 1U << 24U}},
    Key{"tcp.max_connections", CountKey{FIELD(capture.tcp.max_connections), 1, 1U << 20U}},
    Key{"tcp.max_message", BytesKey{FIELD(capture.tcp.max_message_bytes), 4096, 16U << 20U}},
    Key{"tcp.max_buffered", BytesKey{FIELD(capture.tcp.max_buffered_bytes), 1U << 20U, 1U << 30U}},
    Key{"tcp.idle_timeout", DurationKey{FIELD(capture.tcp.idle_timeout), seconds(1), hours(24)}},
    Key{"signalling.ringing_timeout",
        DurationKey{FIELD(capture.signalling.ringing_timeout), seconds(10), hours(24)}},
    Key{"signalling.media_silence_timeout",
        DurationKey{FIELD(capture.signalling.media_silence_timeout), seconds(5), hours(24)}},
    Key{"signalling.session_timer_grace",
        DurationKey{FIELD(capture.signalling.session_timer_grace), seconds(0), hours(1)}},
    Key{"signalling.release_linger",
        DurationKey{FIELD(capture.signalling.release_linger), seconds(0), minutes(1)}},
    Key{"signalling.max_legs", CountKey{FIELD(capture.signalling.max_legs), 16, 10'000'000}},
    Key{"spool.segment_size", BytesKey{FIELD(spool.segment_bytes), 1U << 20U, 1U << 30U}},
    Key{"spool.run_size", BytesKey{FIELD(spool.run_bytes), 4096, 1U << 20U}},
    Key{"spool.flush_interval",
        DurationKey{FIELD(spool.flush_interval), milliseconds(100), seconds(2)}},
    Key{"spool.buffer_size", BytesKey{FIELD(spool.buffer_bytes), 4U << 20U, 1U << 30U}},
    Key{"finish.threads", CountKey{FIELD(finisher.threads), 1, 256}},
    Key{"finish.queue_limit", CountKey{FIELD(finisher.queue_limit), 1, 1U << 16U}},
    Key{"finish.memory_limit",
        BytesKey{FIELD(finisher.render.memory_limit), 64U << 10U, 1U << 30U}},
    Key{"finish.time_limit", DurationKey{FIELD(finish_limit), seconds(10), hours(24)}},
    Key{"redact.digits", FlagKey{FIELD(finisher.render.redact_digits)}},
    Key{"retention.keep", PeriodKey{FIELD(archive.retention.otherwise.keep)}},
    Key{"retention.count_from", CountFromKey{FIELD(archive.retention.otherwise.count_from)}},
    Key{"retention.automatic", FlagKey{FIELD(erase_automatically)}},
    Key{"retention.rule", RulesKey{FIELD(archive.retention.rules)}},
    Key{"hearing.no_frames", DurationKey{FIELD(hearing.no_frames), seconds(10), hours(24)}},
    Key{"hearing.no_sip", DurationKey{FIELD(hearing.no_sip), minutes(1), hours(24 * 7)}},
};

#undef FIELD

// ---- reading: each gives what was expected, or nothing if the value was taken ----------------

using Expected = std::optional<std::string>;

std::string range(const std::string& least, const std::string& most) {
  return " from " + least + " to " + most;
}

Expected take(const DurationKey& key, const toml::node& node, Config& config) {
  const auto text = node.value_exact<std::string>();
  const auto duration = parse_duration(text.value_or(""));
  if (text && duration && *duration >= key.least && *duration <= key.most) {
    key.of(config) = *duration;
    return std::nullopt;
  }
  return "a duration in quotes, as in \"5s\" or \"2min\"," +
         range(duration_text(key.least), duration_text(key.most));
}

Expected take(const CountKey& key, const toml::node& node, Config& config) {
  const auto count = node.value_exact<std::int64_t>();
  if (count && *count >= key.least && *count <= key.most) {
    const auto value = static_cast<std::uint32_t>(*count);
    std::visit([&](auto of) { of(config) = value; }, key.of);
    return std::nullopt;
  }
  return "a whole number" + range(std::to_string(key.least), std::to_string(key.most));
}

template <typename Number>
void set_bytes(Number& into, std::uint64_t bytes) {
  into = static_cast<Number>(bytes);  // within the key's range
}

Expected take(const BytesKey& key, const toml::node& node, Config& config) {
  auto bytes = node.value_exact<std::int64_t>();
  if (const auto text = node.value_exact<std::string>()) bytes = parse_size(*text);
  const auto size = static_cast<std::uint64_t>(bytes.value_or(-1));  // below 0: too large
  if (size >= key.least && size <= key.most) {
    std::visit([&](auto of) { set_bytes(of(config), size); }, key.of);
    return std::nullopt;
  }
  return "a size in quotes, as in \"64MiB\"," + range(size_text(key.least), size_text(key.most));
}

Expected take(const FlagKey& key, const toml::node& node, Config& config) {
  const auto flag = node.value_exact<bool>();
  if (!flag) return "true or false";
  key.of(config) = *flag;
  return std::nullopt;
}

Expected take(const TextKey& key, const toml::node& node, Config& config) {
  const auto text = node.value_exact<std::string>();
  if (!text || !key.valid(*text)) return key.expected;
  key.of(config) = *text;
  return std::nullopt;
}

Expected take(const TextsKey& key, const toml::node& node, Config& config) {
  const toml::array* list = node.as_array();
  if (list == nullptr) return key.expected;
  std::vector<std::string> texts;
  for (const toml::node& element : *list) {
    const auto text = element.value_exact<std::string>();
    if (!text || !key.valid(*text)) return key.expected;
    texts.push_back(*text);
  }
  key.of(config) = std::move(texts);
  return std::nullopt;
}

Expected take(const PeriodKey& key, const toml::node& node, Config& config) {
  const auto text = node.value_exact<std::string>();
  const auto keep = store::parse_keep_for(text.value_or(""));
  if (!keep) return kExpectedPeriod;
  key.of(config) = *keep;
  return std::nullopt;
}

Expected take(const CountFromKey& key, const toml::node& node, Config& config) {
  const auto text = node.value_exact<std::string>();
  const auto count_from = store::parse_count_from(text.value_or(""));
  if (!count_from) return kExpectedCountFrom;
  key.of(config) = *count_from;
  return std::nullopt;
}

Result<void> take_rules(const RulesKey& key, const toml::node& node, const std::string& name,
                        Config& config) {
  return read_rules(node, name).map([&](std::vector<store::RetentionRule> rules) {
    key.of(config) = std::move(rules);
  });
}

// ---- writing --------------------------------------------------------------------------------

std::string value_text(const DurationKey& key, Config& config) {
  return toml_string(duration_text(key.of(config)));
}
std::string value_text(const CountKey& key, Config& config) {
  return std::visit([&](auto of) { return std::to_string(of(config)); }, key.of);
}
std::string value_text(const BytesKey& key, Config& config) {
  return std::visit([&](auto of) { return toml_string(size_text(of(config))); }, key.of);
}
std::string value_text(const FlagKey& key, Config& config) {
  return key.of(config) ? "true" : "false";
}
std::string value_text(const TextKey& key, Config& config) {
  return toml_string(key.of(config));
}
std::string value_text(const TextsKey& key, Config& config) {
  std::string list;
  for (const std::string& text : key.of(config)) {
    list += (list.empty() ? "" : ", ") + toml_string(text);
  }
  return '[' + list + ']';
}

std::string value_text(const PeriodKey& key, Config& config) {
  return toml_string(store::keep_text(key.of(config)));
}
std::string value_text(const CountFromKey& key, Config& config) {
  return toml_string(std::string(store::name_of(key.of(config))));
}
std::string value_text(const RulesKey& key, Config& config) {
  return rules_text(key.of(config));
}

// ---- the file -------------------------------------------------------------------------------

Error unknown(const std::string& name, const toml::key& key, const std::string& full_name) {
  std::vector<std::string_view> known;
  for (const Key& row : kKeys) known.push_back(row.name);
  const std::string_view near = nearest(full_name, known);
  return {place(name, key.source().begin) + ": unknown key '" + full_name + "'" +
          (near.empty() ? std::string(": see koegura.toml(5) for all keys")
                        : ": did you mean '" + std::string(near) + "'?")};
}

Result<void> read_setting(const Key& row, const toml::node& value, const std::string& name,
                          Config& config) {
  if (const auto* rules = std::get_if<RulesKey>(&row.kind)) {
    return take_rules(*rules, value, name, config);
  }
  const auto take_value = [&](const auto& kind) -> Expected {
    if constexpr (std::is_same_v<decltype(kind), const RulesKey&>) {
      return {};
    } else {
      return take(kind, value, config);
    }
  };
  const Expected expected = std::visit(take_value, row.kind);
  if (!expected) return {};
  return failure(place(name, value.source().begin) + ": " + std::string(row.name) + ": expected " +
                 *expected);
}

Result<void> read_section(const toml::table& section, const std::string& section_name,
                          const std::string& name, Config& config) {
  for (const auto& [key, node] : section) {
    const std::string full_name = section_name + '.' + std::string(key.str());
    const auto* row = std::find_if(kKeys.begin(), kKeys.end(),
                                   [&](const Key& known) { return known.name == full_name; });
    if (row == kKeys.end()) return tl::make_unexpected(unknown(name, key, full_name));
    if (Result<void> taken = read_setting(*row, node, name, config); !taken) return taken;
  }
  return {};
}

Result<Config> read_tree(const toml::table& root, const std::string& name) {
  Config config;
  for (const auto& [key, node] : root) {
    const std::string section_name(key.str());
    const bool known = std::any_of(kKeys.begin(), kKeys.end(), [&](const Key& row) {
      return row.name.starts_with(section_name + '.');
    });
    if (!known) return tl::make_unexpected(unknown(name, key, section_name));
    const toml::table* section = node.as_table();
    if (section == nullptr) {
      return failure(place(name, node.source().begin) + ": expected a section, as in [" +
                     section_name + "]");
    }
    if (auto read = read_section(*section, section_name, name, config); !read) {
      return tl::make_unexpected(std::move(read.error()));
    }
  }
  return config;
}

}  // namespace

Result<Config> parse_config(std::string_view toml, const std::string& name) {
  try {
    return read_tree(toml::parse(toml, name), name);
  } catch (const toml::parse_error& error) {
    return failure(place(name, error.source().begin) + ": " + std::string(error.description()));
  }
}

Result<Config> load_config(const std::string& path) {
  const std::string name = path.empty() ? kDefaultConfigFile : path;
  auto text = read_file(name);
  if (text) return parse_config(*text, name);
  if (path.empty() && text.error().kind == ErrorKind::kNotFound) return Config{};
  // A missing file is no empty result (exit 4) but a failure.
  return failure("reading the configuration: " + text.error().message);
}

std::vector<std::string> config_lines(Config config) {
  std::vector<std::string> lines;
  for (const Key& key : kKeys) {
    const auto value = [&](const auto& kind) { return value_text(kind, config); };
    lines.push_back(std::string(key.name) + " = " + std::visit(value, key.kind));
  }
  return lines;
}

}  // namespace koegura::tools
