#include "grey/testkit/sim_host.h"

#include <cstdlib>
#include <cstring>

#include "grey/glue/bytes.h"
#include "grey/testkit/sim_process.h"
#include "sim_files.h"
#include "sim_meter.h"
#include "sim_net.h"

namespace grey::testkit {
namespace {

struct Unit {
  const char* name;
  uint64_t factor;
};
constexpr Unit kDurations[] = {{"ns", 1},
                               {"us", kMicrosecondNs},
                               {"ms", kMillisecondNs},
                               {"s", kSecondNs},
                               {"m", 60 * kSecondNs},
                               {"h", 3600 * kSecondNs},
                               {"d", 86400 * kSecondNs}};
constexpr Unit kSizes[] = {
    {"B", 1}, {"KiB", 1ull << 10}, {"MiB", 1ull << 20}, {"GiB", 1ull << 30}, {"TiB", 1ull << 40}};

template <size_t kCount>
uint64_t with_unit(const char* text, const Unit (&units)[kCount]) {
  char* end = nullptr;
  const uint64_t number = std::strtoull(text, &end, 10);
  for (const Unit& unit : units) {
    if (std::strcmp(end, unit.name) == 0) return number * unit.factor;
  }
  return number;
}

}  // namespace

const char* SimConfig::text(const char* key) noexcept {
  const auto& values = std::strchr(key, '.') ? process_->settings : options_;
  auto found = values.find(key);
  return found == values.end() ? nullptr : found->second.c_str();
}

int64_t SimConfig::integer(const char* key, int64_t fallback) noexcept {
  const char* value = text(key);
  return value ? std::strtoll(value, nullptr, 10) : fallback;
}

bool SimConfig::boolean(const char* key, bool fallback) noexcept {
  const char* value = text(key);
  return value ? std::strcmp(value, "true") == 0 : fallback;
}

uint64_t SimConfig::duration_ns(const char* key, uint64_t fallback) noexcept {
  const char* value = text(key);
  return value ? with_unit(value, kDurations) : fallback;
}

uint64_t SimConfig::size_bytes(const char* key, uint64_t fallback) noexcept {
  const char* value = text(key);
  return value ? with_unit(value, kSizes) : fallback;
}

uint32_t SimConfig::count(const char* key) noexcept {
  uint32_t found = 0;
  while (text_at(key, found)) ++found;
  return found;
}

const char* SimConfig::text_at(const char* key, uint32_t index) noexcept {
  const char* list = text(key);
  if (!list || *list == '\0') return nullptr;
  std::string_view rest = list;
  for (uint32_t i = 0; i < index; ++i) {
    const size_t comma = rest.find(',');
    if (comma == std::string_view::npos) return nullptr;
    rest = rest.substr(comma + 1);
  }
  std::string& element = elements_[std::string(key) + "/" + std::to_string(index)];
  element = std::string(rest.substr(0, rest.find(',')));
  return element.c_str();
}

SimHost::SimHost(SimProcess* process, std::string plugin,
                 std::map<std::string, std::string> options)
    : process_(process),
      plugin_(std::move(plugin)),
      log_(this),
      config_(process, std::move(options)) {}

uint32_t SimHost::loop_count() noexcept {
  return process_->loop_count();
}
Loop* SimHost::loop(uint32_t index) noexcept {
  return process_->loop(index);
}
Workers* SimHost::workers() noexcept {
  return process_->workers();
}
Clock* SimHost::clock() noexcept {
  return &process_->node()->clock();
}
Random* SimHost::random() noexcept {
  return process_->random();
}
Files* SimHost::files() noexcept {
  return process_->files();
}
Net* SimHost::net() noexcept {
  return process_->net();
}
Peers* SimHost::peers() noexcept {
  return process_->peers;
}
Meter* SimHost::meter() noexcept {
  return process_->meter();
}
MetricsHub* SimHost::metrics_hub() noexcept {
  return process_->meter()->hub();
}

Object* SimHost::interface_of(const char* interface_id) noexcept {
  auto found = process_->interfaces.find(interface_id);
  return found == process_->interfaces.end() ? nullptr : found->second;
}

void SimHost::identity(Identity* out) noexcept {
  const uint32_t size = std::min<uint32_t>(out->struct_size, sizeof(Identity));
  Identity identity = process_->node()->identity();
  identity.boot_nonce = process_->boot_nonce();
  identity.struct_size = out->struct_size;
  std::memcpy(static_cast<void*>(out), &identity, size);
}

Status SimHost::join_cluster(const uint8_t cluster_id[16], uint32_t number) noexcept {
  Identity& identity = process_->node()->identity();
  const uint8_t zero[16] = {};
  const bool same = std::memcmp(identity.cluster_id, cluster_id, 16) == 0;
  if (std::memcmp(identity.cluster_id, zero, 16) != 0 && (!same || identity.number != number)) {
    return make_status(StatusCode::failed_precondition, "the node belongs to a cluster already");
  }
  if (process_->doomed()) return make_status(StatusCode::io_error, "power loss");
  std::memcpy(identity.cluster_id, cluster_id, 16);
  identity.number = number;
  if (process_->identity_changed) process_->identity_changed();
  return ok_status();
}

void SimHost::request_shutdown(const char* reason) noexcept {
  process_->log(plugin_, LogLevel::error,
                std::string("requests the end of the process: ") + reason);
  if (process_->on_shutdown) process_->on_shutdown(plugin_ + ": " + reason);
}

bool SimHost::HostLog::enabled(LogLevel level) noexcept {
  return level >= host_->process_->log_level;
}

void SimHost::HostLog::write(LogLevel level, ByteView message) noexcept {
  if (enabled(level)) host_->process_->log(host_->plugin_, level, text_of(message));
}

}  // namespace grey::testkit
