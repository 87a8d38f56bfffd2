#!/bin/bash
# Measures a three-node grey cluster and a three-node etcd on this machine, one after the other, and
# prints a markdown table. Options: see README.md, or compare.sh --help.
set -euo pipefail
export PYTHONDONTWRITEBYTECODE=1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)

build_dir=$root/build/release
only=both
help=no
pass=()
while [ $# -gt 0 ]; do
  case $1 in
    --build-dir) build_dir=${2:?--build-dir needs a folder}; shift ;;
    --build-dir=*) build_dir=${1#*=} ;;
    --only) only=${2:?--only needs grey or etcd}; pass+=("$1" "$2"); shift ;;
    --only=*) only=${1#*=}; pass+=("$1") ;;
    -h | --help) help=yes ;;
    *) pass+=("$1") ;;
  esac
  shift
done
build_dir=$(realpath -m "$build_dir")
[ "$help" = no ] || exec python3 "$here/compare.py" --help

fail() {
  echo "compare.sh: $*" >&2
  exit 1
}

if [ "$only" != etcd ]; then
  [ -x "$build_dir/bin/greyd" ] ||
    fail "no greyd at $build_dir/bin/greyd: build it first" \
      "(cmake --preset release && cmake --build --preset release), or name another --build-dir"
  [ -d "$build_dir/lib/grey/plugins" ] || fail "no plugins at $build_dir/lib/grey/plugins"
  cmake --build "$build_dir" --target grey_bench >&2 || fail "grey_bench does not build"
fi
if [ "$only" != grey ]; then
  for tool in etcd go; do
    command -v "$tool" >/dev/null ||
      fail "$tool is missing (Debian: etcd-server golang-go golang-etcd-server-dev);" \
        "--only grey does without"
  done
  mkdir -p "$build_dir/bench"
  # Debian's Go packages are used as they are installed, without modules and without a network.
  (cd "$here/etcd_bench" && GO111MODULE=off GOPATH=$build_dir/bench/gopath:/usr/share/gocode \
    GOCACHE=$build_dir/bench/gocache go build -o "$build_dir/bench/etcd_bench" .) ||
    fail "etcd_bench does not build (Debian: golang-etcd-server-dev)"
fi
exec python3 "$here/compare.py" --build-dir "$build_dir" --grey-bench "$build_dir/bin/grey_bench" \
  --etcd-bench "$build_dir/bench/etcd_bench" "${pass[@]}"
