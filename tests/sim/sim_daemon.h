// What greyd is on a real machine: one process of a simulated node, with its plugins wired as the
// daemon wires them and the kernel's own node-to-node links between them.
#ifndef GREY_TESTS_SIM_SIM_DAEMON_H_
#define GREY_TESTS_SIM_SIM_DAEMON_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grey/kv.h"
#include "grey/storage.h"
#include "grey/testkit/sim_process.h"
#include "peers/peer_links.h"
#include "plugin_set.h"
#include "register_machine.h"
#include "sim_options.h"
#include "spy_consensus.h"

namespace grey::sim {

inline constexpr uint32_t kRegisterGroups = 3;
inline constexpr uint32_t kShards = 3;  // of the kv target

// What one node keeps of a register group beside the simulated disk: which replica it is to be, as
// a control group would know it, and its engine.
struct RegisterReplica {
  uint64_t id = 0;
  std::vector<ReplicaPlacement> first;  // the group's first replicas, if it is one of them
  uint64_t checkpoint_of = 0;           // the replica that wrote the checkpoint
  RegisterCheckpoint checkpoint;
};
using RegisterDisk = std::map<uint32_t, RegisterReplica>;  // by group

struct ClientRequest {
  OpKind kind = OpKind::get;
  std::string key;
  uint64_t value = 0;
  uint64_t expected = 0;           // put_if
  uint64_t expected_revision = 0;  // put_if of the kv target
  uint32_t client = 0;
  uint64_t serial = 0;  // of the client's session, of the kv target; 0: without one
};

struct ClientAnswer {
  // forgotten: the session's serial is not done, or not again.
  enum class Kind { done, mismatch, not_done, unknown, forgotten } kind = Kind::unknown;
  uint64_t value = 0;     // of a get
  uint64_t revision = 0;  // of the kv target
};

// Must not be destroyed once started: a process that crashed leaves it as it is (see
// SimNode::crash).
class SimDaemon {
 public:
  SimDaemon(testkit::SimProcess* process, const PluginSet& plugins, const SimOptions& options,
            RaftJudge* judge, RegisterDisk* register_disk);

  // Starts everything in the next turn of loop 0.
  void start();
  // Drains and stops everything; `done` when the process may be retired.
  void stop(std::function<void()> done);

  // A request that arrived from a client. The answer is sent only if the process lives to send it.
  void serve(const ClientRequest& request, std::function<void(ClientAnswer)> answer);

  testkit::SimProcess* process() { return process_; }
  SpyConsensus* consensus() { return spy_.get(); }
  bool serving() const { return serving_; }
  // Why it could not start, or "".
  const std::string& problem() const { return problem_; }
  // Calls `function` on the group's loop with its replica here; null when there is none just now.
  void on_group(uint32_t group, std::function<void(Group*)> function);
  // The node's entry in the register disk names another replica now: stops the one that runs and
  // opens that one, empty.
  void replace_replica(uint32_t group);
  // The hash of a group's applied state, some time later.
  void hash_state(uint32_t group, std::function<void(uint64_t)> done);

 private:
  struct Loaded {
    std::string name;
    Ref<Plugin> plugin;
  };
  bool start_plugins(const PluginSet& plugins);
  Ref<Plugin> start_plugin(const testkit::SimPlugin& plugin,
                           const std::map<std::string, std::string>& options = {});
  void join();
  void start_peers();
  void write_settings();
  void open_registers();
  void open_register_group(uint32_t group);
  void serve_registers(const ClientRequest& request, std::function<void(ClientAnswer)> answer);
  void serve_kv(const ClientRequest& request, std::function<void(ClientAnswer)> answer);
  void stop_groups(std::function<void()> done);
  void stop_next(size_t left, bool draining, std::function<void()> done);

  testkit::SimProcess* process_;
  const PluginSet& plugins_;
  const SimOptions& options_;
  RaftJudge* judge_;
  RegisterDisk* register_disk_;
  std::vector<Loaded> loaded_;
  Ref<Transport> transport_;
  Ref<greyd::PeerLinks> peers_;
  Ref<Storage> storage_;
  Ref<Consensus> consensus_;
  Ref<KvService> kv_;
  std::unique_ptr<SpyConsensus> spy_;
  std::map<uint32_t, std::unique_ptr<RegisterMachine>> machines_;
  std::map<uint32_t, Ref<Group>> groups_;
  std::vector<std::unique_ptr<RegisterMachine>> former_machines_;
  uint32_t replacing_ = 0;  // groups whose earlier replica is being stopped
  bool serving_ = false;
  bool stopping_ = false;
  std::string problem_;
};

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_SIM_DAEMON_H_
