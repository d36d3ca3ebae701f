// Config: every setting of the recorder, read once from one TOML file. It is made of the stages'
// own option structs, so a default is written in one place: where it is used.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "capture/capture.h"
#include "capture/dpdk.h"
#include "capture/error.h"
#include "capture/live.h"
#include "capture/spool.h"
#include "hearing.h"
#include "store/archive.h"
#include "store/finisher.h"

namespace koegura::tools {

struct Config {
  std::string directory = "/var/lib/koegura";
  std::string socket = "/run/koegura/koegura.sock";  // of the running recorder
  // What `record` listens to if its command line does not say.
  std::vector<std::string> interfaces;
  std::vector<std::string> dpdk_ports;
  store::ArchiveOptions archive = {.internal_numbers = {}, .reserve_bytes = 1U << 30U};
  capture::LiveOptions live;
  capture::CaptureOptions capture;
  capture::SpoolOptions spool;
  capture::DpdkOptions dpdk;
  bool access_reason = false;  // who listens says why
  store::FinisherOptions finisher;
  // A call that takes longer to archive has a thread that is stuck.
  Duration finish_limit = std::chrono::minutes(10);
  HearingOptions hearing;
  // The recorder erases what is due by itself, once a day.
  bool erase_automatically = false;
};

inline constexpr const char* kDefaultConfigFile = "/etc/koegura/koegura.toml";

// Refuses what is no TOML, unknown keys, wrong types and values out of range, each with
// "FILE:LINE:COLUMN: …" and what would be right. `name` is for messages.
[[nodiscard]] Result<Config> parse_config(std::string_view toml, const std::string& name);
// Reads the file. A missing file is an error unless it is the default one (empty path).
[[nodiscard]] Result<Config> load_config(const std::string& path);

// Every key with its value in this config, one "section.key = value" each, in the file's order.
[[nodiscard]] std::vector<std::string> config_lines(Config config);

}  // namespace koegura::tools
