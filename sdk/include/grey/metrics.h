// Kind "metrics": shows the content of the host's metrics hub (grey/meter.h) to the outside.
#ifndef GREY_METRICS_H_
#define GREY_METRICS_H_

#include "grey/object.h"

namespace grey {

class MetricsExporter : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.metrics/1";

  // Where it is served, such as "0.0.0.0:10080". Valid until stop. Any thread.
  virtual const char* address() noexcept = 0;

 protected:
  ~MetricsExporter() = default;
};

}  // namespace grey

#endif  // GREY_METRICS_H_
