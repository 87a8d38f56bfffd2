#include "range_exchange.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "cursor.h"
#include "json_text.h"
#include "kv_exchange.h"

namespace grey::http {
namespace {

constexpr uint64_t kMaxPageBytes = 8 << 20;

}  // namespace

void RangeExchange::run() {
  if (parameters_.bounded && parameters_.end <= parameters_.start) {
    done(KvCode::ok, "", nullptr, 0, false, kAgeUnknown);  // an empty range is empty
    return;
  }
  KvRangeRequest request = {};
  request.struct_size = sizeof(request);
  request.consistency = parameters_.consistency;
  request.start = view_of(parameters_.start);
  if (parameters_.bounded) request.end = view_of(parameters_.end);
  request.limit = parameters_.limit;
  request.reverse = parameters_.reverse ? 1 : 0;
  request.keys_only = parameters_.keys_only ? 1 : 0;
  request.max_bytes = kMaxPageBytes;
  request.deadline_ns = loop_->now_ns() + parameters_.timeout_ms * 1'000'000;
  context_->kv->submit_range(loop_, &request, this);
}

void RangeExchange::done(KvCode code, const char* message, const KvItem* items, uint32_t count,
                         bool more, uint64_t age_ms) noexcept {
  if (code != KvCode::ok) {
    finish(kv_error_response(code, message));
    return;
  }
  boost::json::array list;
  list.reserve(count);
  for (uint32_t i = 0; i < count; ++i) {
    boost::json::object item;
    add_bytes(&item, "key", text_of(items[i].key));
    if (!parameters_.keys_only) add_bytes(&item, "value", text_of(items[i].value));
    item.emplace("revision", std::to_string(items[i].revision));
    list.push_back(std::move(item));
  }
  boost::json::object document;
  document.emplace("items", std::move(list));
  if (more && count > 0) {
    document.emplace("next", encode_cursor(parameters_.fingerprint, text_of(items[count - 1].key)));
  }
  Response response = json_response(200, boost::json::serialize(document) + "\n");
  if (parameters_.consistency == KvConsistency::stale) response.fields += age_field(age_ms);
  finish_read(std::move(response));
}

}  // namespace grey::http
