// What several kv verbs share: the target of a key and the conditions of a write.
#ifndef GREY_CLI_VERBS_KV_CONDITIONS_H_
#define GREY_CLI_VERBS_KV_CONDITIONS_H_

#include <map>
#include <string>

#include "command.h"
#include "context.h"

namespace greyctl {

Flag if_match_flag();
Flag if_none_match_flag();
Flag consistency_flag();

// `/v1/kv/KEY` percent-encoded. Throws Failure(kUsage) for an empty key.
std::string kv_target(const std::string& key);

// The headers for --if-match and --if-none-match. Throws Failure(kUsage) for a revision that cannot
// be one, or for both together.
std::map<std::string, std::string> condition_headers(const Context& context);

// The revision out of an ETag header: without its quotes. Empty when there is none.
std::string revision_of(const HttpResponse& response);

}  // namespace greyctl

#endif  // GREY_CLI_VERBS_KV_CONDITIONS_H_
