#include "sim_daemon.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "grey/glue/plugin.h"
#include "grey/service.h"
#include "sim_variety.h"

namespace grey::sim {

using testkit::SimLoop;

SimDaemon::SimDaemon(testkit::SimProcess* process, const PluginSet& plugins,
                     const SimOptions& options, RaftJudge* judge, RegisterDisk* register_disk)
    : process_(process),
      plugins_(plugins),
      options_(options),
      judge_(judge),
      register_disk_(register_disk) {}

void SimDaemon::write_settings() {
  auto& settings = process_->settings;
  std::string peers;
  for (uint32_t i = 1; i <= options_.nodes; ++i) {
    peers += (i == 1 ? "" : ",") + std::string("10.0.0.") + std::to_string(i) + ":9080";
  }
  settings["node.id"] = process_->node()->name();
  settings["cluster.bootstrap_peers"] = peers;
  settings["cluster.bootstrap_expect"] = std::to_string(options_.nodes);
  settings["consensus.election_timeout"] = "1000ms";
  settings["consensus.heartbeat_interval"] = "150ms";
  settings["storage.shards"] = std::to_string(kShards);
  settings["storage.replication_factor"] = "3";
  settings["storage.write_quorum"] = "2";
  settings["storage.read_quorum"] = "2";
}

void SimDaemon::start() {
  write_settings();
  if (options_.debug_log) process_->log_level = LogLevel::trace;
  process_->identity_changed = [this] {
    if (peers_) peers_->identity_changed();
  };
  process_->loop(0)->enqueue([this] {
    if (!start_plugins(plugins_)) {
      process_->log("sim", LogLevel::error, problem_);
      return;
    }
    if (options_.target == Target::registers) join();
    start_peers();
    if (options_.target == Target::registers) {
      open_registers();
    } else {
      serving_ = true;
    }
  });
}

bool SimDaemon::start_plugins(const PluginSet& plugins) {
  if (!start_plugin(plugins.transport)) return false;
  transport_ = query_interface<Transport>(loaded_.back().plugin.get());
  greyd::PeerLinksWorld world;
  for (uint32_t i = 0; i < process_->loop_count(); ++i) world.loops.push_back(process_->loop(i));
  testkit::SimHost* host = process_->make_host("peers", {});
  world.transport = transport_.get();
  world.random = host->random();
  world.log = host->log();
  world.meter = host->meter();
  world.identity = [host](Identity* out) { host->identity(out); };
  greyd::PeerLinksOptions links;
  links.listen_address = "0.0.0.0:9080";
  peers_ = make_ref<greyd::PeerLinks>(std::move(world), std::move(links));
  process_->peers = peers_.get();

  if (!start_plugin(plugins.storage)) return false;
  storage_ = query_interface<Storage>(loaded_.back().plugin.get());
  process_->interfaces[Storage::kInterfaceId] = storage_.get();

  if (!start_plugin(plugins.consensus, raft_options(options_.seed))) return false;
  consensus_ = query_interface<Consensus>(loaded_.back().plugin.get());
  spy_ = std::make_unique<SpyConsensus>(process_, consensus_.get(), judge_);
  process_->interfaces[Consensus::kInterfaceId] = spy_.get();

  if (options_.target != Target::kv) return true;
  if (!start_plugin(plugins.service, service_options(options_.seed))) return false;
  kv_ = query_interface<KvService>(loaded_.back().plugin.get());
  return true;
}

Ref<Plugin> SimDaemon::start_plugin(const testkit::SimPlugin& plugin,
                                    const std::map<std::string, std::string>& options) {
  const std::string name = plugin.descriptor->name;
  ErrorText error = empty_error_text();
  testkit::SimHost* host = process_->make_host(name, plugin.options(options));
  Ref<Plugin> made = Ref<Plugin>::adopt(plugin.create(host, &error));
  Status status = make_status(StatusCode::failed, "could not be made");
  if (made) status = made->start(&error);
  if (!status.ok()) {
    problem_ = "plugin " + name + " does not start: " +
               (error.text[0] != '\0' ? std::string(error.text) : grey::describe(status));
    return {};
  }
  loaded_.push_back({name, made});
  return made;
}

// Without a service there is no genesis: the nodes know who they are.
void SimDaemon::join() {
  uint8_t cluster_id[16];
  std::fill(std::begin(cluster_id), std::end(cluster_id), uint8_t{7});
  const Status status =
      process_->make_host("genesis", {})->join_cluster(cluster_id, process_->node()->number());
  if (!status.ok()) problem_ = "cannot join: " + grey::describe(status);
}

void SimDaemon::start_peers() {
  ErrorText error = empty_error_text();
  const Status status = peers_->start(&error);
  if (!status.ok()) problem_ = std::string("links do not start: ") + error.text;
  if (options_.target == Target::kv) return;  // the service assigns the nodes
  for (uint32_t number = 1; number <= options_.nodes; ++number) {
    peers_->assign(number, ("10.0.0." + std::to_string(number) + ":9080").c_str());
  }
}

void SimDaemon::open_registers() {
  auto left = std::make_shared<uint32_t>(kRegisterGroups);
  for (uint32_t group = 0; group < kRegisterGroups; ++group) {
    process_->loop(spy_->loop_of(group))->enqueue([this, group, left] {
      open_register_group(group);
      if (groups_[group] && --*left == 0) serving_ = !stopping_;
    });
  }
}

void SimDaemon::open_register_group(uint32_t group) {
  RegisterReplica& kept = (*register_disk_)[group];
  if (kept.checkpoint_of != kept.id) kept.checkpoint = {};
  kept.checkpoint_of = kept.id;
  GroupOptions options = {};
  options.struct_size = sizeof(options);
  options.group = group;
  options.replica_id = kept.id;
  options.replicas = kept.first.data();
  options.replica_count = static_cast<uint32_t>(kept.first.size());
  SimLoop* loop = process_->loop(spy_->loop_of(group));
  machines_[group] = std::make_unique<RegisterMachine>(process_, loop, &kept.checkpoint,
                                                       register_manner(options_.seed));
  ErrorText error = empty_error_text();
  Group* opened = nullptr;
  const Status status = spy_->open_group(&options, machines_[group].get(), &opened, &error);
  if (!status.ok()) {
    problem_ = "group " + std::to_string(group) + " does not open: " + error.text;
    process_->log("sim", LogLevel::error, problem_);
    return;
  }
  groups_[group] = Ref<Group>::adopt(opened);
}

void SimDaemon::replace_replica(uint32_t group) {
  process_->loop(spy_->loop_of(group))->enqueue([this, group] {
    // Without a group here it is being replaced already, or not opened yet: that sees the new id.
    // So has one that was replaced after a pause in which more than one id was given.
    const RegisterReplica& kept = (*register_disk_)[group];
    const Ref<Group> former = std::exchange(groups_[group], {});
    if (!former || stopping_ || kept.checkpoint_of == kept.id) {
      groups_[group] = former;
      return;
    }
    ++replacing_;
    former->stop(completion([this, group, former](Status) {
      process_->loop(former->loop_index())->enqueue([this, group] {
        --replacing_;
        former_machines_.push_back(std::move(machines_[group]));
        open_register_group(group);
      });
    }));
  });
}

void SimDaemon::on_group(uint32_t group, std::function<void(Group*)> function) {
  process_->loop(spy_->loop_of(group))->enqueue([this, group, function = std::move(function)] {
    function(stopping_ ? nullptr : groups_[group].get());
  });
}

void SimDaemon::stop(std::function<void()> done) {
  serving_ = false;
  stopping_ = true;
  process_->loop(0)->enqueue(
      [this, done] { stop_groups([this, done] { stop_next(loaded_.size(), true, done); }); });
}

void SimDaemon::stop_groups(std::function<void()> done) {
  if (replacing_ != 0) {
    process_->world()->after(testkit::kMillisecondNs, process_,
                             [this, done] { stop_groups(done); });
    return;
  }
  auto left = std::make_shared<size_t>(groups_.size() + 1);
  const auto one_less = [left, done] {
    if (--*left == 0) done();
  };
  for (auto& [number, group] : groups_) {
    if (!group) {
      one_less();
      continue;
    }
    process_->loop(group->loop_index())->enqueue([this, group = group.get(), one_less] {
      group->stop(completion([this, one_less](Status) { process_->loop(0)->enqueue(one_less); }));
    });
  }
  one_less();
}

// Drains all plugins in the reverse order of their start, stops the links, then stops the plugins.
void SimDaemon::stop_next(size_t left, bool draining, std::function<void()> done) {
  if (left == 0 && !draining) {
    groups_.clear();
    spy_->forget_groups();
    return done();
  }
  const auto next = [this, left, draining, done](Status) {
    process_->loop(0)->enqueue([this, left, draining, done] {
      if (left > 0) return stop_next(left - 1, draining, done);
      stop_next(loaded_.size(), false, done);
    });
  };
  if (left == 0) return peers_->stop(completion(next));
  Plugin* plugin = loaded_[left - 1].plugin.get();
  if (draining) {
    plugin->drain(completion(next));
  } else {
    plugin->stop(completion(next));
  }
}

}  // namespace grey::sim
