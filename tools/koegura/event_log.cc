#include "event_log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include "text_width.h"

namespace koegura::tools {

namespace {

// Time and program come from the journal; on a terminal, the level's colour is enough.
spdlog::logger& logger() {
  static const auto kLogger = [] {
    auto made = spdlog::stderr_color_mt("koegura");
    made->set_pattern("koegura: %^%l%$ %v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *kLogger;
}

std::string logged_value(const std::string& value) {
  std::string text = printable(value);
  if (!text.empty() && text.find_first_of(" \"=") == std::string::npos) return text;
  std::string in_quotes = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') in_quotes += '\\';
    in_quotes += c;
  }
  return in_quotes + '"';
}

}  // namespace

void log_event(Level level, std::string_view event, std::initializer_list<Field> fields) {
  std::string line(event);
  for (const auto& [key, value] : fields) {
    line += ' ' + std::string(key) + '=' + logged_value(value);
  }
  switch (level) {
    case Level::kInfo:
      return logger().info("{}", line);
    case Level::kWarning:
      return logger().warn("{}", line);
    case Level::kError:
      return logger().error("{}", line);
  }
}

}  // namespace koegura::tools
