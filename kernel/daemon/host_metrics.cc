#include "daemon/host_metrics.h"

#include <string>

namespace greyd {
namespace {

grey::Ref<grey::Instrument> gauge(MetricRegistry& metrics, const char* name, const char* help,
                                  const std::string& labels = {}) {
  return grey::Ref<grey::Instrument>::adopt(
      metrics.meter()->instrument(grey::MetricKind::gauge, name, help, labels.c_str(), nullptr, 0));
}

}  // namespace

HostMetrics::HostMetrics(MetricRegistry& metrics, WorkerPool& workers, LocalFiles& files)
    : metrics_(metrics), workers_(workers), files_(files) {
  worker_queue_ = gauge(metrics, "grey_worker_queue_tasks",
                        "Blocking tasks that wait for one of the node's worker threads.");
  file_operations_ = gauge(metrics, "grey_file_pending_operations",
                           "Reads, writes and syncs of files that were submitted and not carried "
                           "out so far.");
  metrics_.hub()->add_refresher(this);
}

HostMetrics::~HostMetrics() {
  metrics_.hub()->remove_refresher(this);
}

void HostMetrics::show_plugins(const std::vector<PluginFile>& plugins) {
  for (const PluginFile& plugin : plugins) {
    const grey::PluginDescriptor& descriptor = plugin.descriptor;
    gauge(metrics_, "grey_plugin_info", "The plugins this node runs; always 1.",
          std::string("kind=\"") + descriptor.kind + "\",name=\"" + descriptor.name +
              "\",version=\"" + descriptor.version + "\"")
        ->set(1);
  }
}

void HostMetrics::refresh() noexcept {
  worker_queue_->set(static_cast<double>(workers_.queued()));
  file_operations_->set(static_cast<double>(files_.pending_operations()));
}

}  // namespace greyd
