// Machines for the tests of the simulated host itself.
#ifndef GREY_TESTKIT_SIM_SIM_TEST_CLUSTER_H_
#define GREY_TESTKIT_SIM_SIM_TEST_CLUSTER_H_

#include <functional>
#include <memory>
#include <vector>

#include "grey/testkit/sim_network.h"
#include "grey/testkit/sim_node.h"
#include "grey/testkit/sim_process.h"

namespace grey::testkit {

// Nodes 1 to `count`, each with a process of one loop.
struct SimTestCluster {
  explicit SimTestCluster(uint32_t count, uint64_t seed = 1) : world(seed), network(&world) {
    for (uint32_t number = 1; number <= count; ++number) {
      nodes.push_back(std::make_unique<SimNode>(&world, &network, number));
      hosts.push_back(nodes.back()->boot(1)->make_host("test", {}));
    }
  }

  SimNode& node(uint32_t number) { return *nodes[number - 1]; }
  Host* host(uint32_t number) { return hosts[number - 1]; }
  SimLoop* loop(uint32_t number) { return node(number).process()->loop(0); }
  // Starts a new process on a node that has none.
  void boot(uint32_t number) {
    node(number).power_on();
    hosts[number - 1] = node(number).boot(1)->make_host("test", {});
  }
  // Runs `action` in a turn of the node's loop and returns after that turn.
  void on_loop(uint32_t number, std::function<void()> action) {
    bool done = false;
    loop(number)->enqueue([&] {
      action();
      done = true;
    });
    world.run_until(world.now_ns() + 600 * kSecondNs, [&] { return done; });
  }
  void run_ms(uint64_t ms) { world.run_until(world.now_ns() + ms * kMillisecondNs); }

  SimWorld world;
  SimNetwork network;
  std::vector<std::unique_ptr<SimNode>> nodes;
  std::vector<Host*> hosts;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_SIM_TEST_CLUSTER_H_
