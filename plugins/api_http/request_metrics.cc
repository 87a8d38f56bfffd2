#include "request_metrics.h"

#include <utility>

namespace grey::http {

RequestMetrics::RequestMetrics(Host* host, MetricsHub* hub) : host_(host), hub_(hub) {
  for (uint32_t i = 0; i < host->loop_count(); ++i) loops_.push_back(std::make_unique<PerLoop>());
  p99_ = Ref<Instrument>::adopt(host->meter()->instrument(
      MetricKind::gauge, "grey_request_latency_p99",
      "99th percentile of the time to answer a client request, over the last minute, in seconds; 0 "
      "when idle.",
      "", nullptr, 0));
  connections_ = Ref<Instrument>::adopt(host->meter()->instrument(
      MetricKind::gauge, "grey_http_connections", "Open client connections.", "", nullptr, 0));
  if (hub_) hub_->add_refresher(this);
}

RequestMetrics::~RequestMetrics() {
  stop();
}

void RequestMetrics::stop() {
  if (hub_) std::exchange(hub_, nullptr)->remove_refresher(this);
}

void RequestMetrics::answered(uint32_t loop_index, const char* operation, int status,
                              uint64_t now_ns, uint64_t latency_ns) {
  PerLoop& loop = *loops_[loop_index];
  loop.window.record(now_ns, latency_ns);
  Ref<Instrument>& histogram = loop.histograms[operation];
  if (!histogram) {
    const std::string labels = "op=\"" + std::string(operation) + "\"";
    histogram = Ref<Instrument>::adopt(host_->meter()->instrument(
        MetricKind::histogram, "grey_http_request_duration_seconds",
        "Time from a whole request to its answer, by operation.", labels.c_str(), nullptr, 0));
  }
  histogram->add(static_cast<double>(latency_ns) / 1e9);
  Ref<Instrument>& counter = loop.statuses[status];
  if (!counter) {
    const std::string labels = "status=\"" + std::to_string(status) + "\"";
    counter = Ref<Instrument>::adopt(host_->meter()->instrument(
        MetricKind::counter, "grey_http_requests_total", "Answered requests by HTTP status.",
        labels.c_str(), nullptr, 0));
  }
  counter->add(1);
}

void RequestMetrics::refresh() noexcept {
  std::vector<uint64_t> counts(LatencyWindow::kBuckets);
  const uint64_t now_ns = host_->clock()->monotonic_ns();
  for (auto& loop : loops_) loop->window.add_to(now_ns, &counts);
  p99_->set(LatencyWindow::quantile(counts, 0.99));
}

}  // namespace grey::http
