#include "sim_run.h"

#include <algorithm>
#include <cstdio>
#include <memory>

#include "linearizability.h"
#include "nemesis.h"
#include "sim_client.h"

namespace grey::sim {

using testkit::kMillisecondNs;
using testkit::kSecondNs;

namespace {

constexpr uint32_t kClients = 8;
// Of the trace of a failed run.
constexpr size_t kStoryLines = 120;
constexpr size_t kClientLines = 40;
constexpr uint64_t kCheckEveryNs = 100 * kMillisecondNs;
constexpr uint64_t kFormNs = 20 * kSecondNs;      // for a cluster to be formed, without faults
constexpr uint64_t kRecoverNs = 40 * kSecondNs;   // for it to be whole again after the last fault
constexpr uint64_t kLongestNs = 300 * kSecondNs;  // for the minima to be reached
// Clients starve that have not come to the minimum by then, or to as large a part of it; less this
// part of the minimum, for one outage.
constexpr uint64_t kStarvingNs = kLongestNs / 2;
constexpr uint32_t kOutageShare = 10;

testkit::SimTrace* current_trace = nullptr;

// The last that happened, with fewer of the many calls of clients.
void print_story(const testkit::SimTrace& trace) {
  const auto is_call = [](const std::string& line) {
    return line.find("  client: ") != std::string::npos;
  };
  const std::deque<std::string>& lines = trace.lines();
  size_t first = lines.size();
  size_t story = 0;
  while (first > 0 && story < kStoryLines) story += !is_call(lines[--first]);
  const auto calls = static_cast<size_t>(
      std::count_if(lines.begin() + static_cast<long>(first), lines.end(), is_call));
  size_t skip = calls > kClientLines ? calls - kClientLines : 0;
  std::printf(
      "how it came to that (seconds of simulated time; group 0 is the control group, N shard "
      "N-1):\n");
  for (size_t i = first; i < lines.size(); ++i) {
    if (is_call(lines[i]) && skip > 0) {
      --skip;
      continue;
    }
    std::printf("%s\n", lines[i].c_str());
  }
}

// A run's parts, in the order of their making.
class Run {
 public:
  Run(const SimOptions& options, const PluginSet& plugins)
      : options_(options), cluster_(options, plugins), nemesis_(&cluster_) {
    for (uint32_t i = 0; i < kClients; ++i) {
      const bool with_session = options.target == Target::kv && i % 2 == 1;
      clients_.push_back(std::make_unique<SimClient>(&cluster_, &workload_, i, with_session));
    }
  }

  RunResult run() {
    current_trace = &cluster_.world().trace();
    const std::string failure = course();
    RunResult result;
    result.failure = failure;
    result.trace_hash = cluster_.world().trace().hash();
    result.sim_ns = cluster_.world().now_ns();
    result.operations = workload_.started;
    result.unknown = workload_.unknown;
    result.given_up = workload_.given_up;
    result.settled = workload_.settled;
    result.elections = cluster_.judge().elections();
    result.committed = cluster_.judge().committed_entries();
    result.events = cluster_.world().event_count();
    result.asleep = asleep_;
    result.held_back = nemesis_.held_back();
    result.faults = nemesis_.counts();
    result.marks = mark_counts();
    if (!failure.empty() && !options_.trace) {
      print_story(cluster_.world().trace());
    }
    current_trace = nullptr;
    return result;
  }

 private:
  std::string course() {
    std::string failure = form();
    if (failure.empty()) failure = make_trouble();
    if (failure.empty()) failure = recover();
    if (failure.empty()) failure = judge_histories();
    return failure;
  }

  // Advances until `done` holds or the time is over; "" or what the judge says.
  template <typename Done>
  std::string advance(uint64_t until_ns, Done done) {
    while (cluster_.world().now_ns() < until_ns && !done()) {
      cluster_.world().run_until(cluster_.world().now_ns() + kCheckEveryNs);
      asleep_ += cluster_.sleepers();
      const std::string verdict = cluster_.verdict();
      if (!verdict.empty()) return verdict;
    }
    return "";
  }

  std::string form() {
    for (uint32_t number = 1; number <= cluster_.size(); ++number) cluster_.start(number);
    const std::string verdict = advance(kFormNs, [this] { return cluster_.unrest().empty(); });
    if (!verdict.empty()) return verdict;
    const std::string unrest = cluster_.unrest();
    return unrest.empty() ? "" : "no cluster was formed: " + unrest;
  }

  std::string make_trouble() {
    const uint64_t begin = cluster_.world().now_ns();
    for (auto& client : clients_) client->start();
    nemesis_.start([this, begin] { return starving(cluster_.world().now_ns() - begin); });
    cluster_.world().trace().line(cluster_.world().now_ns(),
                                  "faults of this seed: " + nemesis_.allowed());
    const uint64_t earliest = cluster_.world().now_ns() + options_.sim_seconds * kSecondNs;
    const std::string verdict = advance(kLongestNs, [this, earliest] {
      return cluster_.world().now_ns() >= earliest && minima_missing().empty();
    });
    return verdict.empty() ? minima_missing() : verdict;
  }

  bool starving(uint64_t elapsed_ns) const {
    const uint64_t outage = options_.min_operations / kOutageShare;
    const uint64_t due =
        options_.min_operations * (elapsed_ns / kMillisecondNs) / (kStarvingNs / kMillisecondNs);
    return workload_.done + outage < due;
  }

  std::string minima_missing() const {
    if (workload_.done < options_.min_operations) {
      return "only " + std::to_string(workload_.done) + " operations came to an end";
    }
    if (nemesis_.total() < options_.min_faults) {
      return "only " + std::to_string(nemesis_.total()) + " faults happened";
    }
    return "";
  }

  // The clients go on for a while, so that it is a cluster at work that must become whole.
  std::string recover() {
    nemesis_.heal();
    const uint64_t deadline = cluster_.world().now_ns() + kRecoverNs;
    const uint64_t quiet = cluster_.world().now_ns() + kRecoverNs / 2;
    std::string verdict = advance(quiet, [] { return false; });
    if (!verdict.empty()) return verdict;
    const uint64_t before = workload_.done;
    verdict = advance(quiet + 2 * kSecondNs, [] { return false; });
    if (!verdict.empty()) return verdict;
    if (workload_.done == before) return "not live: no operation succeeds without faults";
    workload_.stopped = true;
    verdict = advance(deadline, [this] { return at_rest(); });
    if (!verdict.empty()) return verdict;
    const std::string unrest = cluster_.unrest();
    if (!unrest.empty()) return "not live: " + unrest;
    return cluster_.compare_states();
  }

  bool at_rest() {
    for (const auto& client : clients_) {
      if (!client->idle()) return false;
    }
    return cluster_.unrest().empty();
  }

  std::string judge_histories() const {
    for (const auto& [key, history] : workload_.histories) {
      const Verdict verdict = check_register(history);
      if (verdict == Verdict::linearizable) continue;
      std::printf("history of %s:\n", key.c_str());
      for (const HistoryOp& op : history) std::printf("  %s\n", describe(op).c_str());
      return (verdict == Verdict::undecided ? "cannot tell whether it is linearizable: "
                                            : "not linearizable: ") +
             key;
    }
    return "";
  }

  const SimOptions& options_;
  SimCluster cluster_;
  Nemesis nemesis_;
  Workload workload_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  uint64_t asleep_ = 0;
};

}  // namespace

RunResult run_seed(const SimOptions& options, const PluginSet& plugins) {
  return std::make_unique<Run>(options, plugins)->run();
}

void print_trace_of_current_run() {
  if (current_trace) print_story(*current_trace);
  std::fflush(stdout);
}

}  // namespace grey::sim
