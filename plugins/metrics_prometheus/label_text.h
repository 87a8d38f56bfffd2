// The label texts of the metrics hub.
#ifndef GREY_PLUGINS_METRICS_PROMETHEUS_LABEL_TEXT_H_
#define GREY_PLUGINS_METRICS_PROMETHEUS_LABEL_TEXT_H_

#include <prometheus/client_metric.h>

#include <string_view>
#include <vector>

namespace grey::prometheus {

// Reads `a="x",b="y"`, in the order given, with \" \\ and \n as in Prometheus' text format. A text
// that is no such list comes back whole as the value of one label, `labels`, so that the series is
// neither lost nor mixed up with another.
std::vector<::prometheus::ClientMetric::Label> parse_labels(std::string_view text);

}  // namespace grey::prometheus

#endif  // GREY_PLUGINS_METRICS_PROMETHEUS_LABEL_TEXT_H_
