#!/usr/bin/env bash
# From a fresh machine to a running three-node cluster on this machine's loopback:
# dependencies, build, three nodes from config/grey.yaml, a write through one node and a read through
# another, and the cluster's status.
#   packaging/quickstart.sh          do all that; the cluster keeps running
#   packaging/quickstart.sh stop     stop the cluster (its data stays)
#   packaging/quickstart.sh clean    stop it and remove its data
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

build=build/release
home=build/quickstart
api() { echo "127.0.0.1:808$1"; }

stop_cluster() {
  local node pid
  for node in 1 2 3; do
    pid=$(cat "$home/node-$node.pid" 2>/dev/null) || continue
    # Only a process that is still the one started here.
    if [ "$(readlink "/proc/$pid/exe" 2>/dev/null)" = "$(readlink -f $build/bin/greyd)" ]; then
      kill "$pid"
      for _ in $(seq 150); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
      kill -0 "$pid" 2>/dev/null && { echo "node-$node did not stop; killing it" >&2; kill -9 "$pid"; }
      echo "node-$node stopped"
    fi
    rm -f "$home/node-$node.pid"
  done
}

case "${1:-start}" in
  start) ;;
  stop) stop_cluster; exit 0 ;;
  clean) stop_cluster; rm -rf "$home"; exit 0 ;;
  *) sed -n '2,7p' "${BASH_SOURCE[0]}" | cut -c3-; exit 2 ;;
esac

echo "== dependencies"
packaging/install-deps.sh
echo "== build (about ten minutes on two cores, the first time)"
cmake --preset release -DGREY_BUILD_TESTS=OFF >/dev/null
cmake --build --preset release --target all

echo "== three nodes from config/grey.yaml"
stop_cluster
mkdir -p "$home"
for node in 1 2 3; do
  # The shipped file with this node's id, folder and loopback addresses in place of the guide's.
  sed -e "s|^\( *id:\).*|\1 node-$node|" \
    -e "s|^\( *data_dir:\).*|\1 $PWD/$home/node-$node|" \
    -e "s|^\( *api_addr:\).*|\1 127.0.0.1:808$node|" \
    -e "s|^\( *raft_addr:\).*|\1 127.0.0.1:908$node|" \
    -e "s|^\( *gossip_addr:\).*|\1 127.0.0.1:794$node|" \
    -e "s|^[# ]*\(metrics_addr:\).*|  \1 127.0.0.1:1008$node|" \
    -e "s|- node-\([123]\)\.grey\.internal:9080|- 127.0.0.1:908\1|" \
    config/grey.yaml >"$home/node-$node.yaml"
  "$build/bin/greyd" --config "$home/node-$node.yaml" >"$home/node-$node.log" 2>&1 &
  echo $! >"$home/node-$node.pid"
done

ready=0
for _ in $(seq 100); do
  ready=0
  for node in 1 2 3; do
    curl -fs -o /dev/null -m 2 "http://$(api $node)/readyz" && ready=$((ready + 1))
  done
  [ "$ready" = 3 ] && break
  sleep 0.2
done
[ "$ready" = 3 ] || { echo "only $ready of 3 nodes became ready; see $home/node-*.log" >&2; exit 1; }

echo "== a write through node-1, read through node-3"
"$build/bin/greyctl" --endpoint "$(api 1)" kv put greeting "hello from node-1"
"$build/bin/greyctl" --endpoint "$(api 3)" kv get greeting
echo
echo "== greyctl cluster status"
"$build/bin/greyctl" --endpoint "$(api 2)" cluster status

cat <<TEXT

The cluster runs. Try:
  $build/bin/greyctl --endpoint $(api 1) cluster members
  curl -X PUT --data-binary 'a value' http://$(api 1)/v1/kv/my-key
  curl http://$(api 2)/v1/kv/my-key
Logs: $home/node-*.log. Stop it with: packaging/quickstart.sh stop
TEXT
