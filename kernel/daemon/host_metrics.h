// What the daemon shows of its own: which plugins run, and what waits in the host's queues.
#ifndef GREY_KERNEL_DAEMON_HOST_METRICS_H_
#define GREY_KERNEL_DAEMON_HOST_METRICS_H_

#include <vector>

#include "grey/glue/ref.h"
#include "host/local_files.h"
#include "host/metric_registry.h"
#include "host/worker_pool.h"
#include "plugin/registry.h"

namespace greyd {

// Borrows all it is given. The gauges are brought up to date at each visit.
class HostMetrics final : private grey::MetricRefresher {
 public:
  HostMetrics(MetricRegistry& metrics, WorkerPool& workers, LocalFiles& files);
  ~HostMetrics();
  HostMetrics(const HostMetrics&) = delete;
  HostMetrics& operator=(const HostMetrics&) = delete;

  // One series a plugin, with the value 1. Any thread.
  void show_plugins(const std::vector<PluginFile>& plugins);

 private:
  void refresh() noexcept override;

  MetricRegistry& metrics_;
  WorkerPool& workers_;
  LocalFiles& files_;
  grey::Ref<grey::Instrument> worker_queue_;
  grey::Ref<grey::Instrument> file_operations_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_HOST_METRICS_H_
