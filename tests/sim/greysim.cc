// Simulates whole clusters: see docs/testing.md.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "batch.h"

namespace {

constexpr char kUsage[] =
    "greysim [--seed N | --seeds A..B | --minutes M [--seed N]] [--nodes 3|5|both]\n"
    "        [--target registers|kv|both] [--plugins static|DIR] [--sim-seconds S] [--trace] "
    "[--debug]\n"
    "        [--min-operations N] [--require-marks] [--lying-disk] [--expect TEXT]...\n"
    "\n"
    "Runs clusters under faults, each from one seed, and judges what they did. --lying-disk\n"
    "makes a known bug; --expect ends with success once a seed fails with this text.\n"
    "--require-marks fails when some mark or kind of fault was never reached: for long runs with\n"
    "--nodes both --target both.\n";

struct CommandLine {
  grey::sim::SimOptions options;
  grey::sim::Batch batch;
};

bool parse_seeds(const char* text, grey::sim::Batch* batch) {
  char* end = nullptr;
  batch->first_seed = std::strtoull(text, &end, 10);
  if (std::strncmp(end, "..", 2) != 0) return false;
  batch->last_seed = std::strtoull(end + 2, &end, 10);
  return *end == '\0' && batch->first_seed <= batch->last_seed;
}

bool parse_value(const std::string& name, const char* value, CommandLine* line) {
  const std::string text = value;
  if (name == "--seed") {
    line->batch.first_seed = line->batch.last_seed = std::strtoull(value, nullptr, 10);
  } else if (name == "--seeds") {
    return parse_seeds(value, &line->batch);
  } else if (name == "--minutes") {
    line->batch.minutes = std::strtod(value, nullptr);
    return line->batch.minutes > 0;
  } else if (name == "--nodes") {
    line->batch.both_sizes = text == "both";
    line->options.nodes = text == "5" ? 5 : 3;
    return text == "3" || text == "5" || text == "both";
  } else if (name == "--target") {
    line->batch.both_targets = text == "both";
    line->options.target = text == "kv" ? grey::sim::Target::kv : grey::sim::Target::registers;
    return text == "kv" || text == "registers" || text == "both";
  } else if (name == "--expect") {
    line->batch.expected.push_back(text);
  } else if (name == "--plugins") {
    line->options.plugins = text;
  } else if (name == "--sim-seconds") {
    line->options.sim_seconds = std::strtoull(value, nullptr, 10);
  } else if (name == "--min-operations") {
    line->options.min_operations = static_cast<uint32_t>(std::strtoul(value, nullptr, 10));
  } else {
    return false;
  }
  return true;
}

bool parse_flag(const std::string& name, CommandLine* line) {
  if (name == "--trace") return line->options.trace = true;
  if (name == "--debug") return line->options.debug_log = true;
  if (name == "--require-marks") return line->batch.require_marks = true;
  if (name == "--lying-disk") return line->options.lying_disk = true;
  return false;
}

bool parse(int count, char** arguments, CommandLine* line) {
  line->batch.program = arguments[0];
  for (int i = 1; i < count; ++i) {
    if (parse_flag(arguments[i], line)) continue;
    if (i + 1 == count || !parse_value(arguments[i], arguments[i + 1], line)) return false;
    ++i;
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  CommandLine line;
  if (!parse(count, arguments, &line)) {
    std::fputs(kUsage, stderr);
    return 64;
  }
  return grey::sim::run_batch(line.options, line.batch) ? 0 : 1;
}
