#include "plugin/library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "grey/glue/status.h"
#include "plugin/preflight.h"

namespace greyd {
namespace {

using ::testing::HasSubstr;

PluginFile good_plugin() {
  const std::string path = GREY_TEST_PLUGINS "/node/consensus_raft.so";
  const Preflight preflight = preflight_file(path, ::geteuid());
  EXPECT_TRUE(preflight.descriptor) << preflight.refusal;
  return {path, preflight.descriptor.value_or(grey::PluginDescriptor())};
}

TEST(Library, LoadsAndCreates) {
  const std::string marker = testing::TempDir() + "library_marker";
  std::filesystem::remove(marker);
  ::setenv("GREY_TEST_MARKER", marker.c_str(), 1);
  const PluginFile file = good_plugin();
  EXPECT_FALSE(std::filesystem::exists(marker));
  std::string error;
  const PluginEntry entry = load_plugin(file, &error);
  ::unsetenv("GREY_TEST_MARKER");
  ASSERT_TRUE(entry) << error;
  EXPECT_TRUE(std::filesystem::exists(marker));
  const grey::Ref<grey::Plugin> plugin = create_plugin(entry, nullptr, &error);
  ASSERT_TRUE(plugin) << error;
  EXPECT_TRUE(grey::query_interface<grey::Plugin>(plugin.get()));
}

TEST(Library, RefusesWhatTheLoaderRefuses) {
  PluginFile file = good_plugin();
  file.path = "/nowhere/p.so";
  std::string error;
  EXPECT_FALSE(load_plugin(file, &error));
  EXPECT_THAT(error, HasSubstr("/nowhere/p.so: cannot be loaded: "));
}

TEST(Library, RefusesAnotherPluginThanPreflightSaw) {
  PluginFile file = good_plugin();
  file.descriptor.version[0] = '9';
  std::string error;
  EXPECT_FALSE(load_plugin(file, &error));
  EXPECT_THAT(error, HasSubstr("changed while it was being loaded"));
}

TEST(Library, PassesOnWhyAPluginRefuses) {
  const PluginEntry refusing = [](grey::Host*, grey::ErrorText* error) -> grey::Plugin* {
    grey::set_error(error, "not today");
    return nullptr;
  };
  std::string error;
  EXPECT_FALSE(create_plugin(refusing, nullptr, &error));
  EXPECT_EQ(error, "not today");
}

}  // namespace
}  // namespace greyd
