#include "linearizability.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>
#include <unordered_set>

namespace grey::sim {
namespace {

// The state after a write whose value nobody saw and no condition names.
constexpr uint64_t kUnseen = UINT64_MAX;

// The register after `op`, or nothing when what its client saw cannot be seen here.
std::optional<uint64_t> apply(const HistoryOp& op, uint64_t state) {
  const bool as_wished = op.outcome == OpOutcome::done;
  switch (op.kind) {
    case OpKind::get:
      return op.value == state ? std::optional(state) : std::nullopt;
    case OpKind::put:
      return op.value;
    case OpKind::erase:
      return 0;
    case OpKind::remove:
      return (state != 0) == as_wished ? std::optional<uint64_t>(0) : std::nullopt;
    case OpKind::put_if:
      break;
  }
  const bool holds = state == op.expected;
  if (op.outcome == OpOutcome::unknown) return holds ? op.value : state;
  if (holds != as_wished) return std::nullopt;
  return holds ? op.value : state;
}

// An operation that must have its place between its two ends.
struct Must {
  HistoryOp op;
  uint64_t end_ns;  // of a write also: when the first of those who saw its value returned
  size_t place;     // in the history
};

// Operations that may take effect at any time after their call, or never, all with the same effect.
// To take them in the order of their calls loses nothing.
struct May {
  HistoryOp op;
  std::vector<uint64_t> invoked_ns;  // rising
};

struct Problem {
  std::vector<Must> must;  // by call
  std::vector<May> may;
};

// The value that the operation surely saw, or 0.
uint64_t seen_by(const HistoryOp& op) {
  if (op.outcome != OpOutcome::done) return 0;
  return op.kind == OpKind::get ? op.value : op.kind == OpKind::put_if ? op.expected : 0;
}

// The value that only this operation writes, if it surely did, or 0.
uint64_t written_by(const HistoryOp& op) {
  const bool done = op.outcome == OpOutcome::done;
  return done && (op.kind == OpKind::put || op.kind == OpKind::put_if) ? op.value : 0;
}

// It only looks.
bool changes_nothing(const HistoryOp& op) {
  return op.kind == OpKind::get || op.outcome == OpOutcome::mismatch;
}

// When the first of those who saw a value returned.
std::unordered_map<uint64_t, uint64_t> first_seen(const History& history) {
  std::unordered_map<uint64_t, uint64_t> seen;
  for (const HistoryOp& op : history) {
    const uint64_t value = seen_by(op);
    if (value == 0) continue;
    const auto [at, added] = seen.emplace(value, op.returned_ns);
    if (!added) at->second = std::min(at->second, op.returned_ns);
  }
  return seen;
}

Problem prepare(const History& history) {
  const std::unordered_map<uint64_t, uint64_t> seen = first_seen(history);
  std::unordered_set<uint64_t> named;  // by a condition
  for (const HistoryOp& op : history) {
    if (op.kind == OpKind::put_if) named.insert(op.expected);
  }
  std::vector<size_t> order(history.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return history[a].invoked_ns < history[b].invoked_ns;
  });

  Problem problem;
  std::map<std::tuple<OpKind, uint64_t, uint64_t>, size_t> kinds;  // places in problem.may
  for (const size_t place : order) {
    HistoryOp op = history[place];
    if (op.outcome != OpOutcome::unknown) {
      uint64_t end_ns = op.returned_ns;
      if (const uint64_t value = written_by(op); value != 0) {
        const auto at = seen.find(value);
        if (at != seen.end()) end_ns = std::min(end_ns, at->second);
        if (at == seen.end() && !named.contains(value)) op.value = kUnseen;
      }
      problem.must.push_back({op, end_ns, place});
      continue;
    }
    if (op.kind == OpKind::get) continue;
    if (op.kind == OpKind::remove) op.kind = OpKind::erase;
    if (op.kind == OpKind::erase) op.value = 0;
    if (op.value != 0) {
      if (const auto at = seen.find(op.value); at != seen.end()) {
        op.outcome = OpOutcome::done;
        problem.must.push_back({op, at->second, place});
        continue;
      }
      if (!named.contains(op.value)) op.value = kUnseen;
    }
    const auto [at, added] =
        kinds.emplace(std::tuple(op.kind, op.value, op.kind == OpKind::put_if ? op.expected : 0),
                      problem.may.size());
    if (added) problem.may.push_back({op, {}});
    problem.may[at->second].invoked_ns.push_back(op.invoked_ns);
  }
  return problem;
}

// What stands for a configuration in the memory: enough bits that two never share it by chance.
struct Fingerprint {
  uint64_t high = 0, low = 0;
  bool operator==(const Fingerprint&) const = default;
  void toggle(const Fingerprint& other) {
    high ^= other.high;
    low ^= other.low;
  }
};

uint64_t mix(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

Fingerprint fingerprint_of(uint64_t a, uint64_t b) {
  const uint64_t high = mix(mix(a) ^ b);
  return {high, mix(high ^ mix(b + 1))};
}

struct FingerprintHash {
  size_t operator()(const Fingerprint& fingerprint) const { return fingerprint.low; }
};

class Search {
 public:
  Search(Problem problem, uint64_t budget)
      : problem_(std::move(problem)),
        budget_(budget),
        is_taken_(problem_.must.size(), false),
        taken_of_(problem_.may.size(), 0),
        left_(problem_.must.size()),
        fewest_left_(left_ + 1) {
    for (const Must& must : problem_.must) {
      if (const uint64_t value = seen_by(must.op); value != 0) ++to_be_seen_[value];
    }
  }

  Verdict run(size_t* stuck) {
    std::vector<Step> steps;
    size_t from = 0;  // choices before it have been tried here
    while (left_ > 0) {
      if (const std::optional<Step> step = next_step(from)) {
        if (memory_.size() > budget_) return Verdict::undecided;
        steps.push_back(*step);
        take(*step);
        from = 0;
        continue;
      }
      if (left_ < fewest_left_) note_stuck();
      if (steps.empty()) {
        if (stuck) *stuck = stuck_;
        return Verdict::not_linearizable;
      }
      undo(steps.back());
      from = steps.back().next;
      steps.pop_back();
    }
    return Verdict::linearizable;
  }

 private:
  struct Step {
    size_t choice;  // a place in must, or behind those in may
    size_t next;    // the choices before this one have been tried when it proves wrong
    uint64_t before, after;
    size_t first_before;
  };
  struct Choice {
    uint64_t end_ns;
    size_t choice;
    uint64_t after;
  };

  // Whatever was called before the earliest end of those that are left may be the next.
  uint64_t limit() const {
    uint64_t limit = UINT64_MAX;
    for (size_t i = first_; i < problem_.must.size(); ++i) {
      if (is_taken_[i]) continue;
      if (problem_.must[i].op.invoked_ns > limit) break;
      limit = std::min(limit, problem_.must[i].end_ns);
    }
    return limit;
  }

  // Fills choices_, in the order in which they are tried: what must have its place soonest first;
  // what may be left out is for when all else does not fit. False if to take the only one now
  // cannot be wrong.
  bool list_choices() {
    choices_.clear();
    const uint64_t latest = limit();
    for (size_t i = first_; i < problem_.must.size(); ++i) {
      const HistoryOp& op = problem_.must[i].op;
      if (op.invoked_ns > latest) break;
      if (is_taken_[i]) continue;
      const std::optional<uint64_t> after = apply(op, state_);
      if (!after) continue;
      const Choice choice = {problem_.must[i].end_ns, i, *after};
      if (changes_nothing(op)) {
        choices_.assign(1, choice);
        return false;
      }
      if (may_change(seen_by(op))) add_choice(choice, op);
    }
    std::stable_sort(choices_.begin(), choices_.end(),
                     [](const Choice& a, const Choice& b) { return a.end_ns < b.end_ns; });
    for (size_t i = 0; i < problem_.may.size() && may_change(0); ++i) {
      const May& may = problem_.may[i];
      if (taken_of_[i] == may.invoked_ns.size()) continue;
      if (may.invoked_ns[taken_of_[i]] > latest) continue;
      const uint64_t after = *apply(may.op, state_);
      if (after != state_) choices_.push_back({UINT64_MAX, problem_.must.size() + i, after});
    }
    return true;
  }

  // A value does not come back: first all who saw it must have their places. `sees`: the value seen
  // by who changes it.
  bool may_change(uint64_t sees) const {
    const auto at = to_be_seen_.find(state_);
    return at == to_be_seen_.end() || at->second <= (sees == state_ ? 1u : 0u);
  }

  // Of several puts of what nobody saw, the most urgent one is as good as any.
  void add_choice(const Choice& choice, const HistoryOp& op) {
    if (op.kind == OpKind::put && op.value == kUnseen) {
      for (Choice& other : choices_) {
        const HistoryOp& its = problem_.must[other.choice].op;
        if (its.kind != OpKind::put || its.value != kUnseen) continue;
        if (choice.end_ns < other.end_ns) other = choice;
        return;
      }
    }
    choices_.push_back(choice);
  }

  std::optional<Step> next_step(size_t from) {
    if (from == kNoMore) return std::nullopt;
    const bool has_more = list_choices();
    for (size_t i = from; i < choices_.size(); ++i) {
      const auto& [end_ns, choice, after] = choices_[i];
      if (!is_new(choice, after)) continue;
      return Step{choice, has_more ? i + 1 : kNoMore, state_, after, first_};
    }
    return std::nullopt;
  }

  // Of the choice in the set of what is taken.
  Fingerprint mark_of(size_t choice) const {
    const size_t must_count = problem_.must.size();
    return fingerprint_of(choice + 1, choice < must_count ? 0 : taken_of_[choice - must_count] + 1);
  }

  // Remembers that `choice` is taken with this state afterwards; false when that was tried before.
  bool is_new(size_t choice, uint64_t after) {
    Fingerprint key = taken_;
    key.toggle(mark_of(choice));
    key.toggle(fingerprint_of(0, after));
    return memory_.insert(key).second;
  }

  void take(const Step& step) {
    taken_.toggle(mark_of(step.choice));
    state_ = step.after;
    if (step.choice >= problem_.must.size()) {
      ++taken_of_[step.choice - problem_.must.size()];
      return;
    }
    is_taken_[step.choice] = true;
    --left_;
    if (const uint64_t value = seen_by(problem_.must[step.choice].op)) --to_be_seen_[value];
    while (first_ < is_taken_.size() && is_taken_[first_]) ++first_;
  }

  void undo(const Step& step) {
    state_ = step.before;
    first_ = step.first_before;
    if (step.choice >= problem_.must.size()) {
      --taken_of_[step.choice - problem_.must.size()];
    } else {
      is_taken_[step.choice] = false;
      ++left_;
      if (const uint64_t value = seen_by(problem_.must[step.choice].op)) ++to_be_seen_[value];
    }
    taken_.toggle(mark_of(step.choice));
  }

  void note_stuck() {
    fewest_left_ = left_;
    uint64_t earliest = UINT64_MAX;
    for (size_t i = first_; i < problem_.must.size(); ++i) {
      if (is_taken_[i] || problem_.must[i].end_ns >= earliest) continue;
      earliest = problem_.must[i].end_ns;
      stuck_ = problem_.must[i].place;
    }
  }

  static constexpr size_t kNoMore = SIZE_MAX;

  const Problem problem_;
  const uint64_t budget_;
  std::vector<bool> is_taken_;                         // of must
  std::vector<size_t> taken_of_;                       // how many of each may
  size_t first_ = 0;                                   // every must before it is taken
  size_t left_;                                        // of must
  std::unordered_map<uint64_t, uint32_t> to_be_seen_;  // value -> by how many of must
  uint64_t state_ = 0;
  std::vector<Choice> choices_;
  Fingerprint taken_;  // of is_taken_ and taken_of_
  std::unordered_set<Fingerprint, FingerprintHash> memory_;
  size_t fewest_left_;
  size_t stuck_ = 0;
};

}  // namespace

Verdict check_register(const History& history, uint64_t budget, size_t* stuck) {
  return Search(prepare(history), budget).run(stuck);
}

std::string describe(const HistoryOp& op) {
  constexpr const char* kKinds[] = {"get", "put", "erase", "put_if", "remove"};
  constexpr const char* kOutcomes[] = {"done", "mismatch", "unknown"};
  const auto seconds = [](uint64_t ns) {
    return ns == UINT64_MAX ? std::string("never") : std::to_string(static_cast<double>(ns) / 1e9);
  };
  std::string text = seconds(op.invoked_ns) + " to " + seconds(op.returned_ns) + ": client " +
                     std::to_string(op.client) + " " + kKinds[static_cast<int>(op.kind)] + " " +
                     std::to_string(op.value);
  if (op.kind == OpKind::put_if) text += " if " + std::to_string(op.expected);
  return text + ", " + kOutcomes[static_cast<int>(op.outcome)];
}

}  // namespace grey::sim
