// The generator: frames a second, for some numbers of concurrent calls.
#include <benchmark/benchmark.h>

#include "traffic/traffic.h"

namespace koegura::traffic {
namespace {

TrafficOptions calls(std::int64_t concurrency) {
  TrafficOptions options;
  options.calls = options.concurrency = static_cast<std::uint32_t>(concurrency);
  options.talk = std::chrono::seconds(20);
  return options;
}

void run(benchmark::State& state, const TrafficOptions& options) {
  std::uint64_t frames = 0;
  for (auto _ : state) {
    const auto summary = generate(options, "/dev/null", "");
    if (!summary) return state.SkipWithError(summary.error().message.c_str());
    frames += summary->frames;
  }
  state.counters["frames"] =
      benchmark::Counter(static_cast<double>(frames), benchmark::Counter::kIsRate);
}

void a_clean_network(benchmark::State& state) {
  run(state, calls(state.range(0)));
}
BENCHMARK(a_clean_network)->Arg(10)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

void a_bad_network(benchmark::State& state) {
  TrafficOptions options = calls(state.range(0));
  options.loss = options.reorder = options.duplicate = 0.02;
  options.jitter = std::chrono::milliseconds(30);
  run(state, options);
}
BENCHMARK(a_bad_network)->Arg(100)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace koegura::traffic

BENCHMARK_MAIN();
