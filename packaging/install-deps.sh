#!/usr/bin/env bash
# Installs what building and testing needs, from Debian 12's packages. Quiet when nothing is missing;
# may be run any number of times.
#   packaging/install-deps.sh           what the build needs
#   packaging/install-deps.sh --tests   and what the tests need
set -euo pipefail

build=(
  g++ cmake ninja-build pkg-config ccache mold
  libboost1.81-dev libboost-program-options1.81-dev libboost-filesystem1.81-dev
  libboost-json1.81-dev libboost-url1.81-dev libboost-system1.81-dev
  librocksdb-dev libyaml-cpp-dev libspdlog-dev libfmt-dev libssl-dev
  prometheus-cpp-dev libmimalloc-dev curl
)
tests=(
  libgtest-dev libgmock-dev python3 curl git
  clang libc++-14-dev libc++abi-14-dev prometheus
  iproute2 iptables libnetfilter-queue-dev
)

case "${1:-}" in
  "") wanted=("${build[@]}") ;;
  --tests) wanted=("${build[@]}" "${tests[@]}") ;;
  *) echo "usage: ${0##*/} [--tests]" >&2; exit 2 ;;
esac

missing=()
for package in "${wanted[@]}"; do
  dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
    missing+=("$package")
done
[ "${#missing[@]}" -eq 0 ] && exit 0

sudo=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || {
    echo "${0##*/}: run as root, or install sudo; missing packages: ${missing[*]}" >&2
    exit 1
  }
  sudo=(sudo)
fi
echo "Installing ${#missing[@]} packages: ${missing[*]}"
"${sudo[@]}" apt-get -qq -o DPkg::Lock::Timeout=600 update
# Services that come with a package must not be started on a build machine.
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
  apt-get -qq -o DPkg::Lock::Timeout=600 install -y --no-install-recommends "${missing[@]}" \
  >/dev/null
