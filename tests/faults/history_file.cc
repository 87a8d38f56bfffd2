#include "history_file.h"

#include <algorithm>
#include <charconv>
#include <istream>
#include <sstream>

#include "linearizability.h"

namespace grey::faults {
namespace {

using sim::HistoryOp;
using sim::OpKind;
using sim::OpOutcome;

constexpr uint64_t kAroundNs = 2'000'000'000;  // what is shown before and after a violation
constexpr size_t kMaxShown = 200;

bool read_number(const std::string& text, uint64_t* out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *out);
  return error == std::errc() && end == text.data() + text.size();
}

template <typename Enum, size_t count>
bool read_name(const std::string& text, const char* const (&names)[count], Enum* out) {
  for (size_t i = 0; i < count; ++i) {
    if (text != names[i]) continue;
    *out = static_cast<Enum>(i);
    return true;
  }
  return false;
}

bool read_call(const std::string& line, std::string* key, Call* call) {
  constexpr const char* kKinds[] = {"get", "put", "erase", "put_if", "remove"};
  constexpr const char* kOutcomes[] = {"done", "mismatch", "unknown"};
  std::istringstream in(line);
  std::string client, kind, outcome, value, expected, invoked, returned, rest;
  in >> *key >> client >> call->node >> kind >> outcome >> value >> expected >> invoked >>
      returned >> call->revision;
  if (in.fail() || in >> rest) return false;
  HistoryOp& op = call->op;
  uint64_t number = 0;
  if (!read_number(client, &number) || !read_name(kind, kKinds, &op.kind) ||
      !read_name(outcome, kOutcomes, &op.outcome) || !read_number(value, &op.value) ||
      !read_number(expected, &op.expected) || !read_number(invoked, &op.invoked_ns)) {
    return false;
  }
  op.client = static_cast<uint32_t>(number);
  op.returned_ns = UINT64_MAX;
  const bool unknown = op.outcome == OpOutcome::unknown;
  if (unknown != (returned == "-")) return false;
  if (!unknown && (!read_number(returned, &op.returned_ns) || op.returned_ns < op.invoked_ns)) {
    return false;
  }
  if (call->revision == "-") call->revision.clear();
  return true;
}

std::string describe(const Call& call) {
  return "  " + sim::describe(call.op) + " at " + call.node +
         (call.revision.empty() ? "" : ", revision " + call.revision) + "\n";
}

// The calls around `at` in time, and those of unknown outcome, which may have taken effect there.
std::string around(const std::vector<Call>& calls, const HistoryOp& at) {
  std::vector<const Call*> shown;
  for (const Call& call : calls) {
    const bool before = call.op.invoked_ns < at.invoked_ns + kAroundNs;
    const bool ends_near = call.op.returned_ns + kAroundNs > at.invoked_ns;
    if (before && (ends_near || call.op.outcome == OpOutcome::unknown)) shown.push_back(&call);
  }
  std::sort(shown.begin(), shown.end(),
            [](const Call* a, const Call* b) { return a->op.invoked_ns < b->op.invoked_ns; });
  std::string text;
  const size_t skipped = shown.size() > kMaxShown ? shown.size() - kMaxShown : 0;
  if (skipped > 0) text = "  (" + std::to_string(skipped) + " earlier ones left out)\n";
  for (size_t i = skipped; i < shown.size(); ++i) text += describe(*shown[i]);
  return text;
}

// Each write has one revision, and each revision is of one write. A write that took effect twice
// shows here even when nobody read in between.
std::string judge_revisions(const std::string& key, const std::vector<Call>& calls) {
  std::map<uint64_t, const Call*> of_value;
  std::map<std::string, const Call*> of_revision;
  for (const Call& call : calls) {
    if (call.revision.empty() || call.op.value == 0) continue;
    const Call* same_value = of_value.emplace(call.op.value, &call).first->second;
    const Call* same_revision = of_revision.emplace(call.revision, &call).first->second;
    if (same_value->revision != call.revision) {
      return key + ": one value with two revisions\n" + describe(*same_value) + describe(call);
    }
    if (same_revision->op.value != call.op.value) {
      return key + ": one revision of two values\n" + describe(*same_revision) + describe(call);
    }
  }
  return "";
}

}  // namespace

std::string read_calls(std::istream& in, Calls* calls) {
  std::string line, key;
  for (uint64_t number = 1; std::getline(in, line); ++number) {
    Call call;
    if (!read_call(line, &key, &call)) {
      return "line " + std::to_string(number) + " is no call: " + line;
    }
    (*calls)[key].push_back(std::move(call));
  }
  return "";
}

std::string judge_key(const std::string& key, const std::vector<Call>& calls, bool* undecided) {
  if (std::string wrong = judge_revisions(key, calls); !wrong.empty()) return wrong;
  sim::History history;
  for (const Call& call : calls) history.push_back(call.op);
  size_t stuck = 0;
  switch (sim::check_register(history, 4'000'000, &stuck)) {
    case sim::Verdict::linearizable:
      return "";
    case sim::Verdict::undecided:
      *undecided = true;
      return key + ": no verdict; the search was given up\n";
    case sim::Verdict::not_linearizable:
      break;
  }
  return key + ": not linearizable; there is no place for\n" + describe(calls[stuck]) + "among\n" +
         around(calls, calls[stuck].op);
}

}  // namespace grey::faults
