#include "daemon/daemon.h"

#include <algorithm>
#include <cstring>
#include <thread>
#include <utility>

#include "daemon/error_place.h"
#include "daemon/plugins_json.h"
#include "grey/api.h"
#include "grey/metrics.h"
#include "plugin/descriptor_check.h"
#include "plugin/library.h"

namespace greyd {
namespace {

uint32_t loop_count(const Config& config) {
  if (config.runtime.loops > 0) return static_cast<uint32_t>(config.runtime.loops);
  // One core is left to the log's writers and the engine's flushes, which every write waits for.
  return std::max(2u, std::thread::hardware_concurrency()) - 1;
}

// Some elections' time, so that a slow moment costs no links, but within what an operator waits.
uint64_t silence_ns(const Config& config) {
  const int64_t ms = std::clamp<int64_t>(3 * config.consensus.election_timeout_ms, 1'000, 15'000);
  return static_cast<uint64_t>(ms) * 1'000'000;
}

std::string version_text() {
  return std::to_string(grey::kSdkMajor) + "." + std::to_string(grey::kSdkMinor);
}

}  // namespace

Daemon::Daemon(const DaemonParts& parts)
    : parts_(parts),
      config_values_(values_of(parts.config)),
      log_(parts.log_sink, "greyd"),
      loops_(loop_count(parts.config)),
      files_(parts.data_dir.path()),
      net_(loops_),
      host_metrics_(metrics_, workers_, files_),
      services_(make_services()),
      lifecycle_(loops_.loop(0), &log_) {}

Daemon::~Daemon() = default;

int Daemon::run() {
  grey::post(loops_.loop(0), [this] { start(); });
  signals_.set_calls(signal_calls());
  loops_.run();
  signals_.set_calls(last_signal_calls());
  log(grey::LogLevel::info, "stopped");
  return exit_status_;
}

SignalWatch::Calls Daemon::signal_calls() {
  SignalWatch::Calls calls;
  calls.stop = [this](int signal_number) {
    grey::post(loops_.loop(0), [this, signal_number] {
      log(grey::LogLevel::info, std::string("stopping: ") + ::strsignal(signal_number) +
                                    "; a second signal ends it at once");
      begin_stop();
    });
  };
  calls.ignored = [this](int signal_number) {
    grey::post(loops_.loop(0), [this, signal_number] {
      log(grey::LogLevel::info, std::string(::strsignal(signal_number)) +
                                    " ignored: the configuration is read at the start only");
    });
  };
  calls.forced = [this](const std::string& why) {
    const std::string waiting = lifecycle_.waiting_for();
    log(grey::LogLevel::error,
        why + (waiting.empty() ? "" : " (was waiting for plugin " + waiting + ")"));
  };
  return calls;
}

// While the node is being taken apart: touches nothing of it.
SignalWatch::Calls Daemon::last_signal_calls() {
  SignalWatch::Calls calls;
  calls.stop = [](int) {};
  calls.ignored = [](int) {};
  calls.forced = [this](const std::string& why) { log(grey::LogLevel::error, why); };
  return calls;
}

NodeServices Daemon::make_services() {
  NodeServices services;
  for (uint32_t i = 0; i < loops_.count(); ++i) services.loops.push_back(loops_.loop(i));
  services.workers = &workers_;
  services.clock = &clock_;
  services.random = &random_;
  services.files = &files_;
  services.net = &net_;
  services.meter = metrics_.meter();
  services.metrics_hub = metrics_.hub();
  services.log_sink = &parts_.log_sink;
  services.identity = &parts_.identity;
  services.config = &config_values_;
  services.interface_of = [this](const char* interface_id) { return interface_of(interface_id); };
  services.identity_changed = [this] {
    if (peers_) peers_->identity_changed();
  };
  services.shut_down = [this](const std::string& who, const char* reason) {
    shut_down("plugin " + who, reason);
  };
  return services;
}

void Daemon::log(grey::LogLevel level, const std::string& text) {
  log_.write(level, grey::view_of(text));
}

void Daemon::start() {
  if (stopping_) return;
  log(grey::LogLevel::info, "greyd " + parts_.version + " (SDK " + version_text() + "), node " +
                                parts_.config.node.id + ", data in " + parts_.data_dir.path() +
                                ", " + std::to_string(loops_.count()) + " loops");
  std::string error;
  bool ok = true;
  for (size_t i = 0; ok && i < parts_.plugins.size(); ++i) ok = load_plugin_at(i, &error);
  services_.plugins_json = plugins_json(parts_.plugins);
  host_metrics_.show_plugins(parts_.plugins);
  ok = ok && lifecycle_.start(&error) && start_peers(&error);
  if (!ok) return shut_down("start", with_config_key(error, parts_.config));
  log_addresses();
  log(grey::LogLevel::info, "started");
}

bool Daemon::load_plugin_at(size_t index, std::string* error) {
  const PluginFile& file = parts_.plugins[index];
  const std::string name = file.descriptor.name;
  const PluginEntry entry = load_plugin(file, error);
  if (!entry) return false;
  const auto& options = parts_.config.plugins.options;
  const auto given = options.find(name);
  hosts_.push_back(std::make_unique<PluginHost>(
      services_, name,
      values_of(option_specs(file.descriptor), given == options.end() ? nullptr : &given->second)));
  grey::Ref<grey::Plugin> plugin = create_plugin(entry, hosts_.back().get(), error);
  if (!plugin) {
    *error = "plugin " + name + ": " + *error;
    return false;
  }
  plugins_.push_back(plugin.get());
  log(grey::LogLevel::info, "loaded " + describe(file));
  lifecycle_.add(name, std::move(plugin));
  if (peers_) return true;
  transport_ = grey::query_interface<grey::Transport>(plugins_.back());
  if (!transport_) {
    *error = "plugin " + name + ": does not answer " + grey::Transport::kInterfaceId;
    return false;
  }
  // All further plugins find the links in their host, and the transport below them running.
  if (!lifecycle_.start(error)) return false;
  PeerLinksWorld world;
  world.loops = services_.loops;
  world.transport = transport_.get();
  world.random = &random_;
  world.log = &log_;
  world.meter = metrics_.meter();
  world.identity = [this](grey::Identity* out) { parts_.identity.get(out); };
  PeerLinksOptions links;
  links.listen_address = parts_.config.network.raft_addr.to_string();
  links.silence_ns = silence_ns(parts_.config);
  peers_ = grey::make_ref<PeerLinks>(std::move(world), std::move(links));
  services_.peers = peers_.get();
  return true;
}

bool Daemon::start_peers(std::string* error) {
  grey::ErrorText text = grey::empty_error_text();
  const grey::Status status = peers_->start(&text);
  if (status.ok()) return true;
  *error = std::string("links to other nodes: ") +
           (text.text[0] != '\0' ? std::string(text.text) : grey::describe(status));
  return false;
}

void Daemon::log_addresses() {
  const Config::Network& network = parts_.config.network;
  for (grey::Plugin* plugin : plugins_) {
    if (auto api = grey::query_interface<grey::ClientApi>(plugin)) {
      log(grey::LogLevel::info, std::string("clients are served on ") + api->address());
    }
    if (auto metrics = grey::query_interface<grey::MetricsExporter>(plugin)) {
      log(grey::LogLevel::info, std::string("metrics are served on ") + metrics->address());
    }
  }
  log(grey::LogLevel::info,
      "other nodes reach this one on " + network.raft_addr.to_string() + ", advertised as " +
          Endpoint{network.advertise_host, network.raft_addr.port}.to_string());
}

void Daemon::shut_down(const std::string& who, const std::string& reason) {
  exit_status_ = 1;
  log(grey::LogLevel::error,
      who == "start" ? "cannot start: " + reason : who + " ends this process: " + reason);
  grey::post(loops_.loop(0), [this] { begin_stop(); });
}

void Daemon::begin_stop() {
  if (std::exchange(stopping_, true)) return;
  signals_.expect_end_within(kEndTimeoutMs);
  lifecycle_.drain(kDrainTimeoutMs * 1'000'000, [this] { stop_peers(); });
}

void Daemon::stop_peers() {
  if (!peers_) return stop_plugins();
  grey::Loop* loop = loops_.loop(0);
  peers_timer_ = grey::Ref<grey::Timer>::adopt(loop->make_timer(&peers_timeout_));
  peers_timer_->arm(loop->now_ns() + kPeersTimeoutMs * 1'000'000);
  peers_->stop(grey::completion(
      [this, loop](grey::Status) { grey::post(loop, [this] { stop_plugins(); }); }));
}

void Daemon::stop_plugins() {
  if (std::exchange(peers_stopped_, true)) return;
  if (peers_timer_) peers_timer_->cancel();
  lifecycle_.stop([this] { loops_.stop(); });
}

grey::Object* Daemon::interface_of(const char* interface_id) {
  for (size_t i = 0; i < plugins_.size(); ++i) {
    for (const std::string& provided : provides_of(parts_.plugins[i].descriptor)) {
      if (provided != interface_id) continue;
      grey::Object* object = plugins_[i]->query(interface_id);
      if (object) object->release();  // borrowed: the plugin itself keeps it alive
      if (object) return object;
    }
  }
  return nullptr;
}

}  // namespace greyd
