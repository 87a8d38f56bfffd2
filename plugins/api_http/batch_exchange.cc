#include "batch_exchange.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include "json_text.h"
#include "target.h"

namespace grey::http {
namespace {

constexpr size_t kMaxUnderWay = 1024;
// So many gets begin before the first answer tells how large values are here.
constexpr uint64_t kFirstGets = 16;

std::string_view to_view(const boost::json::string& text) {
  return {text.data(), text.size()};
}

bool parse_fields(const boost::json::object& fields, BatchOperation* op, std::string* error) {
  bool present = false;
  if (!read_bytes(fields, "key", &op->key, &present, error)) return false;
  if (!present) *error = "key is missing";
  if (present && op->key.empty()) *error = "key is empty";
  if (!error->empty()) return false;
  if (op->operation == KvOperation::put) {
    if (!read_bytes(fields, "value", &op->value, &present, error)) return false;
    if (!present) *error = "value is missing";
  }
  for (const auto& field : fields) {
    const std::string_view name(field.key().data(), field.key().size());
    if (name == "key" || name == "key_base64") continue;
    const bool put = op->operation == KvOperation::put;
    if (put && (name == "value" || name == "value_base64")) continue;
    if (name == "if_match" && op->operation != KvOperation::get) {
      const auto revision = field.value().is_string()
                                ? parse_number(to_view(field.value().get_string()))
                                : std::nullopt;
      if (!revision) *error = "if_match must be a revision, as a string";
      op->condition = KvCondition::revision_is;
      op->revision = revision.value_or(0);
    } else if (name == "ttl" && put) {
      const auto ttl = field.value().is_string()
                           ? parse_duration_ms(to_view(field.value().get_string()))
                           : std::nullopt;
      if (!ttl || *ttl == 0) *error = "ttl must be a duration above zero, such as \"30s\"";
      op->ttl_ms = ttl.value_or(0);
    } else {
      *error = "unknown member \"" + std::string(name) + "\"";
    }
    if (!error->empty()) return false;
  }
  return error->empty();
}

bool parse_operation(const boost::json::value& value, BatchOperation* op, std::string* error) {
  if (!value.is_object() || value.get_object().size() != 1) {
    *error = "an operation is an object with one member: put, get or delete";
    return false;
  }
  const auto& [name, fields] = *value.get_object().begin();
  if (name == "put") {
    op->operation = KvOperation::put;
  } else if (name == "get") {
    op->operation = KvOperation::get;
  } else if (name == "delete") {
    op->operation = KvOperation::erase;
  } else {
    *error = "unknown operation \"" + std::string(name.data(), name.size()) +
             "\"; known are put, get and delete";
    return false;
  }
  if (!fields.is_object()) {
    *error = "an operation's fields are an object";
    return false;
  }
  return parse_fields(fields.get_object(), op, error);
}

std::string error_result(int status, std::string_view code, std::string_view message) {
  const bool retryable = status == 429 || status == 503 || status == 507;
  const boost::json::value result = {
      {"error",
       {{"code", boost::json::string_view(code.data(), code.size())},
        {"message", boost::json::string_view(message.data(), message.size())},
        {"retryable", retryable}}}};
  return boost::json::serialize(result);
}

}  // namespace

bool too_many_parts(ByteView body) {
  // An operation is two objects, with the commas before it and between its fields, of which there
  // are four at most.
  constexpr size_t kMaxParts = 6 * kMaxBatchOperations + 16;
  size_t parts = 0;
  bool in_text = false;
  for (uint64_t i = 0; i < body.size; ++i) {
    const uint8_t byte = body.data[i];
    if (byte == '"') {
      in_text = !in_text;
    } else if (in_text) {
      if (byte == '\\') ++i;
    } else if ((byte == ',' || byte == '{' || byte == '[') && ++parts > kMaxParts) {
      return true;
    }
  }
  return false;
}

std::optional<std::vector<BatchOperation>> parse_batch(const ApiContext&, ByteView body,
                                                       std::string* error) {
  boost::system::error_code failure;
  const boost::json::value document = boost::json::parse(
      {reinterpret_cast<const char*>(body.data), static_cast<size_t>(body.size)}, failure);
  if (failure) {
    *error = "the body is not JSON: " + failure.message();
    return std::nullopt;
  }
  const auto* object = document.if_object();
  const auto* list = object && object->size() == 1 ? object->if_contains("ops") : nullptr;
  if (!list || !list->is_array()) {
    *error = "the body must be {\"ops\":[...]}";
    return std::nullopt;
  }
  std::vector<BatchOperation> operations;
  for (const auto& value : list->get_array()) {
    BatchOperation op;
    if (!parse_operation(value, &op, error)) {
      *error = "ops[" + std::to_string(operations.size()) + "]: " + *error;
      return std::nullopt;
    }
    operations.push_back(std::move(op));
  }
  return operations;
}

BatchExchange::BatchExchange(const ApiContext* context, Loop* loop,
                             std::vector<BatchOperation> operations)
    : context_(context),
      loop_(loop),
      operations_(std::move(operations)),
      expected_value_(context->max_batch_bytes / kFirstGets) {}

void BatchExchange::run() {
  deadline_ns_ = loop_->now_ns() + timeout_ms * 1'000'000;
  steps_.resize(operations_.size());
  results_.resize(operations_.size());
  advance();
}

// Values that are on their way must fit into the answer too, or they would pile up; one may always
// be asked for.
bool BatchExchange::may_submit(const BatchOperation& op) const {
  if (under_way_ >= kMaxUnderWay || keys_under_way_.contains(op.key)) return false;
  if (op.operation != KvOperation::get || gets_under_way_ == 0) return true;
  return result_bytes_ + (gets_under_way_ + 1) * expected_value_ <= context_->max_batch_bytes;
}

void BatchExchange::advance() {
  while (next_ < operations_.size() && may_submit(operations_[next_])) submit(next_++);
  if (next_ < operations_.size() || under_way_ > 0) return;
  std::string text = "{\"results\":[";
  text.reserve(result_bytes_ + results_.size() + 32);
  for (std::string& result : results_) {
    if (&result != &results_.front()) text.push_back(',');
    text.append(result);
    result = {};
  }
  finish(json_response(200, text + "]}\n"));
}

void BatchExchange::submit(size_t index) {
  const BatchOperation& op = operations_[index];
  Step& step = steps_[index];
  step.batch = this;
  step.index = index;
  step.key = Buffer::copy_of(op.key);
  step.value = Buffer::copy_of(op.value);
  KvRequest request = {};
  request.struct_size = sizeof(request);
  request.operation = op.operation;
  request.condition = op.condition;
  request.revision = op.revision;
  request.ttl_ms = op.ttl_ms;
  request.deadline_ns = deadline_ns_;
  request.key = step.key.ref();
  request.value = step.value.ref();
  ++under_way_;
  if (op.operation == KvOperation::get) ++gets_under_way_;
  ++keys_under_way_[op.key];
  context_->kv->submit(loop_, &request, &step);
}

void BatchExchange::step_done(Step& step, const KvResponse& response) {
  const BatchOperation& op = operations_[step.index];
  if (op.operation == KvOperation::get) {
    --gets_under_way_;
    expected_value_ = std::max(response.value.size, expected_value_ / 2);
  }
  std::string result = result_of(op, response);
  result_bytes_ += result.size();
  hold(result.size());
  results_[step.index] = std::move(result);
  step.key = step.value = Buffer();
  --under_way_;
  keys_under_way_.erase(op.key);
  advance();
}

std::string BatchExchange::result_of(const BatchOperation& op, const KvResponse& response) {
  if (response.code != KvCode::ok) {
    return error_result(status_of(response.code), code_text(response.code), response.message);
  }
  boost::json::object result;
  if (op.operation != KvOperation::get) {
    result.emplace("revision", std::to_string(response.revision));
    return boost::json::serialize(result);
  }
  if (!has_room(response.value.size)) {
    return error_result(429, "busy", "too many answers wait for slow clients");
  }
  std::string text;
  if (result_bytes_ + response.value.size <= context_->max_batch_bytes) {
    add_bytes(&result, "value", text_of(response.value));
    result.emplace("revision", std::to_string(response.revision));
    text = boost::json::serialize(result);
  }
  if (text.empty() || result_bytes_ + text.size() > context_->max_batch_bytes) {
    return error_result(413, "too_large",
                        "with this value the answer would be larger than " +
                            std::to_string(context_->max_batch_bytes) + " bytes");
  }
  return text;
}

}  // namespace grey::http
