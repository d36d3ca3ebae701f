// Progress: one line on stderr that says how far a long job is and when it will end. Shown only on
// a terminal and only if the job takes over a second; gone when the job ends.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace koegura::tools {

class Progress {
 public:
  // `unit` for the rate: "B" is written as bytes, anything else as a count.
  Progress(std::string label, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Cheap: draws at most ten times a second. total 0 = the end is unknown.
  void update(std::uint64_t done, std::uint64_t total);
  void set_label(std::string label) { label_ = std::move(label); }
  // Takes the line away, so that a message can be written.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;

  std::string label_;
  std::string unit_;
  bool enabled_;
  bool drawn_ = false;
  Clock::time_point begun_;
  Clock::time_point next_;
};

// "[####......]  12 %  98 MB/s  ETA 0:12"; total 0 leaves out what needs it.
[[nodiscard]] std::string progress_text(std::uint64_t done, std::uint64_t total, double elapsed_s,
                                        const std::string& unit);

}  // namespace koegura::tools
