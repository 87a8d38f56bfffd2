#include "plugin/composition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load_config.h"
#include "grey/glue/plugin.h"

namespace greyd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

template <size_t N>
void put(std::string_view text, char (&out)[N]) {
  text.copy(out, N - 1);
}

PluginFile plugin(const char* kind, const char* name, const char* provides = "",
                  std::vector<std::string> needs = {}) {
  grey::PluginDescriptor d = grey::make_descriptor(
      {.version = "1.0.0", .options = {{.name = "workers", .type = "integer", .allowed = "1..8"}}});
  put(kind, d.kind);
  put(name, d.name);
  put(provides, d.provides[0]);
  for (size_t i = 0; i < needs.size(); ++i) put(needs[i], d.needs[i]);
  return {std::string("/plugins/") + name + ".so", d};
}

std::vector<PluginFile> node() {
  return {plugin("api", "http", "grey.api/1", {"grey.kv/1"}),
          plugin("consensus", "raft", "grey.consensus/1"),
          plugin("membership", "swim", "grey.membership/1", {"grey.transport/1"}),
          plugin("metrics", "prometheus", "grey.metrics/1"),
          plugin("service", "kv", "grey.kv/1", {"grey.consensus/1", "grey.storage/1"}),
          plugin("storage", "rocksdb", "grey.storage/1"),
          plugin("transport", "tcp", "grey.transport/1")};
}

Config config(const std::string& more = "") {
  const ConfigResult result =
      parse_config("node: {id: n1}\n" + more, "grey.yaml",
                   {.plugin_dir = "/plugins", .host_name = "h", .environment = {}});
  EXPECT_TRUE(result.ok()) << errors_text(result.errors);
  return result.config.value_or(Config());
}

std::vector<std::string> names(const Composition& composition) {
  std::vector<std::string> result;
  for (const PluginFile& file : composition.plugins) result.emplace_back(file.descriptor.name);
  return result;
}

TEST(Composition, OfTheDefaultsInOrderOfDependency) {
  const Composition result = compose(config(), Registry(node()));
  EXPECT_EQ(errors_text(result.errors), "");
  EXPECT_THAT(names(result),
              ElementsAre("tcp", "raft", "rocksdb", "swim", "prometheus", "kv", "http"));
}

TEST(Composition, NamesKeyLineAndFoldersOfWhatIsMissing) {
  const Composition result = compose(config("storage:\n  engine: lmdb\n"), Registry(node()));
  EXPECT_THAT(errors_text(result.errors), HasSubstr("grey.yaml:3:11: storage.engine: asks for the "
                                                    "storage plugin \"lmdb\", which is not in "
                                                    "/plugins (storage plugins there: rocksdb)"));
}

TEST(Composition, NeverReplacesTlsByPlainText) {
  const Composition result = compose(
      config("security:\n  tls: {enabled: true, cert_file: /c, key_file: /k, ca_file: /a}\n"),
      Registry(node()));
  EXPECT_THAT(errors_text(result.errors), HasSubstr("security.tls.enabled: asks for the transport "
                                                    "plugin \"tls\""));
}

TEST(Composition, ReportsAllThatIsMissingAtOnce) {
  const Composition result = compose(config(), Registry(std::vector<PluginFile>{}));
  EXPECT_EQ(result.errors.size(), 7u);
}

TEST(Composition, ChecksOptionsAgainstTheDescriptors) {
  const Composition result = compose(
      config(
          "plugins:\n  options:\n    raft: {workers: 99}\n    kv: {wrkers: 2}\n    rft: {a: 1}\n"),
      Registry(node()));
  const std::string text = errors_text(result.errors);
  EXPECT_EQ(result.errors.size(), 3u);
  EXPECT_THAT(text, StartsWith("grey.yaml:4:21: plugins.options.raft.workers: "));
  EXPECT_THAT(text, HasSubstr("did you mean \"workers\"?"));
  EXPECT_THAT(text, HasSubstr("plugins.options.rft: options of a plugin that is not installed; did "
                              "you mean \"raft\"?"));
}

TEST(Composition, KeepsOptionsOfInstalledPluginsThatAreNotChosen) {
  std::vector<PluginFile> plugins = node();
  plugins.push_back(plugin("storage", "lmdb", "grey.storage/1"));
  EXPECT_THAT(
      compose(config("plugins: {options: {lmdb: {workers: 2}}}\n"), Registry(plugins)).errors,
      IsEmpty());
}

TEST(Composition, RefusesTwoFilesOfOnePlugin) {
  std::vector<PluginFile> plugins = node();
  plugins.push_back(plugin("api", "http", "grey.api/1"));
  plugins.back().path = "/other/http.so";
  EXPECT_THAT(errors_text(compose(config(), Registry(plugins)).errors),
              HasSubstr("plugins.api: the api plugin \"http\" is there more than once, as "
                        "/plugins/http.so and /other/http.so"));
}

TEST(Composition, RefusesTwoChosenPluginsOfOneName) {
  std::vector<PluginFile> plugins = node();
  plugins.push_back(plugin("metrics", "http"));
  EXPECT_THAT(
      errors_text(compose(config("plugins: {metrics: [http]}\n"), Registry(plugins)).errors),
      HasSubstr("two plugins named \"http\""));
}

TEST(Composition, ATransportStandsOnTransportsOnly) {
  std::vector<PluginFile> plugins = node();
  plugins.back() = plugin("transport", "tcp", "grey.transport/1", {"grey.storage/1"});
  EXPECT_THAT(errors_text(compose(config(), Registry(plugins)).errors),
              HasSubstr("plugin tcp needs the interface grey.storage/1"));
  plugins.back() = plugin("transport", "tcp", "acme.transport/1");
  EXPECT_THAT(errors_text(compose(config(), Registry(plugins)).errors),
              HasSubstr("does not provide grey.transport/1"));
}

TEST(Registry, ScansFoldersAndKeepsWhatIsRefused) {
  const Registry registry = Registry::scan(
      {GREY_TEST_PLUGINS "/node", GREY_TEST_PLUGINS "/odd", "/nowhere/at/all"}, ::geteuid());
  EXPECT_EQ(registry.plugins().size(), 7u);
  EXPECT_EQ(registry.refusals().size(), 3u);
  EXPECT_THAT(registry.unreadable(), ElementsAre("/nowhere/at/all: No such file or directory"));
  ASSERT_EQ(registry.find("api", "http").size(), 1u);
  EXPECT_THAT(registry.find("storage", "http"), IsEmpty());
}

}  // namespace
}  // namespace greyd
