// Shows the host's metrics to Prometheus: GET /metrics on network.metrics_addr.
#ifndef GREY_PLUGINS_METRICS_PROMETHEUS_EXPORTER_H_
#define GREY_PLUGINS_METRICS_PROMETHEUS_EXPORTER_H_

#include <memory>
#include <string>

#include "grey/glue/plugin.h"
#include "grey/metrics.h"

namespace grey::prometheus {

class ScrapeServer;

class Exporter final : public PluginBase {
 public:
  explicit Exporter(Host* host);

  // Listens when it returns. `already_exists` when the address is in use.
  Status start(ErrorText* error) noexcept override;
  // The server's threads are joined on a worker, since a scrape under way may take its time.
  void stop(Completion* done) noexcept override;

 private:
  class Face final : public InterfaceOf<MetricsExporter> {
   public:
    Face(Object* owner, const Exporter& exporter) : InterfaceOf(owner), exporter_(exporter) {}
    const char* address() noexcept override { return exporter_.address_.c_str(); }

   private:
    const Exporter& exporter_;
  };

  ~Exporter() override;

  Face face_;
  std::string address_;  // set by start(), constant then
  std::unique_ptr<ScrapeServer> server_;
};

}  // namespace grey::prometheus

#endif  // GREY_PLUGINS_METRICS_PROMETHEUS_EXPORTER_H_
