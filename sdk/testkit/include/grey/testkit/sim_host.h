// The simulated host of one plugin.
#ifndef GREY_TESTKIT_SIM_HOST_H_
#define GREY_TESTKIT_SIM_HOST_H_

#include <map>
#include <string>

#include "grey/host.h"
#include "grey/testkit/sim_world.h"

namespace grey::testkit {

class SimProcess;

// Settings as text: durations such as "150ms", sizes such as "4MiB", lists as "a,b,c".
class SimConfig final : public SimService<ConfigView> {
 public:
  // A key without a dot is looked up in `options`, others in the process's settings.
  SimConfig(SimProcess* process, std::map<std::string, std::string> options)
      : process_(process), options_(std::move(options)) {}

  const char* text(const char* key) noexcept override;
  int64_t integer(const char* key, int64_t fallback) noexcept override;
  bool boolean(const char* key, bool fallback) noexcept override;
  uint64_t duration_ns(const char* key, uint64_t fallback) noexcept override;
  uint64_t size_bytes(const char* key, uint64_t fallback) noexcept override;
  uint32_t count(const char* key) noexcept override;
  const char* text_at(const char* key, uint32_t index) noexcept override;

 private:
  SimProcess* process_;
  std::map<std::string, std::string> options_;
  std::map<std::string, std::string> elements_;  // "key/index": kept for text_at
};

class SimHost final : public SimService<Host> {
 public:
  SimHost(SimProcess* process, std::string plugin, std::map<std::string, std::string> options);

  const std::string& plugin() const { return plugin_; }

  uint32_t loop_count() noexcept override;
  Loop* loop(uint32_t index) noexcept override;
  Workers* workers() noexcept override;
  Clock* clock() noexcept override;
  Random* random() noexcept override;
  Log* log() noexcept override { return &log_; }
  ConfigView* config() noexcept override { return &config_; }
  Files* files() noexcept override;
  Net* net() noexcept override;
  Peers* peers() noexcept override;
  Meter* meter() noexcept override;
  MetricsHub* metrics_hub() noexcept override;
  Object* interface_of(const char* interface_id) noexcept override;
  void identity(Identity* out) noexcept override;
  Status join_cluster(const uint8_t cluster_id[16], uint32_t number) noexcept override;
  const char* plugins_json() noexcept override { return "{\"plugins\":[]}"; }
  void request_shutdown(const char* reason) noexcept override;

 private:
  class HostLog final : public SimService<Log> {
   public:
    explicit HostLog(SimHost* host) : host_(host) {}
    bool enabled(LogLevel level) noexcept override;
    void write(LogLevel level, ByteView message) noexcept override;

   private:
    SimHost* host_;
  };

  SimProcess* process_;
  const std::string plugin_;
  HostLog log_;
  SimConfig config_;
};

}  // namespace grey::testkit

#endif  // GREY_TESTKIT_SIM_HOST_H_
