#include "daemon/node_identity.h"

#include <algorithm>
#include <cstring>

#include "daemon/small_file.h"

namespace greyd {
namespace {

constexpr size_t kMaxIdentityBytes = 4096;

template <size_t N>
void copy_text(const std::string& text, char (&out)[N]) {
  const size_t size = std::min(text.size(), N - 1);
  std::memcpy(out, text.data(), size);
  out[size] = '\0';
}

std::string advertised(const Config& config, const Endpoint& address) {
  return Endpoint{config.network.advertise_host, address.port}.to_string();
}

uint64_t make_boot_nonce() {
  const Uuid random = make_uuid();
  uint64_t nonce = 0;
  std::memcpy(&nonce, random.data() + 8, sizeof(nonce));
  return nonce;  // never 0: the UUID's variant bits are among these
}

}  // namespace

NodeIdentity::NodeIdentity(const DataDir& data_dir, StoredIdentity stored, const Config& config,
                           const std::string& version)
    : data_dir_(data_dir), stored_(std::move(stored)) {
  fixed_.struct_size = sizeof(fixed_);
  fixed_.boot_nonce = make_boot_nonce();
  std::copy(stored_.instance_uuid.begin(), stored_.instance_uuid.end(), fixed_.instance_uuid);
  copy_text(stored_.node_id, fixed_.node_id);
  copy_text(version, fixed_.version);
  copy_text(advertised(config, config.network.raft_addr), fixed_.raft_address);
  copy_text(advertised(config, config.network.api_addr), fixed_.api_address);
  copy_text(advertised(config, config.network.gossip_addr), fixed_.gossip_address);
}

std::unique_ptr<NodeIdentity> NodeIdentity::load(const DataDir& data_dir, const Config& config,
                                                 const std::string& version, std::string* error) {
  const std::string path = data_dir.path() + "/" + kIdentityName;
  const SmallFile file = read_small_file(path, kMaxIdentityBytes);
  StoredIdentity stored;
  if (!file.error.empty()) {
    *error = file.error;
  } else if (file.exists) {
    std::string problem;
    const std::optional<StoredIdentity> found = decode_identity(file.content, &problem);
    if (!found) {
      *error = path + " " + problem;
    } else if (found->node_id != config.node.id) {
      *error = "node.data_dir " + data_dir.path() + " belongs to the node \"" + found->node_id +
               "\", but node.id is \"" + config.node.id +
               "\": correct node.id, or give this node a data directory of its own";
    } else {
      stored = *found;
    }
  } else if (data_dir.has_data()) {
    *error = "node.data_dir " + data_dir.path() + " has data but no file " + kIdentityName +
             ": put back a copy of it, or empty the directory and let the cluster fill it again";
  } else {
    stored.node_id = config.node.id;
    stored.instance_uuid = make_uuid();
    *error = write_small_file(data_dir.path(), kIdentityName, encode_identity(stored));
  }
  if (!error->empty()) return nullptr;
  return std::unique_ptr<NodeIdentity>(
      new NodeIdentity(data_dir, std::move(stored), config, version));
}

void NodeIdentity::get(grey::Identity* out) const {
  grey::Identity all = fixed_;
  {
    const std::lock_guard lock(mutex_);
    all.number = stored_.number;
    std::copy(stored_.cluster_id.begin(), stored_.cluster_id.end(), all.cluster_id);
  }
  // A plugin of an older SDK knows less of the struct.
  const size_t size =
      std::min<size_t>(out->struct_size ? out->struct_size : sizeof(all), sizeof(all));
  all.struct_size = static_cast<uint32_t>(size);
  std::memcpy(out, &all, size);
}

uint32_t NodeIdentity::number() const {
  const std::lock_guard lock(mutex_);
  return stored_.number;
}

grey::Status NodeIdentity::join(const Uuid& cluster_id, uint32_t number) {
  if (cluster_id == Uuid{} || number == 0) {
    return grey::make_status(grey::StatusCode::invalid_argument,
                             "a cluster id and a node number are not zero");
  }
  StoredIdentity joined;
  {
    const std::lock_guard lock(mutex_);
    if (stored_.cluster_id == cluster_id && stored_.number == number) return grey::ok_status();
    if (stored_.cluster_id != Uuid{} || stored_.number != 0) {
      return grey::make_status(grey::StatusCode::failed_precondition,
                               "this node belongs to a cluster already");
    }
    joined = stored_;
  }
  joined.cluster_id = cluster_id;
  joined.number = number;
  const std::string error =
      write_small_file(data_dir_.path(), kIdentityName, encode_identity(joined));
  if (!error.empty()) {
    return grey::make_status(grey::StatusCode::io_error, "the identity file cannot be written");
  }
  const std::lock_guard lock(mutex_);
  stored_ = std::move(joined);
  return grey::ok_status();
}

}  // namespace greyd
