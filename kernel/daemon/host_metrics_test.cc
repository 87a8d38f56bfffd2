#include "daemon/host_metrics.h"

#include <gtest/gtest.h>

#include <cstring>
#include <future>
#include <map>

#include "daemon/temp_dir.h"
#include "grey/glue/plugin.h"

namespace greyd {
namespace {

class Values final : public grey::MetricVisitor {
 public:
  void family(grey::MetricKind, const char* name, const char*) noexcept override { name_ = name; }
  void value(const char* labels, double value) noexcept override {
    values[name_ + "{" + labels + "}"] = value;
  }
  void histogram(const char*, const double*, const uint64_t*, uint32_t, double) noexcept override {}
  std::map<std::string, double> values;

 private:
  std::string name_;
};

TEST(HostMetrics, ShowsPluginsAndQueues) {
  const TempDir dir;
  MetricRegistry metrics;
  std::promise<void> go;
  const auto may_go = go.get_future().share();
  WorkerPool workers({.threads = 1});
  LocalFiles files(dir.path());
  HostMetrics shown(metrics, workers, files);
  PluginFile plugin;
  std::strcpy(plugin.descriptor.kind, "storage");
  std::strcpy(plugin.descriptor.name, "rocks");
  std::strcpy(plugin.descriptor.version, "1.2.3");
  shown.show_plugins({plugin});

  std::promise<void> running;
  ASSERT_TRUE(grey::submit(&workers, [&] {
    running.set_value();
    may_go.wait();
  }));
  running.get_future().wait();
  ASSERT_TRUE(grey::submit(&workers, [] {}));
  Values values;
  metrics.hub()->visit(&values);
  go.set_value();
  EXPECT_EQ(values.values,
            (std::map<std::string, double>{
                {"grey_file_pending_operations{}", 0},
                {R"(grey_plugin_info{kind="storage",name="rocks",version="1.2.3"})", 1},
                {"grey_worker_queue_tasks{}", 1}}));
}

}  // namespace
}  // namespace greyd
