#ifndef GREY_KERNEL_DAEMON_NODE_IDENTITY_H_
#define GREY_KERNEL_DAEMON_NODE_IDENTITY_H_

#include <memory>
#include <mutex>
#include <string>

#include "config/config.h"
#include "daemon/data_dir.h"
#include "daemon/identity_file.h"
#include "grey/host.h"

namespace greyd {

// Who this process is: what the data directory says, and what is new with each start.
class NodeIdentity {
 public:
  // Reads the identity file, or makes one for a data directory without data. Refuses, with a
  // sentence in `error`: a damaged or newer file, another node.id than `config` has, and data
  // without a file. `data_dir` is borrowed. Blocking.
  static std::unique_ptr<NodeIdentity> load(const DataDir& data_dir, const Config& config,
                                            const std::string& version, std::string* error);

  // Any thread.
  void get(grey::Identity* out) const;
  uint32_t number() const;

  // As Host::join_cluster; the same values again are ok. Blocking.
  grey::Status join(const Uuid& cluster_id, uint32_t number);

 private:
  NodeIdentity(const DataDir& data_dir, StoredIdentity stored, const Config& config,
               const std::string& version);

  const DataDir& data_dir_;
  grey::Identity fixed_ = {};  // all but number and cluster id
  mutable std::mutex mutex_;
  StoredIdentity stored_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_DAEMON_NODE_IDENTITY_H_
