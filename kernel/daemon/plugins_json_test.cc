#include "daemon/plugins_json.h"

#include <gtest/gtest.h>

#include "grey/glue/plugin.h"

namespace greyd {
namespace {

TEST(PluginsJson, Text) {
  EXPECT_EQ(json_string("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\u000a\\u0001\"");
}

TEST(PluginsJson, Document) {
  EXPECT_EQ(plugins_json({}), R"({"plugins":[]})");
  const grey::PluginDescriptor descriptor =
      grey::make_descriptor({.flags = grey::kOwnsIo,
                             .name = "mine",
                             .version = "1.0.0",
                             .license = "MIT",
                             .summary = "Says \"hi\"",
                             .kind = "api",
                             .provides = {"grey.api/1"},
                             .needs = {"grey.kv/1", "x/1"},
                             .options = {{.name = "n",
                                          .type = "integer",
                                          .default_text = "1",
                                          .allowed = "1..2",
                                          .documentation = "d"}}});
  EXPECT_EQ(
      plugins_json({{"/p/mine.so", descriptor}}),
      R"({"plugins":[{"name":"mine","kind":"api","version":"1.0.0","license":"MIT",)"
      R"("summary":"Says \"hi\"","file":"/p/mine.so","sdk":"0.3","owns_threads":false,)"
      R"("owns_io":true,"provides":["grey.api/1"],"needs":["grey.kv/1","x/1"],"options":[)"
      R"({"name":"n","type":"integer","default":"1","allowed":"1..2","documentation":"d"}]}]})");
}

}  // namespace
}  // namespace greyd
