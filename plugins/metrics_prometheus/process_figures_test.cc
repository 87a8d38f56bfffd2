#include "process_figures.h"

#include <gtest/gtest.h>

#include <ctime>
#include <map>
#include <string>

namespace grey::prometheus {
namespace {

TEST(ProcessFigures, ReadsAStatLineWhoseNameHoldsBlanksAndParentheses) {
  const auto stat = parse_process_stat(
      "42 (a ) (b) S 1 42 42 0 -1 4194304 100 0 0 0 70 30 0 0 20 0 4 0 12345 1048576 256 1844\n");
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->cpu_ticks, 100u);
  EXPECT_EQ(stat->start_ticks, 12345u);
  EXPECT_EQ(stat->virtual_bytes, 1048576u);
  EXPECT_EQ(stat->resident_pages, 256u);
}

TEST(ProcessFigures, RefusesWhatIsNoStatLine) {
  EXPECT_FALSE(parse_process_stat(""));
  EXPECT_FALSE(parse_process_stat("42 (name"));
  EXPECT_FALSE(parse_process_stat("42 (name) S 1 2 3"));
  EXPECT_FALSE(parse_process_stat("42 (name) S 1 2 3 4 5 6 7 8 9 a x y z"));
}

TEST(ProcessFigures, TellsAboutThisProcess) {
  std::map<std::string, double> values;
  for (const auto& family : process_figures()) {
    ASSERT_EQ(family.metric.size(), 1u);
    const auto& metric = family.metric[0];
    values[family.name] = family.type == ::prometheus::MetricType::Counter ? metric.counter.value
                                                                           : metric.gauge.value;
  }
  EXPECT_GT(values["process_resident_memory_bytes"], 100'000);
  EXPECT_GE(values["process_virtual_memory_bytes"], values["process_resident_memory_bytes"]);
  EXPECT_GE(values["process_open_fds"], 3);
  EXPECT_GE(values["process_max_fds"], values["process_open_fds"]);
  EXPECT_EQ(values.count("process_cpu_seconds_total"), 1u);
  const auto now = static_cast<double>(std::time(nullptr));
  EXPECT_LE(values["process_start_time_seconds"], now + 5);
  EXPECT_GT(values["process_start_time_seconds"], now - 3600);
}

}  // namespace
}  // namespace grey::prometheus
