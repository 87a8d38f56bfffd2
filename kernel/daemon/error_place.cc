#include "daemon/error_place.h"

#include <cctype>
#include <string_view>
#include <utility>

namespace greyd {
namespace {

// Whether `text` names exactly this address: 127.0.0.1:80 is not in 127.0.0.1:8080.
bool names_address(std::string_view text, const std::string& address) {
  const auto part_of_one = [&](size_t at) {
    if (at >= text.size()) return false;
    const auto c = static_cast<unsigned char>(text[at]);
    return std::isalnum(c) != 0 || c == '.' || c == '-';
  };
  for (size_t at = text.find(address); at != text.npos; at = text.find(address, at + 1)) {
    const size_t end = at + address.size();
    const bool longer_port = end < text.size() && std::isdigit(text[end]) != 0;
    if (!longer_port && (at == 0 || !part_of_one(at - 1))) return true;
  }
  return false;
}

}  // namespace

std::string with_config_key(const std::string& error, const Config& config) {
  const Config::Network& network = config.network;
  const std::pair<const char*, const Endpoint&> addresses[] = {
      {"network.api_addr", network.api_addr},
      {"network.raft_addr", network.raft_addr},
      {"network.gossip_addr", network.gossip_addr},
      {"network.metrics_addr", network.metrics_addr}};
  for (const auto& [key, address] : addresses) {
    if (!names_address(error, address.to_string())) continue;
    if (error.find(key) != std::string::npos) return error;
    return error + " (" + key + " in " + config.source.file + ")";
  }
  return error;
}

}  // namespace greyd
