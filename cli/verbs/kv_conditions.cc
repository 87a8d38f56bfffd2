#include "verbs/kv_conditions.h"

#include "encoding.h"
#include "failure.h"

namespace greyctl {

Flag if_match_flag() {
  return {.name = "if-match",
          .value = "REV",
          .help = "only if the key has this revision; '*': only if it exists"};
}

Flag if_none_match_flag() {
  return {.name = "if-none-match", .value = "*", .help = "only if the key does not exist yet"};
}

Flag consistency_flag() {
  return {.name = "consistency",
          .value = "KIND",
          .help = "linearizable, or stale: from any replica at once (linearizable)"};
}

std::string kv_target(const std::string& key) {
  if (key.empty()) throw Failure(kUsage, "a key must not be empty");
  return "/v1/kv/" + percent_encode(key);
}

std::map<std::string, std::string> condition_headers(const Context& context) {
  std::map<std::string, std::string> headers;
  if (const auto match = context.flag("if-match")) {
    std::string revision = *match;
    if (revision.size() >= 2 && revision.front() == '"' && revision.back() == '"') {
      revision = revision.substr(1, revision.size() - 2);
    }
    bool possible = !revision.empty();
    for (const char c : revision) possible = possible && c > 0x20 && c < 0x7F && c != '"';
    if (!possible) {
      throw Failure(kUsage, "'" + escape_for_display(*match) +
                                "' is not a revision; kv get -o json shows a key's revision");
    }
    headers["If-Match"] = revision == "*" ? revision : "\"" + revision + "\"";
  }
  if (const auto none_match = context.flag("if-none-match")) {
    if (*none_match != "*") throw Failure(kUsage, "--if-none-match takes only '*'");
    if (!headers.empty()) {
      throw Failure(kUsage, "--if-match and --if-none-match contradict each other");
    }
    headers["If-None-Match"] = "*";
  }
  return headers;
}

std::string revision_of(const HttpResponse& response) {
  const auto found = response.headers.find("etag");
  if (found == response.headers.end()) return "";
  const std::string& tag = found->second;
  const bool is_quoted = tag.size() >= 2 && tag.front() == '"' && tag.back() == '"';
  return is_quoted ? tag.substr(1, tag.size() - 2) : tag;
}

}  // namespace greyctl
