#include "routes.h"

#include <algorithm>
#include <cstring>

#include "batch_exchange.h"
#include "cursor.h"
#include "document_exchange.h"
#include "kv_exchange.h"
#include "range_exchange.h"
#include "target.h"

namespace grey::http {
namespace {

constexpr uint64_t kMaxTimeoutMs = 30'000;
constexpr std::string_view kKeyPrefix = "/v1/kv/";

using ExchangePtr = std::shared_ptr<Exchange>;

ExchangePtr fixed(Response response) {
  return std::make_shared<FixedExchange>(std::move(response));
}
ExchangePtr bad_request(std::string_view message) {
  return fixed(error_response(400, "bad_request", message));
}
ExchangePtr not_implemented(std::string_view what) {
  return fixed(error_response(501, "not_implemented",
                              std::string(what) + " is not implemented in this version"));
}
ExchangePtr method_not_allowed(const char* allowed) {
  Response response =
      error_response(405, "method_not_allowed", std::string("this path allows ") + allowed);
  response.fields = std::string("Allow: ") + allowed + "\r\n";
  return fixed(std::move(response));
}

// What a handler works on.
struct Call {
  const ApiContext* context;
  Loop* loop;
  Request* request;
  const Target* target;
  std::string error;  // set by the checks below
  uint64_t timeout_ms = 5000;

  // Every query name must be one of `known`: a misspelt one must not be ignored.
  bool check_query(std::initializer_list<std::string_view> known) {
    for (size_t i = 0; i < target->query.size(); ++i) {
      const std::string& name = target->query[i].first;
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        error = "unknown parameter \"" + name + "\"";
        return false;
      }
      for (size_t k = 0; k < i; ++k) {
        if (target->query[k].first != name) continue;
        error = "parameter \"" + name + "\" is given twice";
        return false;
      }
    }
    return read_timeout();
  }

  bool read_timeout() {
    const std::string* text = target->find("timeout");
    if (!text) return true;
    const auto value = parse_duration_ms(*text);
    if (!value || *value == 0 || *value > kMaxTimeoutMs) {
      error = "timeout must be a duration up to 30s, such as 500ms";
      return false;
    }
    timeout_ms = *value;
    return true;
  }

  bool read_boolean(std::string_view name, bool* value) {
    const std::string* text = target->find(name);
    if (!text) return true;
    if (*text != "true" && *text != "false") {
      error = std::string(name) + " must be true or false";
      return false;
    }
    *value = *text == "true";
    return true;
  }

  bool read_consistency(KvConsistency* value) {
    const std::string* text = target->find("consistency");
    if (!text || *text == "linearizable") return true;
    if (*text != "stale") {
      error = "consistency must be linearizable or stale";
      return false;
    }
    *value = KvConsistency::stale;
    return true;
  }
};

// "\"12\"" to 12; a weak or foreign tag is no revision of ours.
std::optional<uint64_t> revision_of_tag(std::string_view tag) {
  if (tag.size() < 3 || tag.front() != '"' || tag.back() != '"') return std::nullopt;
  return parse_number(tag.substr(1, tag.size() - 2));
}

bool read_conditions(Call& call, KvRequest* request) {
  const Request& sent = *call.request;
  if (sent.if_none_match) {
    if (*sent.if_none_match != "*" || request->operation != KvOperation::put || sent.if_match) {
      call.error = "If-None-Match may only be *, for PUT, and alone";
      return false;
    }
    request->condition = KvCondition::missing;
  } else if (sent.if_match && *sent.if_match == "*") {
    request->condition = KvCondition::exists;
  } else if (sent.if_match) {
    const auto revision = revision_of_tag(*sent.if_match);
    if (!revision) {
      call.error = "If-Match must be * or one ETag as it was received, such as \"12\"";
      return false;
    }
    request->condition = KvCondition::revision_is;
    request->revision = *revision;
  }
  return true;
}

// Both fields or none. Reads have no use for them and do not look at them.
bool read_session(Call& call, KvRequest* request) {
  const Request& sent = *call.request;
  if (!sent.client_id && !sent.serial) return true;
  if (!sent.client_id || !sent.serial) {
    call.error = sent.serial ? "Grey-Serial needs Grey-Client-Id beside it"
                             : "Grey-Client-Id needs Grey-Serial beside it";
    return false;
  }
  if (sent.client_id->size() != 32 ||
      sent.client_id->find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    call.error = "Grey-Client-Id must be 16 bytes in hex: 32 digits";
    return false;
  }
  const auto serial = parse_number(*sent.serial);
  if (!serial || *serial == 0) {
    call.error = "Grey-Serial must be a number from 1 to 18446744073709551615";
    return false;
  }
  for (size_t i = 0; i < 16; ++i) {
    request->session_id[i] =
        static_cast<uint8_t>(std::stoul(sent.client_id->substr(2 * i, 2), nullptr, 16));
  }
  request->serial = *serial;
  request->has_session = 1;
  return true;
}

ExchangePtr make_kv(Call& call, const KvRequest& request, Buffer value, const char* operation) {
  std::string key = call.target->path.substr(kKeyPrefix.size());
  if (key.size() > call.context->max_key_bytes) {
    return fixed(error_response(
        413, "too_large",
        "the key is larger than " + std::to_string(call.context->max_key_bytes) + " bytes"));
  }
  if (value.size() > call.context->max_value_bytes) {
    return fixed(error_response(
        413, "too_large",
        "the value is larger than " + std::to_string(call.context->max_value_bytes) + " bytes"));
  }
  auto exchange = std::make_shared<KvExchange>(call.context, call.loop, request, std::move(value));
  exchange->key = std::move(key);
  exchange->operation = operation;
  exchange->access = request.operation == KvOperation::get ? Access::read : Access::write;
  exchange->timeout_ms = call.timeout_ms;
  return exchange;
}

ExchangePtr route_key(Call& call) {
  KvRequest request = {};
  switch (call.request->method) {
    case Method::get:
    case Method::head:
      if (!call.check_query({"consistency", "timeout"}) ||
          !call.read_consistency(&request.consistency)) {
        return bad_request(call.error);
      }
      if (call.request->if_match || call.request->if_none_match) {
        return bad_request("conditions are for PUT and DELETE");
      }
      request.operation = KvOperation::get;
      return make_kv(call, request, Buffer(), "get");
    case Method::put: {
      request.operation = KvOperation::put;
      if (!call.check_query({"ttl", "timeout"}) || !read_conditions(call, &request) ||
          !read_session(call, &request)) {
        return bad_request(call.error);
      }
      if (const std::string* text = call.target->find("ttl")) {
        const auto ttl = parse_duration_ms(*text);
        if (!ttl || *ttl == 0) return bad_request("ttl must be a duration above zero, such as 30s");
        request.ttl_ms = *ttl;
      }
      return make_kv(call, request, std::move(call.request->body), "put");
    }
    case Method::erase:
      request.operation = KvOperation::erase;
      if (!call.check_query({"timeout"}) || !read_conditions(call, &request) ||
          !read_session(call, &request)) {
        return bad_request(call.error);
      }
      return make_kv(call, request, Buffer(), "delete");
    default:
      return method_not_allowed("GET, HEAD, PUT, DELETE");
  }
}

// The first text behind all texts with this prefix; empty when there is none.
std::string behind_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) ++prefix.back();
  return prefix;
}

// Prefix, start, end and cursor to one range.
bool read_bounds(Call& call, RangeParameters* range) {
  const auto text = [&](const char* name) {
    const std::string* value = call.target->find(name);
    return value ? *value : std::string();
  };
  const std::string prefix = text("prefix");
  range->start = std::max(text("start"), prefix);
  range->end = behind_prefix(prefix);
  range->bounded = !range->end.empty();
  const std::string end = text("end");
  if (!end.empty() && (!range->bounded || end < range->end)) range->end = end;
  range->bounded = range->bounded || !end.empty();
  for (const char* name :
       {"prefix", "start", "end", "limit", "keys_only", "reverse", "consistency"}) {
    range->fingerprint += text(name) + '\0';
  }
  const std::string* cursor = call.target->find("cursor");
  if (!cursor) return true;
  const auto last = decode_cursor(range->fingerprint, *cursor);
  if (!last) {
    call.error = "the cursor is not one of this listing: it needs the same other parameters";
    return false;
  }
  if (range->reverse) {
    range->end = *last;
    range->bounded = true;
  } else {
    range->start = *last + '\0';
  }
  return true;
}

ExchangePtr route_range(Call& call) {
  if (call.request->method != Method::get && call.request->method != Method::head) {
    return method_not_allowed("GET, HEAD");
  }
  RangeParameters range;
  if (!call.check_query({"prefix", "start", "end", "limit", "cursor", "keys_only", "reverse",
                         "consistency", "timeout"}) ||
      !call.read_boolean("keys_only", &range.keys_only) ||
      !call.read_boolean("reverse", &range.reverse) || !call.read_consistency(&range.consistency)) {
    return bad_request(call.error);
  }
  if (const std::string* text = call.target->find("limit")) {
    const auto limit = parse_number(*text);
    if (!limit || *limit < 1 || *limit > 10'000) return bad_request("limit must be 1 to 10000");
    range.limit = static_cast<uint32_t>(*limit);
  }
  if (!read_bounds(call, &range)) return bad_request(call.error);
  range.timeout_ms = call.timeout_ms;
  auto exchange = std::make_shared<RangeExchange>(call.context, call.loop, std::move(range));
  exchange->operation = "range";
  exchange->access = Access::everything;
  return exchange;
}

ExchangePtr route_batch(Call& call) {
  if (call.request->method != Method::post) return method_not_allowed("POST");
  if (!call.check_query({"timeout"})) return bad_request(call.error);
  // Ignored, they would promise what is not kept.
  if (call.request->client_id || call.request->serial)
    return not_implemented("a batch in a session");
  if (call.request->if_match || call.request->if_none_match) {
    return bad_request("a batch takes its conditions as if_match of its operations");
  }
  if (call.request->body.size() > call.context->max_batch_bytes) {
    return fixed(error_response(
        413, "too_large",
        "the batch is larger than " + std::to_string(call.context->max_batch_bytes) + " bytes"));
  }
  const auto too_many = [] {
    return fixed(error_response(
        413, "too_large",
        "a batch has at most " + std::to_string(kMaxBatchOperations) + " operations"));
  };
  if (too_many_parts(call.request->body.view())) return too_many();
  std::string error;
  auto operations = parse_batch(*call.context, call.request->body.view(), &error);
  if (!operations) return bad_request(error);
  if (operations->size() > kMaxBatchOperations) return too_many();
  auto exchange = std::make_shared<BatchExchange>(call.context, call.loop, std::move(*operations));
  exchange->operation = "batch";
  exchange->access = Access::everything;
  exchange->timeout_ms = call.timeout_ms;
  return exchange;
}

ExchangePtr document(Call& call, const char* name) {
  if (call.request->method != Method::get && call.request->method != Method::head) {
    return method_not_allowed("GET, HEAD");
  }
  if (!call.check_query({"timeout"})) return bad_request(call.error);
  auto exchange = std::make_shared<DocumentExchange>(call.context, call.loop, name);
  exchange->operation = "admin";
  return exchange;
}

ExchangePtr action(Call& call, const char* name, std::string arguments) {
  auto exchange =
      std::make_shared<DocumentExchange>(call.context, call.loop, name, std::move(arguments));
  exchange->operation = "admin";
  exchange->access = Access::everything;
  exchange->timeout_ms = call.timeout_ms;
  return exchange;
}

ExchangePtr posted_action(Call& call, const char* name,
                          std::initializer_list<std::string_view> parameters) {
  if (!call.check_query(parameters)) return bad_request(call.error);
  return action(call, name, string_of(call.request->body.view()));
}

ExchangePtr route_members(Call& call) {
  switch (call.request->method) {
    case Method::post:
      return posted_action(call, "members/add", {});
    case Method::get:
    case Method::head:
      return document(call, "cluster/members");
    default:
      return method_not_allowed("GET, HEAD, POST");
  }
}

ExchangePtr route_member(Call& call) {
  if (call.request->method != Method::erase) return method_not_allowed("DELETE");
  bool force = false;
  if (!call.check_query({"force"}) || !call.read_boolean("force", &force)) {
    return bad_request(call.error);
  }
  return action(call, "members/remove", "{}");
}

ExchangePtr route_transfer(Call& call) {
  if (call.request->method != Method::post) return method_not_allowed("POST");
  return posted_action(call, "transfer", {"timeout"});
}

// A document that is there whatever the service does.
ExchangePtr route_fixed(Call& call, std::string text) {
  if (call.request->method != Method::get && call.request->method != Method::head) {
    return method_not_allowed("GET, HEAD");
  }
  if (!call.check_query({"timeout"})) return bad_request(call.error);
  return fixed(json_response(200, std::move(text)));
}

// What the contract names and this version lacks.
ExchangePtr route_missing(Call& call, Method method, const char* path) {
  const bool get = method == Method::get;
  const bool fits = call.request->method == method || (get && call.request->method == Method::head);
  if (!fits) return method_not_allowed(get ? "GET, HEAD" : "POST");
  return not_implemented(std::string(get ? "GET " : "POST ") + path);
}

ExchangePtr route_path(Call& call) {
  const std::string& path = call.target->path;
  constexpr std::string_view kMemberPrefix = "/v1/cluster/members/";
  if (path.starts_with(kKeyPrefix) && path.size() > kKeyPrefix.size()) return route_key(call);
  if (path == "/v1/kv") return route_range(call);
  if (path == "/v1/kv/") return bad_request("the key is empty");
  if (path == "/v1/batch") return route_batch(call);
  if (path == "/v1/cluster/status") return document(call, "cluster/status");
  if (path == "/v1/cluster/leader") return document(call, "cluster/leader");
  if (path == "/v1/cluster/replication") return document(call, "cluster/replication");
  if (path == "/v1/cluster/members") return route_members(call);
  if (path.starts_with(kMemberPrefix)) return route_member(call);
  if (path == "/v1/cluster/transfer") return route_transfer(call);
  if (path == "/v1/plugins") {
    return route_fixed(call, std::string(call.context->host->plugins_json()) + "\n");
  }
  if (path == "/healthz") return route_fixed(call, "{\"alive\":true}\n");
  if (path == "/readyz") return document(call, "readyz");
  if (path == "/v1/txn") return route_missing(call, Method::post, "/v1/txn");
  if (path == "/v1/watch") return route_missing(call, Method::get, "/v1/watch");
  if (path == "/v1/snapshot") return route_missing(call, Method::get, "/v1/snapshot");
  return fixed(error_response(404, "not_found", "no such path"));
}

}  // namespace

ExchangePtr route(const ApiContext* context, Loop* loop, Request request) {
  const auto target = parse_target(request.target);
  const uint64_t body_bytes = request.body.size();
  ExchangePtr exchange;
  if (!target) {
    exchange = bad_request(
        "the request target is malformed: it is a path or http://HOST/PATH; percent-encode what is "
        "not a letter, digit or one of -._~/");
  } else {
    Call call{context, loop, &request, &*target, {}, 5000};
    exchange = route_path(call);
  }
  exchange->head_only = request.method == Method::head;
  exchange->keep_alive = request.keep_alive;
  exchange->body_bytes = body_bytes;
  return exchange;
}

}  // namespace grey::http
