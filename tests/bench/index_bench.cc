// The index: cost of an added call, bytes a call, and the first page of the questions that people
// ask. The records are as a city's: 60 % of the numbers are the same 2,000, a day has 1,500 calls.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "conversations.h"
#include "index.h"
#include "query.h"
#include "record.h"

namespace {

using namespace koegura;
using namespace koegura::store;

constexpr Timestamp kFirstDay = from_unix_ns(1'795'223'702'000'000'000);
constexpr int kCallsADay = 1500;
constexpr std::size_t kPage = 50;

class Calls {
 public:
  CallRecord next() {
    capture::FinishedCall call;
    call.call_id = "call-" + std::to_string(made_) + "@example.jp";
    call.start = kFirstDay + std::chrono::hours(24) * made_ / kCallsADay;
    ++made_;
    CallRecord record;
    record.set_id(ulid_of(call).text());
    record.set_conversation(record.id());
    record.set_call_id(call.call_id);
    record.set_state(below(5) == 0 ? "missed" : "answered");
    record.set_direction(below(3) == 0 ? "out" : "in");
    record.mutable_caller()->set_number(number());
    record.mutable_caller()->set_raw("sip:" + record.caller().number() + "@192.0.2.1");
    record.mutable_callee()->set_number(std::to_string(2000 + below(800)));
    record.mutable_callee()->set_department("department " + std::to_string(below(40)));
    *record.mutable_start() = to_proto(call.start);
    *record.mutable_end() = to_proto(call.start + std::chrono::seconds(below(600)));
    record.set_duration_s(below(600));
    for (const char* channel : {"caller", "callee"}) {
      Stream& stream = *record.add_streams();
      stream.set_channel(channel);
      const bool is_caller = stream.channel() == "caller";
      const std::string port = ":" + std::to_string(10000 + made_ % 20000 * 2);
      stream.set_source((is_caller ? "192.0.2.1" : "192.0.2.10") + port);
      stream.set_destination((is_caller ? "192.0.2.10" : "192.0.2.1") + port);
      stream.set_ssrc("0x" + std::to_string(10'000'000 + below(80'000'000)));
      stream.set_codec("PCMU");
      stream.set_packets(below(30000));
      stream.set_mos(4.4);
      *stream.mutable_first() = to_proto(call.start);
      *stream.mutable_last() = record.end();
    }
    add_links(record);
    add_fingerprint(record, call.start);
    record.mutable_audio()->set_path("calls/2026/11/21/" + record.id() + ".mka");
    record.mutable_audio()->set_sha256(record.id() + record.id());
    return record;
  }
  std::string number() {
    const unsigned line = below(10) < 6 ? below(2000) * 4999 : below(10'000'000);
    char text[24];
    std::snprintf(text, sizeof text, "+8133%07u", line % 10'000'000);
    return text;
  }

 private:
  void add_links(CallRecord& record) {
    Links& links = *record.mutable_links();
    links.set_from_tag("as" + std::to_string(below(1U << 30U)));
    links.add_callee_tags("as" + std::to_string(below(1U << 30U)));
    links.set_caller_hop("192.0.2.1:5060");
    links.set_callee_hop("192.0.2.10:5060");
  }
  // Of three minutes: a leg that shares nothing with any other.
  void add_fingerprint(CallRecord& record, Timestamp start) {
    Fingerprint& fingerprint = *record.mutable_fingerprint();
    fingerprint.set_clock_ns(start.time_since_epoch().count());
    for (std::string* levels :
         {fingerprint.mutable_caller_levels(), fingerprint.mutable_callee_levels()}) {
      StreamSketch& sketch = *fingerprint.add_streams();
      for (unsigned i = 0; i < 48; ++i) {
        sketch.add_hashes(below(0xFFFFFFFF));
        sketch.add_at_ms(i * 3750);
      }
      while (levels->size() < 1800) {
        levels->append(1 + below(5), '\0');
        for (unsigned word = below(12); word > 0; --word) {
          levels->push_back(static_cast<char>(60 + below(60)));
        }
      }
    }
  }
  unsigned below(unsigned limit) { return std::uniform_int_distribution(0U, limit - 1)(random_); }
  std::mt19937 random_{42};
  int made_ = 0;
};

void must(const Result<void>& done) {
  if (done) return;
  std::fprintf(stderr, "%s\n", done.error().message.c_str());
  std::abort();
}

// An index of so many calls, made once.
class FilledIndex {
 public:
  explicit FilledIndex(int calls) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "koegura-bench-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    index_ =
        std::move(*Index::open(folder_, {.access = IndexOptions::Access::kBuild, .sync = false}));
    for (int i = 0; i < calls; ++i) must(index_->add(made_.next(), 1000));
    must(index_->finish());
  }
  FilledIndex(const FilledIndex&) = delete;
  FilledIndex& operator=(const FilledIndex&) = delete;
  ~FilledIndex() {
    index_.reset();
    std::filesystem::remove_all(folder_);
  }
  static FilledIndex& of(int calls) {
    static std::unique_ptr<FilledIndex> filled;
    static int filled_with = 0;
    if (filled_with != calls) filled = std::make_unique<FilledIndex>(calls);
    filled_with = calls;
    return *filled;
  }
  [[nodiscard]] const Index& index() const { return *index_; }
  [[nodiscard]] std::string number() { return made_.number(); }
  [[nodiscard]] double bytes() const {
    double sum = 0;
    for (const auto& file : std::filesystem::directory_iterator(folder_)) {
      sum += static_cast<double>(file.file_size());
    }
    return sum;
  }

 private:
  Calls made_;
  std::string folder_;
  std::unique_ptr<Index> index_;
};

void ask(benchmark::State& state, const std::function<CallFilter(FilledIndex&)>& question) {
  const int calls = static_cast<int>(state.range(0));
  FilledIndex& filled = FilledIndex::of(calls);
  std::size_t rows = 0;
  for (auto _ : state) {
    CallFilter filter = question(filled);
    filter.limit = kPage;
    must(query_index(filled.index(), filter, "JP", [&](const CallRecord&) { return ++rows != 0; }));
  }
  state.counters["rows"] =
      benchmark::Counter(static_cast<double>(rows), benchmark::Counter::kAvgIterations);
  state.counters["bytes_a_call"] = filled.bytes() / calls;
}

void one_number(benchmark::State& state) {
  ask(state, [](FilledIndex& filled) {
    CallFilter filter;
    filter.number = filled.number();
    return filter;
  });
}

void number_suffix(benchmark::State& state) {
  ask(state, [](FilledIndex& filled) {
    CallFilter filter;
    filter.number = "*" + filled.number().substr(8);
    return filter;
  });
}

void last_calls(benchmark::State& state) {
  ask(state, [](FilledIndex&) { return CallFilter(); });
}

void department_in_a_week(benchmark::State& state) {
  ask(state, [](FilledIndex&) {
    CallFilter filter;
    filter.department = "department 7";
    filter.from = kFirstDay + std::chrono::hours(24 * 3);
    filter.to = *filter.from + std::chrono::hours(24 * 7);
    return filter;
  });
}

void ten_days_with_three_filters(benchmark::State& state) {
  ask(state, [](FilledIndex&) {
    CallFilter filter;
    filter.from = kFirstDay + std::chrono::hours(24 * 3);
    filter.to = *filter.from + std::chrono::hours(24 * 10);
    filter.state = "missed";
    filter.direction = "out";
    filter.longer_than = std::chrono::seconds(300);
    return filter;
  });
}

// As the archive adds them, but for the fsync, whose time is the disk's.
void add_call(benchmark::State& state) {
  std::string pattern = (std::filesystem::temp_directory_path() / "koegura-bench-XXXXXX").string();
  const std::string folder = ::mkdtemp(pattern.data());
  {
    auto index =
        std::move(*Index::open(folder, {.access = IndexOptions::Access::kWrite, .sync = false}));
    Calls calls;
    for (auto _ : state) {
      state.PauseTiming();
      const CallRecord record = calls.next();
      state.ResumeTiming();
      must(index->add(record, 1000));
    }
  }
  std::filesystem::remove_all(folder);
}

// As above, where so many calls of three minutes go on at once, and each is two legs.
void add_leg_among(benchmark::State& state) {
  const Duration between = std::chrono::minutes(3) / state.range(0);
  Conversations conversations;
  Calls calls;
  Timestamp start = kFirstDay;
  LegEvidence twin;
  bool is_twin = false;
  const auto next = [&] {
    is_twin = !is_twin;
    if (!is_twin) return twin;
    CallRecord record = calls.next();
    record.mutable_fingerprint()->set_clock_ns(start.time_since_epoch().count());
    LegEvidence leg = evidence_of(record, "JP");
    start += between;
    leg.end = leg.start + std::chrono::minutes(3);
    leg.answered = leg.start + std::chrono::seconds(5);
    twin = leg;
    twin.id.bytes[15] ^= 1U;
    // The PBX relays it from and to a desk.
    twin.streams[0].source.address = leg.streams[0].destination.address;
    twin.streams[0].destination.address.bytes.back() = 101;
    twin.streams[1].source.address.bytes.back() = 101;
    twin.streams[1].destination.address = leg.streams[0].destination.address;
    return leg;
  };
  while (conversations.size() < static_cast<std::size_t>(state.range(0))) {
    conversations.add(next());
  }
  std::size_t joined = 0;
  for (auto _ : state) {
    state.PauseTiming();
    LegEvidence leg = next();
    state.ResumeTiming();
    joined += conversations.add(std::move(leg)).placed.size() - 1;
  }
  state.counters["legs"] = static_cast<double>(conversations.size());
  state.counters["bytes_a_leg"] =
      static_cast<double>(conversations.bytes()) / static_cast<double>(conversations.size());
  state.counters["joined"] =
      benchmark::Counter(static_cast<double>(joined), benchmark::Counter::kAvgIterations);
}

constexpr int kSmall = 20'000;
constexpr int kLarge = 200'000;
BENCHMARK(add_call);
BENCHMARK(add_leg_among)->Arg(100)->Arg(2000)->Unit(benchmark::kMicrosecond);
BENCHMARK(one_number)->Arg(kSmall)->Unit(benchmark::kMicrosecond);
BENCHMARK(number_suffix)->Arg(kSmall)->Unit(benchmark::kMicrosecond);
BENCHMARK(last_calls)->Arg(kSmall)->Unit(benchmark::kMicrosecond);
BENCHMARK(department_in_a_week)->Arg(kSmall)->Unit(benchmark::kMicrosecond);
BENCHMARK(ten_days_with_three_filters)->Arg(kSmall)->Unit(benchmark::kMicrosecond);
BENCHMARK(one_number)->Arg(kLarge)->Unit(benchmark::kMicrosecond);
BENCHMARK(number_suffix)->Arg(kLarge)->Unit(benchmark::kMicrosecond);
BENCHMARK(last_calls)->Arg(kLarge)->Unit(benchmark::kMicrosecond);
BENCHMARK(department_in_a_week)->Arg(kLarge)->Unit(benchmark::kMicrosecond);
BENCHMARK(ten_days_with_three_filters)->Arg(kLarge)->Unit(benchmark::kMicrosecond);

}  // namespace

BENCHMARK_MAIN();
