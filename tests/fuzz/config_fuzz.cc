// Any text is a configuration or is refused with its place; what is taken is read back as written.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace koegura::tools;
  const auto config = parse_config({reinterpret_cast<const char*>(data), size}, "fuzz.toml");
  if (!config) {
    if (!config.error().message.starts_with("fuzz.toml:")) std::abort();
    return 0;
  }
  std::string written;
  for (const std::string& line : config_lines(*config)) written += line + '\n';
  const auto again = parse_config(written, "written.toml");
  if (!again || config_lines(*again) != config_lines(*config)) std::abort();
  return 0;
}
