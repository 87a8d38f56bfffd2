#include "load_run.h"

#include <sys/resource.h>
#include <time.h>

#include <atomic>
#include <cerrno>
#include <limits>
#include <memory>
#include <thread>
#include <vector>

#include "load_worker.h"

namespace grey::bench {
namespace {

int64_t nanoseconds(const timeval& time) {
  return int64_t{time.tv_sec} * 1'000'000'000 + int64_t{time.tv_usec} * 1000;
}

int64_t client_cpu_ns() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return nanoseconds(usage.ru_utime) + nanoseconds(usage.ru_stime);
}

// The steady clock is CLOCK_MONOTONIC on Linux.
void sleep_until(int64_t when_ns) {
  const timespec time{when_ns / 1'000'000'000, when_ns % 1'000'000'000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) == EINTR) {
  }
}

Schedule schedule_for(const Options& options) {
  const int64_t start = now_ns();
  if (options.operation == Operation::kLoad) {
    return {start, start, std::numeric_limits<int64_t>::max()};
  }
  const int64_t begin = start + static_cast<int64_t>(options.warmup_seconds * 1e9);
  return {start, begin, begin + static_cast<int64_t>(options.seconds * 1e9)};
}

}  // namespace

LoadResult run_load(const Options& options) {
  std::atomic<uint64_t> load_cursor{0};
  const Schedule schedule = schedule_for(options);
  LastSuccess last_success{schedule.begin_ns};
  std::vector<std::unique_ptr<LoadWorker>> workers;
  for (int i = 0; i < options.threads; ++i) {
    workers.push_back(
        std::make_unique<LoadWorker>(options, schedule, i, &last_success, &load_cursor));
  }
  std::vector<std::thread> threads;
  for (auto& worker : workers) threads.emplace_back([&worker] { worker->run(); });

  const bool loading = options.operation == Operation::kLoad;
  sleep_until(schedule.begin_ns);
  const int64_t cpu_before = client_cpu_ns();
  if (!loading) sleep_until(schedule.end_ns);
  int64_t cpu_after = client_cpu_ns();
  for (std::thread& thread : threads) thread.join();
  int64_t end_ns = schedule.end_ns;
  if (loading) {
    cpu_after = client_cpu_ns();
    end_ns = now_ns();
  }

  Tally tally(schedule, &last_success);
  for (const auto& worker : workers) tally.merge(worker->tally());
  tally.finish(end_ns);
  return {tally, static_cast<double>(end_ns - schedule.begin_ns) / 1e9, cpu_after - cpu_before};
}

}  // namespace grey::bench
