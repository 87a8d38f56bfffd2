// The host: everything of the world that a plugin may touch. The kernel gives each plugin one of
// its own (so that logs and options are the plugin's), the testkit gives a fake or a simulated one.
#ifndef GREY_HOST_H_
#define GREY_HOST_H_

#include "grey/files.h"
#include "grey/loop.h"
#include "grey/meter.h"
#include "grey/net.h"
#include "grey/peers.h"
#include "grey/plugin.h"

namespace grey {

enum class LogLevel : uint32_t { trace = 0, debug = 1, info = 2, warning = 3, error = 4 };

class Log : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.log/1";

  virtual bool enabled(LogLevel level) noexcept = 0;  // any thread
  // One line, UTF-8, no line break at the end. Any thread.
  virtual void write(LogLevel level, ByteView message) noexcept = 0;

 protected:
  ~Log() = default;
};

// The configuration after defaults and checks. A key with a dot is one of the whole file
// ("storage.shards"); a key without is one of this plugin's own options. Values were checked by the
// kernel against the descriptor, so the typed getters cannot fail on what the descriptor declares;
// an unknown key gives the fallback. Any thread; text lives as long as the host.
class ConfigView : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host.config/1";

  // The value as text, or null when the key is unknown or has neither value nor default.
  virtual const char* text(const char* key) noexcept = 0;
  virtual int64_t integer(const char* key, int64_t fallback) noexcept = 0;
  virtual bool boolean(const char* key, bool fallback) noexcept = 0;
  virtual uint64_t duration_ns(const char* key, uint64_t fallback) noexcept = 0;
  virtual uint64_t size_bytes(const char* key, uint64_t fallback) noexcept = 0;
  // Lists such as "cluster.bootstrap_peers".
  virtual uint32_t count(const char* key) noexcept = 0;
  virtual const char* text_at(const char* key, uint32_t index) noexcept = 0;

 protected:
  ~ConfigView() = default;
};

// Who this process is. Grows at the end only.
struct Identity {
  uint32_t struct_size;
  uint32_t number;            // 0 until set
  uint64_t boot_nonce;        // new with every start of the process
  uint8_t instance_uuid[16];  // made with the data directory
  uint8_t cluster_id[16];     // zero until set
  char node_id[72];
  char version[24];        // of the daemon
  char raft_address[264];  // advertised ones: host of advertise_host, ports of the addresses
  char api_address[264];
  char gossip_address[264];
};

class Host : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.host/1";

  // All of these are borrowed until the plugin's stop() has completed. Any thread.
  virtual uint32_t loop_count() noexcept = 0;
  virtual Loop* loop(uint32_t index) noexcept = 0;
  virtual Workers* workers() noexcept = 0;
  virtual Clock* clock() noexcept = 0;
  virtual Random* random() noexcept = 0;
  virtual Log* log() noexcept = 0;
  virtual ConfigView* config() noexcept = 0;
  virtual Files* files() noexcept = 0;
  virtual Net* net() noexcept = 0;
  virtual Peers* peers() noexcept = 0;
  virtual Meter* meter() noexcept = 0;
  virtual MetricsHub* metrics_hub() noexcept = 0;

  // The interface that another loaded plugin provides, borrowed; null when none does. What stands
  // in the descriptor's `needs` is there from start() on. Loop 0.
  virtual Object* interface_of(const char* interface_id) noexcept = 0;

  virtual void identity(Identity* out) noexcept = 0;  // any thread

  // Writes the cluster's id and this node's number into the identity file, durably, before it
  // returns. Only from zero to a value, never to another: `failed_precondition`. Blocking, loop 0.
  virtual Status join_cluster(const uint8_t cluster_id[16], uint32_t number) noexcept = 0;

  // The loaded plugins as the JSON document of GET /v1/plugins; lives as long as the host. Loop 0
  // after all plugins were started, then any thread.
  virtual const char* plugins_json() noexcept = 0;

  // Ends the process in an orderly way, with exit status 1: for faults after which this plugin
  // cannot go on at all. `reason` is logged. Any thread; returns.
  virtual void request_shutdown(const char* reason) noexcept = 0;

 protected:
  ~Host() = default;
};

}  // namespace grey

#endif  // GREY_HOST_H_
