#include "plugin/descriptor_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "grey/glue/plugin.h"

namespace greyd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

grey::PluginDescriptor good() {
  return grey::make_descriptor({.name = "mine",
                                .version = "1.0.0",
                                .license = "MIT",
                                .kind = "storage",
                                .provides = {"grey.storage/1"},
                                .needs = {"a/1", "b/1"},
                                .options = {{.name = "cache",
                                             .type = "size",
                                             .default_text = "8MiB",
                                             .allowed = "1MiB..1GiB",
                                             .documentation = "How much."}}});
}

TEST(DescriptorCheck, AcceptsAGoodOneAndListsWhatItHolds) {
  EXPECT_EQ(descriptor_problem(good()), "");
  EXPECT_THAT(provides_of(good()), ElementsAre("grey.storage/1"));
  EXPECT_THAT(needs_of(good()), ElementsAre("a/1", "b/1"));
  const std::vector<OptionSpec> specs = option_specs(good());
  ASSERT_EQ(specs.size(), 1u);
  EXPECT_EQ(specs[0].name, "cache");
  EXPECT_EQ(specs[0].type, ValueType::size);
  EXPECT_EQ(specs[0].default_text, "8MiB");
}

TEST(DescriptorCheck, RefusesBadNamesAndTypes) {
  auto d = good();
  d.name[0] = 'M';
  EXPECT_THAT(descriptor_problem(d), HasSubstr("plugin name"));
  d = good();
  d.name[0] = '\0';
  EXPECT_THAT(descriptor_problem(d), HasSubstr("plugin name"));
  d = good();
  d.version[0] = '\0';
  EXPECT_THAT(descriptor_problem(d), HasSubstr("version"));
  d = good();
  d.options[0].type[0] = 'z';
  EXPECT_THAT(descriptor_problem(d), HasSubstr("unknown type"));
  d = good();
  d.option_count = 2;
  EXPECT_THAT(descriptor_problem(d), HasSubstr("unusable name"));
  d.options[1] = d.options[0];
  EXPECT_THAT(descriptor_problem(d), HasSubstr("twice"));
}

TEST(DescriptorCheck, RefusesADefaultThatIsNotAllowed) {
  auto d = good();
  d.options[0].default_text[0] = '0';
  EXPECT_THAT(descriptor_problem(d), HasSubstr("cache whose default 0MiB is not allowed"));
}

}  // namespace
}  // namespace greyd
