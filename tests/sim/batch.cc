#include "batch.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

namespace grey::sim {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr unsigned kRealSecondsPerSeed = 120;
constexpr double kProgressSeconds = 60;  // between two words about a long batch

void on_fatal_signal(int number) {
  std::printf("the simulated code died of signal %d (%s); the last of the trace:\n", number,
              ::strsignal(number));
  print_trace_of_current_run();
  ::_exit(100);
}

std::string encode(const RunResult& result) {
  std::ostringstream out;
  out << result.trace_hash << ' ' << result.sim_ns << ' ' << result.operations << ' '
      << result.unknown << ' ' << result.given_up << ' ' << result.settled << ' '
      << result.elections << ' ' << result.committed << ' ' << result.events << ' ' << result.asleep
      << ' ' << result.held_back << ' ';
  for (const Counts* counts : {&result.faults, &result.marks}) {
    out << counts->size() << '\n';
    for (const auto& [name, count] : *counts) out << count << ' ' << name << '\n';
  }
  out << result.failure;
  return out.str();
}

bool decode(const std::string& text, RunResult* result) {
  std::istringstream in(text);
  in >> result->trace_hash >> result->sim_ns >> result->operations >> result->unknown >>
      result->given_up >> result->settled >> result->elections >> result->committed >>
      result->events >> result->asleep >> result->held_back;
  for (Counts* counts : {&result->faults, &result->marks}) {
    size_t size = 0;
    in >> size;
    in.get();
    for (size_t i = 0; i < size && in; ++i) {
      uint64_t count = 0;
      std::string name;
      in >> count;
      in.get();
      std::getline(in, name);
      (*counts)[name] = count;
    }
  }
  if (!in) return false;
  std::getline(in, result->failure, '\0');
  return true;
}

[[noreturn]] void be_child(const SimOptions& options, int out) {
  for (int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGALRM}) {
    ::signal(number, on_fatal_signal);
  }
  ::alarm(kRealSecondsPerSeed);
  PluginSet plugins;
  RunResult result;
  if (load_plugin_set(options.plugins, &plugins, &result.failure)) {
    result = run_seed(options, plugins);
  }
  const std::string text = encode(result);
  const ssize_t written = ::write(out, text.data(), text.size());
  std::fflush(stdout);
  ::_exit(written == static_cast<ssize_t>(text.size()) ? 0 : 101);
}

RunResult run_in_child(const SimOptions& options) {
  int ends[2];
  RunResult result;
  if (::pipe(ends) != 0) {
    result.failure = "no pipe";
    return result;
  }
  std::fflush(stdout);
  const pid_t child = ::fork();
  if (child == 0) be_child(options, ends[1]);
  ::close(ends[1]);
  std::string text;
  char bytes[4096];
  for (ssize_t got; (got = ::read(ends[0], bytes, sizeof(bytes))) > 0;) {
    text.append(bytes, static_cast<size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!decode(text, &result)) result.failure = "the run did not come to its end";
  return result;
}

struct Totals {
  uint64_t seeds = 0, failed = 0, sim_ns = 0, operations = 0, unknown = 0, given_up = 0,
           settled = 0;
  uint64_t elections = 0, committed = 0, events = 0, asleep = 0, held_back = 0, starved = 0;
  Counts faults;
  Coverage coverage;

  void add(const RunResult& result) {
    ++seeds;
    if (!result.failure.empty()) ++failed;
    sim_ns += result.sim_ns;
    operations += result.operations;
    unknown += result.unknown;
    given_up += result.given_up;
    settled += result.settled;
    elections += result.elections;
    committed += result.committed;
    events += result.events;
    asleep += result.asleep;
    held_back += result.held_back;
    if (result.held_back != 0) ++starved;
    for (const auto& [name, count] : result.faults) faults[name] += count;
    if (!result.marks.empty()) coverage.add(result.marks);
  }

  void print(double wall_seconds) const {
    std::printf(
        "%llu seeds, %llu failed; %.0f simulated seconds in %.1f s (%.2f seeds/s), %llu events\n"
        "%llu operations (%llu of unknown outcome, %llu given up, %llu settled by a retry), "
        "%llu committed entries, "
        "%llu elections, %.0f s slept by replicas\nfaults:",
        ull(seeds), ull(failed), static_cast<double>(sim_ns) / 1e9, wall_seconds,
        static_cast<double>(seeds) / wall_seconds, ull(events), ull(operations), ull(unknown),
        ull(given_up), ull(settled), ull(committed), ull(elections),
        static_cast<double>(asleep) / 10);
    const char* separator = " ";
    for (const auto& [name, count] : faults) {
      std::printf("%s%s %llu", separator, name.c_str(), ull(count));
      separator = ", ";
    }
    std::printf("; %llu held back in %llu seeds, where clients starved\n", ull(held_back),
                ull(starved));
    if (seeds > 1) coverage.print();
  }
  // Whether all kinds of faults happened and all marks were reached; names those that were not.
  bool is_complete() const {
    std::vector<std::string> missing = coverage.missing();
    for (const auto& [name, count] : faults) {
      if (count == 0) missing.push_back("the fault \"" + name + "\"");
    }
    for (const std::string& name : missing) std::printf("NEVER REACHED: %s\n", name.c_str());
    return missing.empty();
  }
  static unsigned long long ull(uint64_t number) { return number; }
};

bool is_expected(const Batch& batch, const std::string& failure) {
  for (const std::string& text : batch.expected) {
    if (failure.find(text) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::string replay_command(const SimOptions& options, const std::string& program) {
  std::string command = program + " --seed " + std::to_string(options.seed) + " --nodes " +
                        std::to_string(options.nodes) + " --target " +
                        (options.target == Target::kv ? "kv" : "registers") + " --plugins " +
                        options.plugins;
  if (options.sim_seconds != SimOptions().sim_seconds) {
    command += " --sim-seconds " + std::to_string(options.sim_seconds);
  }
  if (options.min_operations != SimOptions().min_operations) {
    command += " --min-operations " + std::to_string(options.min_operations);
  }
  if (options.lying_disk) command += " --lying-disk";
  return command;
}

bool run_batch(SimOptions options, const Batch& batch) {
  const auto begin = SteadyClock::now();
  const auto seconds = [begin] {
    return std::chrono::duration<double>(SteadyClock::now() - begin).count();
  };
  Totals totals;
  bool found = false;
  double told = 0;
  for (uint64_t seed = batch.first_seed;; ++seed) {
    if (batch.minutes > 0 ? seconds() >= batch.minutes * 60 : seed > batch.last_seed) break;
    options.seed = seed;
    if (batch.both_sizes) options.nodes = seed % 2 == 1 ? 3 : 5;
    if (batch.both_targets) options.target = seed / 2 % 3 == 2 ? Target::kv : Target::registers;
    const RunResult result = run_in_child(options);
    totals.add(result);
    if (!result.failure.empty()) {
      std::printf("FAILED seed %llu: %s\n  replay: %s --trace\n", Totals::ull(seed),
                  result.failure.c_str(), replay_command(options, batch.program).c_str());
    } else if (batch.minutes == 0 && batch.first_seed == batch.last_seed) {
      std::printf("seed %llu is good\n", Totals::ull(seed));
    }
    if (batch.minutes == 0 && batch.first_seed == batch.last_seed) {
      std::printf("trace hash %016llx\n", Totals::ull(result.trace_hash));
    }
    std::fflush(stdout);
    if (seconds() - told >= kProgressSeconds) {
      told = seconds();
      std::fprintf(stderr, "seed %llu, %llu of %llu failed, %.0f s\n", Totals::ull(seed),
                   Totals::ull(totals.failed), Totals::ull(totals.seeds), told);
    }
    found = is_expected(batch, result.failure);
    if (found) break;
  }
  totals.print(seconds());
  const bool complete = !batch.require_marks || totals.is_complete();
  if (batch.expected.empty()) return totals.failed == 0 && complete;
  std::puts(found ? "the bug was found, as it must be" : "THE BUG WAS NOT FOUND");
  return found;
}

}  // namespace grey::sim
