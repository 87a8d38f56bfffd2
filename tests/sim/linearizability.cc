#include "linearizability.h"

#include <algorithm>
#include <optional>
#include <unordered_set>

namespace grey::sim {
namespace {

// The register after `op`, or nothing when what its client saw cannot be seen here.
std::optional<uint64_t> apply(const HistoryOp& op, uint64_t state) {
  switch (op.kind) {
    case OpKind::get:
      if (op.value == state) return state;
      return std::nullopt;
    case OpKind::put:
      return op.value;
    case OpKind::erase:
      return 0;
    case OpKind::put_if:
      break;
  }
  const bool holds = state == op.expected;
  if (op.outcome == OpOutcome::unknown) return holds ? op.value : state;
  if (holds != (op.outcome == OpOutcome::done)) return std::nullopt;
  return holds ? op.value : state;
}

// One end of an operation in the order of time, in a list from which operations are lifted.
struct Event {
  uint32_t op;
  bool is_return;
  uint32_t next, previous;  // indices; 0 is the head
  uint32_t match;           // of a call: its return, or 0
};

class Search {
 public:
  Search(const History& history, uint64_t budget)
      : history_(history), budget_(budget), done_(history.size() / 64 + 1, 0) {
    build();
  }

  Verdict run() {
    uint64_t state = 0;
    uint32_t at = events_[0].next;
    std::vector<std::pair<uint32_t, uint64_t>> taken;  // call, and the state before it
    while (returns_left_ > 0) {
      if (at != 0 && !events_[at].is_return) {
        const std::optional<uint64_t> after = apply(history_[events_[at].op], state);
        if (after && is_new(events_[at].op, *after)) {
          if (seen_.size() > budget_) return Verdict::undecided;
          taken.emplace_back(at, state);
          state = *after;
          lift(at);
          at = events_[0].next;
        } else {
          at = events_[at].next;
        }
        continue;
      }
      // A return whose call was not taken, or the end: what was taken last was wrong.
      if (taken.empty()) return Verdict::not_linearizable;
      at = taken.back().first;
      state = taken.back().second;
      taken.pop_back();
      unlift(at);
      at = events_[at].next;
    }
    return Verdict::linearizable;
  }

 private:
  void build() {
    struct End {
      uint64_t time;
      bool is_return;
      uint32_t op;
    };
    std::vector<End> ends;
    for (uint32_t i = 0; i < history_.size(); ++i) {
      ends.push_back({history_[i].invoked_ns, false, i});
      if (history_[i].outcome != OpOutcome::unknown) {
        ends.push_back({history_[i].returned_ns, true, i});
      }
    }
    // Ends at the same time are concurrent: calls first.
    std::sort(ends.begin(), ends.end(), [](const End& a, const End& b) {
      if (a.time != b.time) return a.time < b.time;
      if (a.is_return != b.is_return) return !a.is_return;
      return a.op < b.op;
    });
    events_.resize(ends.size() + 1);
    std::vector<uint32_t> calls(history_.size(), 0);
    for (uint32_t i = 0; i < events_.size(); ++i) {
      events_[i].next = i + 1 == events_.size() ? 0 : i + 1;
      events_[i].previous = i == 0 ? static_cast<uint32_t>(events_.size()) - 1 : i - 1;
      events_[i].match = 0;
      events_[i].is_return = false;
      if (i == 0) continue;
      events_[i].op = ends[i - 1].op;
      events_[i].is_return = ends[i - 1].is_return;
      if (events_[i].is_return) {
        events_[calls[events_[i].op]].match = i;
        ++returns_left_;
      } else {
        calls[events_[i].op] = i;
      }
    }
  }

  // Remembers that `op` is taken with this state afterwards; false when that was tried before.
  bool is_new(uint32_t op, uint64_t state) {
    done_[op / 64] |= uint64_t{1} << (op % 64);
    std::string key(reinterpret_cast<const char*>(done_.data()), done_.size() * 8);
    key.append(reinterpret_cast<const char*>(&state), sizeof(state));
    const bool added = seen_.insert(std::move(key)).second;
    if (!added) done_[op / 64] &= ~(uint64_t{1} << (op % 64));
    return added;
  }

  void unlink(uint32_t at) {
    events_[events_[at].previous].next = events_[at].next;
    events_[events_[at].next].previous = events_[at].previous;
  }
  void link(uint32_t at) {
    events_[events_[at].previous].next = at;
    events_[events_[at].next].previous = at;
  }
  void lift(uint32_t call) {
    unlink(call);
    if (events_[call].match == 0) return;
    unlink(events_[call].match);
    --returns_left_;
  }
  void unlift(uint32_t call) {
    if (events_[call].match != 0) {
      link(events_[call].match);
      ++returns_left_;
    }
    link(call);
    const uint32_t op = events_[call].op;
    done_[op / 64] &= ~(uint64_t{1} << (op % 64));
  }

  const History& history_;
  const uint64_t budget_;
  std::vector<Event> events_;
  std::vector<uint64_t> done_;  // a bit an operation
  std::unordered_set<std::string> seen_;
  uint64_t returns_left_ = 0;
};

}  // namespace

Verdict check_register(const History& history, uint64_t budget) {
  return Search(history, budget).run();
}

std::string describe(const HistoryOp& op) {
  constexpr const char* kKinds[] = {"get", "put", "erase", "put_if"};
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
