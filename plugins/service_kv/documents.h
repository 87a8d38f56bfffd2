// The API's documents about the cluster, as JSON. Pure functions of what was gathered.
#ifndef GREY_SERVICE_KV_DOCUMENTS_H_
#define GREY_SERVICE_KV_DOCUMENTS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster_view.h"

namespace grey::kv {

struct Document {
  uint32_t http_status = 200;
  std::string json;
};

// By the name that the API gives it; an unknown name answers 404.
Document make_document(std::string_view name, const ClusterView& view);

// {"error": {...}}.
Document error_document(uint32_t http_status, std::string_view code, std::string_view message,
                        bool retryable);

// For a person: "the control group", "shard 3".
std::string group_name(uint32_t group);

}  // namespace grey::kv

#endif  // GREY_SERVICE_KV_DOCUMENTS_H_
