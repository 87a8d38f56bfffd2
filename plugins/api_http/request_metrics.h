// What is counted about requests.
#ifndef GREY_PLUGINS_API_HTTP_REQUEST_METRICS_H_
#define GREY_PLUGINS_API_HTTP_REQUEST_METRICS_H_

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "grey/glue/ref.h"
#include "grey/host.h"
#include "latency_window.h"

namespace grey::http {

class RequestMetrics final : public MetricRefresher {
 public:
  RequestMetrics(Host* host, MetricsHub* hub);  // `hub` may be null
  ~RequestMetrics();                            // calls the host only when stop() was not

  // No refresh is under way or comes any more. Once, on one thread; counting may go on.
  void stop();

  // One answered request. Any loop.
  void answered(uint32_t loop_index, const char* operation, int status, uint64_t now_ns,
                uint64_t latency_ns);
  void connections(int change) { connections_->add(change); }

  void refresh() noexcept override;

 private:
  struct PerLoop {
    LatencyWindow window;
    // Found by operation; touched by the loop alone.
    std::map<const char*, Ref<Instrument>> histograms;
    std::map<int, Ref<Instrument>> statuses;
  };

  Host* host_;
  MetricsHub* hub_;  // null once stopped
  std::vector<std::unique_ptr<PerLoop>> loops_;
  Ref<Instrument> p99_;
  Ref<Instrument> connections_;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_REQUEST_METRICS_H_
