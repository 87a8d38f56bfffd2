// What a request to transfer leaderships asks for, and what is left to do for it in a cluster as it
// was just seen. Pure functions: they are asked again until nothing is left.
#ifndef GREY_SERVICE_KV_TRANSFER_PLAN_H_
#define GREY_SERVICE_KV_TRANSFER_PLAN_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster_view.h"
#include "documents.h"
#include "transfer_message.h"

namespace grey::kv {

// Nodes by number.
struct TransferWish {
  uint32_t to = 0;                 // 0: whoever is best
  uint32_t from = 0;               // only what this node leads; 0: whoever leads
  bool all = false;                // every group; needs `from`
  uint32_t group = kControlGroup;  // otherwise
};

// Reads the body of POST /v1/cluster/transfer (docs/http-api.md); an empty one is `{}`. Returns the
// answer when it cannot be read or names what the cluster does not have.
std::optional<Document> read_transfer_wish(ByteView body, const Topology& topology,
                                           TransferWish* out);

struct KnownLeader {
  uint32_t node = 0;
  uint64_t term = 0;
};

// A refusal, or `done`, or orders to give and reasons to wait.
struct TransferPlan {
  std::optional<Document> refusal;  // it cannot be done as things are
  bool done = false;
  std::map<uint32_t, std::vector<TransferOrder>> orders;  // to hand over, by the node that leads
  std::map<uint32_t, std::vector<TransferOrder>> keeps;   // likewise, to keep
  const char* code = "";                                  // of the answer if time runs out now
  std::string waits_for;                                  // for a person
  std::map<uint32_t, KnownLeader> leaders;                // by group, where one is known
};

// By group: the term in which its leader keeps it already.
using KeptGroups = std::map<uint32_t, uint64_t>;

TransferPlan plan_transfer(const ClusterView& view, const TransferWish& wish,
                           const KeptGroups& kept);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_TRANSFER_PLAN_H_
