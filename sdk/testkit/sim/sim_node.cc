#include "grey/testkit/sim_node.h"

#include <cassert>
#include <cstring>
#include <vector>

#include "grey/testkit/sim_network.h"
#include "grey/testkit/sim_process.h"

namespace grey::testkit {
namespace {

// Processes that crashed are kept to the end of the real one: their plugins were not destroyed, and
// those may still refer to them. Reachable from here, so that leak checkers do not complain.
void bury(std::unique_ptr<SimProcess> process) {
  static auto* graveyard = new std::vector<std::unique_ptr<SimProcess>>();
  graveyard->push_back(std::move(process));
}

}  // namespace

SimNode::SimNode(SimWorld* world, SimNetwork* network, uint32_t number)
    : world_(world),
      network_(network),
      number_(number),
      name_("node-" + std::to_string(number)),
      ip_("10.0.0." + std::to_string(number)),
      random_(world->random().branch()),
      disk_(world, random_.branch()),
      clock_(world, &random_) {
  identity_.struct_size = sizeof(identity_);
  for (int i = 0; i < 2; ++i) {
    const uint64_t half = random_.next();
    std::memcpy(identity_.instance_uuid + 8 * i, &half, 8);
  }
  std::strcpy(identity_.node_id, name_.c_str());
  std::strcpy(identity_.version, "0.0.0-sim");
  std::strcpy(identity_.raft_address, (ip_ + ":9080").c_str());
  std::strcpy(identity_.api_address, (ip_ + ":8080").c_str());
  std::strcpy(identity_.gossip_address, (ip_ + ":7946").c_str());
  network->add_node(this);
}

SimNode::~SimNode() {
  // What is planned refers to nodes and processes; without it nothing can run any more.
  world_->drop_events();
  if (process_) crash(false);
  world_->drop_events();
}

SimProcess* SimNode::boot(uint32_t loop_count) {
  assert(!process_ && powered_);
  process_ = new SimProcess(this, loop_count);
  return process_;
}

void SimNode::crash(bool power_loss) {
  world_->trace().line(world_->now_ns(), name_ + (power_loss ? " loses its power" : " is killed"));
  if (power_loss) powered_ = false;
  if (process_) {
    SimProcess* ended = std::exchange(process_, nullptr);
    network_->end_process(ended, !power_loss);
    ended->end_life();
    bury(std::unique_ptr<SimProcess>(ended));
  }
  if (power_loss) disk_.crash();
}

void SimNode::crash_after_disk_changes(uint64_t count) {
  disk_.after_changes(count, [this] {
    if (!process_ || doomed_disk_) return;
    doomed_disk_ = std::make_unique<SimDisk>(disk_);
    process_->doomed_ = true;
  });
}

void SimNode::finish_doom() {
  disk_ = *doomed_disk_;
  doomed_disk_.reset();
  crash(true);
}

void SimNode::retire() {
  world_->trace().line(world_->now_ns(), name_ + " has stopped");
  SimProcess* ended = std::exchange(process_, nullptr);
  network_->end_process(ended, true);
  ended->end_life();
  bury(std::unique_ptr<SimProcess>(ended));
}

void SimNode::power_on() {
  if (powered_) return;
  powered_ = true;
  network_->node_is_back(this);
}

void SimNode::set_clock_rate_ppm(uint64_t rate_ppm) {
  clock_.set_rate_ppm(rate_ppm);
  if (process_) process_->plan_again();
}

}  // namespace grey::testkit
