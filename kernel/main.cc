// greyd: reads its configuration, makes a node of plugins, and runs it.
#ifdef GREY_MIMALLOC
#include <mimalloc.h>
#endif
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <string>

#include "command_line.h"
#include "config/config_reference.h"
#include "config/load_config.h"
#include "daemon/daemon.h"
#include "plugin/composition.h"
#include "plugin/registry.h"

namespace greyd {
namespace {

constexpr int kExitFailure = 1;
constexpr int kExitUsage = 64;   // EX_USAGE
constexpr int kExitConfig = 78;  // EX_CONFIG

// PREFIX/lib/grey/plugins for PREFIX/bin/greyd, wherever PREFIX is.
std::string own_plugin_dir() {
  char path[4096];
  const ssize_t size = ::readlink("/proc/self/exe", path, sizeof(path));
  std::string prefix(path, size > 0 ? static_cast<size_t>(size) : 0);
  for (int level = 0; level < 2; ++level) prefix.resize(std::min(prefix.rfind('/'), prefix.size()));
  return prefix + "/lib/grey/plugins";
}

// As many files as the system allows: sockets and storage engines want many.
void raise_file_limit() {
  rlimit limit;
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Pages of what is freed stay for a second. By default they go back to the system after 25 ms, and
// the next buffer of 256 KiB, be it of a snapshot or of a large value, is zeroed page by page
// again.
void keep_freed_pages() {
#ifdef GREY_MIMALLOC
  mi_option_set_default(mi_option_decommit_delay, 1000);
#endif
}

int refuse(const std::vector<ConfigError>& errors) {
  std::fputs(errors_text(errors).c_str(), stderr);
  return kExitConfig;
}

int fail(const std::string& error) {
  std::fprintf(stderr, "greyd: %s\n", error.c_str());
  return kExitFailure;
}

void print_composition(const std::string& file, const Config& config,
                       const std::vector<PluginFile>& plugins) {
  std::printf("%s: ok\nnode %s, data in %s\n", file.c_str(), config.node.id.c_str(),
              config.node.data_dir.c_str());
  for (const PluginFile& plugin : plugins) std::printf("  %s\n", describe(plugin).c_str());
}

int run_node(const Config& config, const Registry& registry,
             const std::vector<PluginFile>& plugins) {
  const std::string version = GREY_VERSION;
  LogOptions log_options;
  parse_log_level(config.log.level, &log_options.level);
  log_options.format = config.log.format == "json" ? LogFormat::json : LogFormat::text;
  LogSink log_sink(log_options);
  for (const std::string& refusal : registry.refusals()) {
    log_sink.write(grey::LogLevel::warning, "greyd", "plugin refused: " + refusal);
  }
  std::string error;
  const std::unique_ptr<DataDir> data_dir = DataDir::open(config.node.data_dir, version, &error);
  if (!data_dir) return fail(error);
  const std::unique_ptr<NodeIdentity> identity =
      NodeIdentity::load(*data_dir, config, version, &error);
  if (!identity) return fail(error);
  raise_file_limit();
  keep_freed_pages();
  Daemon daemon({config, plugins, version, log_sink, *data_dir, *identity});
  return daemon.run();
}

int run(const CommandLine& command) {
  const ConfigResult loaded =
      load_config(command.config_file, process_config_options(own_plugin_dir()));
  if (!loaded.ok()) return refuse(loaded.errors);
  const Config& config = *loaded.config;
  const Registry registry = Registry::scan(config.plugins.path, ::geteuid());
  const Composition composition = compose(config, registry);
  if (!composition.ok()) return refuse(composition.errors);
  if (command.action == CommandLine::Action::check) {
    print_composition(command.config_file, config, composition.plugins);
    return 0;
  }
  return run_node(config, registry, composition.plugins);
}

}  // namespace
}  // namespace greyd

int main(int argc, char** argv) {
  const greyd::CommandLine command = greyd::read_command_line(argc, argv);
  switch (command.action) {
    case greyd::CommandLine::Action::usage_error:
      std::fprintf(stderr, "greyd: %s; see greyd --help\n", command.error.c_str());
      return greyd::kExitUsage;
    case greyd::CommandLine::Action::help:
      std::fputs(greyd::help_text().c_str(), stdout);
      return 0;
    case greyd::CommandLine::Action::version:
      std::printf("greyd %s (SDK %u.%u)\n", GREY_VERSION, grey::kSdkMajor, grey::kSdkMinor);
      return 0;
    case greyd::CommandLine::Action::config_reference:
      std::fputs(greyd::config_reference_markdown().c_str(), stdout);
      return 0;
    case greyd::CommandLine::Action::check:
    case greyd::CommandLine::Action::run:
      return greyd::run(command);
  }
  return greyd::kExitUsage;
}
