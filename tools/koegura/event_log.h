// event_log: what the recorder tells the journal: "event key=value …" on stderr, one line an event.
// By spdlog, which event_log.cc alone includes. Any thread.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace koegura::tools {

enum class Level : unsigned char { kInfo, kWarning, kError };

using Field = std::pair<std::string_view, std::string>;

// No names, numbers or content of calls. Values with spaces are quoted, control characters are not
// let through.
void log_event(Level level, std::string_view event, std::initializer_list<Field> fields = {});

}  // namespace koegura::tools
