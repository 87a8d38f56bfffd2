#!/usr/bin/env bash
# Dependencies, build, all tests.
#   tests/run.sh                  everything that a change must pass
#   tests/run.sh --soak MINUTES   besides, simulate this many minutes of seeds
#   tests/run.sh --no-asan        without the sanitizer build of SDK and consensus core
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# How long the simulator runs in every full test, in minutes.
sim_minutes=5
marks_minutes=60  # so long a run must come to every mark
asan=1
while [ $# -gt 0 ]; do
  case "$1" in
    --soak)
      sim_minutes=${2:-}
      [[ $sim_minutes =~ ^[0-9]+$ ]] || { echo "${0##*/}: --soak needs a number of minutes" >&2; exit 2; }
      shift 2 ;;
    --no-asan) asan=0; shift ;;
    -h | --help) sed -n '2,5p' "${BASH_SOURCE[0]}" | cut -c3-; exit 0 ;;
    *) echo "${0##*/}: unknown argument $1; see --help" >&2; exit 2 ;;
  esac
done

step() { printf '\n== %s (%s s)\n' "$*" "$SECONDS"; }
jobs=$(nproc)

step "dependencies"
packaging/install-deps.sh --tests

step "build"
cmake --preset release -DGREY_BUILD_TESTS=ON >/dev/null
cmake --build --preset release -j "$jobs"

step "tests"
ctest --test-dir build/release --output-on-failure -j "$jobs" -LE "asan-only|serial"
ctest --test-dir build/release --output-on-failure -L serial

if [ "$asan" = 1 ]; then
  step "SDK and consensus core under AddressSanitizer and UBSan"
  cmake --preset asan >/dev/null
  cmake --build --preset asan -j "$jobs" --target asan_tests
  ctest --test-dir build/asan --output-on-failure -j "$jobs" -L asan
fi

step "simulation, $sim_minutes minutes of seeds"
greysim=build/release/bin/greysim
if [ "$sim_minutes" -ge "$marks_minutes" ]; then
  "$greysim" --minutes "$sim_minutes" --nodes both --target both --require-marks
else
  # Three fifths on consensus alone, which runs more seeds a minute; the rest on the whole store.
  kv_minutes=$((sim_minutes * 2 / 5))
  "$greysim" --minutes $((sim_minutes - kv_minutes)) --nodes both
  [ "$kv_minutes" = 0 ] || "$greysim" --minutes "$kv_minutes" --nodes both --target kv
fi

step "done"
