#ifndef GREY_KERNEL_DAEMON_DAEMON_H_
#define GREY_KERNEL_DAEMON_DAEMON_H_

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "config/config.h"
#include "daemon/config_values.h"
#include "daemon/data_dir.h"
#include "daemon/host_metrics.h"
#include "daemon/node_identity.h"
#include "daemon/node_services.h"
#include "daemon/plugin_host.h"
#include "daemon/signal_watch.h"
#include "grey/glue/plugin.h"
#include "host/local_files.h"
#include "host/log_sink.h"
#include "host/loop_group.h"
#include "host/metric_registry.h"
#include "host/named_log.h"
#include "host/socket_net.h"
#include "host/system_clock.h"
#include "host/system_random.h"
#include "host/worker_pool.h"
#include "peers/peer_links.h"
#include "plugin/composition.h"
#include "plugin/lifecycle.h"

namespace greyd {

// What the daemon is made of; checked already. All of it is borrowed.
struct DaemonParts {
  const Config& config;
  const std::vector<PluginFile>& plugins;  // in the order of starting
  const std::string& version;
  LogSink& log_sink;
  DataDir& data_dir;
  NodeIdentity& identity;
};

// One running node: owns every top-level object, in the order of construction; they end in the
// reverse order.
class Daemon {
 public:
  static constexpr uint64_t kDrainTimeoutMs = 10'000;
  static constexpr uint64_t kPeersTimeoutMs = 1'000;
  static constexpr uint64_t kStopTimeoutMs = 20'000;  // of all after the drain
  static constexpr uint64_t kEndTimeoutMs = kDrainTimeoutMs + kPeersTimeoutMs + kStopTimeoutMs;

  explicit Daemon(const DaemonParts& parts);
  ~Daemon();

  // Runs the node on the calling thread, which becomes loop 0, until a signal or a plugin ends it.
  // Returns the exit status: 0 after an orderly end on request, 1 otherwise. Once.
  int run();

 private:
  SignalWatch::Calls signal_calls();
  SignalWatch::Calls last_signal_calls();
  NodeServices make_services();
  void log(grey::LogLevel level, const std::string& text);

  // Loop 0, in this order. start() ends in begin_stop() if anything fails.
  void start();
  bool load_plugin_at(size_t index, std::string* error);
  bool start_peers(std::string* error);
  void log_addresses();

  // Loop 0; the first call counts.
  void begin_stop();
  void stop_peers();
  void stop_plugins();

  // Any thread.
  void shut_down(const std::string& who, const std::string& reason);
  grey::Object* interface_of(const char* interface_id);

  const DaemonParts parts_;
  const ConfigValues config_values_;
  NamedLog log_;
  std::atomic<int> exit_status_{0};
  SignalWatch signals_{kEndTimeoutMs};
  LoopGroup loops_;
  SystemClock clock_;
  SystemRandom random_;
  MetricRegistry metrics_;
  WorkerPool workers_;
  LocalFiles files_;
  SocketNet net_;
  HostMetrics host_metrics_;
  NodeServices services_;
  std::vector<std::unique_ptr<PluginHost>> hosts_;
  grey::Ref<grey::Transport> transport_;  // what the links are made of must outlive them
  grey::Ref<PeerLinks> peers_;
  Lifecycle lifecycle_;
  std::vector<grey::Plugin*> plugins_;  // owned by lifecycle_; in the order of parts_.plugins

  bool stopping_ = false;
  bool peers_stopped_ = false;
  grey::FunctionTask peers_timeout_{[this] { stop_plugins(); }};
  grey::Ref<grey::Timer> peers_timer_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_DAEMON_H_
