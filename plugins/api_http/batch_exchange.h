// POST /v1/batch: many operations, each atomic by itself, answered in order.
#ifndef GREY_PLUGINS_API_HTTP_BATCH_EXCHANGE_H_
#define GREY_PLUGINS_API_HTTP_BATCH_EXCHANGE_H_

#include <map>
#include <optional>
#include <vector>

#include "exchange.h"

namespace grey::http {

struct BatchOperation {
  KvOperation operation = KvOperation::get;
  std::string key;
  std::string value;
  KvCondition condition = KvCondition::none;
  uint64_t revision = 0;
  uint64_t ttl_ms = 0;
};

// How many operations one batch may have.
constexpr size_t kMaxBatchOperations = 10'000;

// Whether the body has more parts than that many operations can have. Asked before it is parsed:
// a document of many small parts takes many times its size in memory.
bool too_many_parts(ByteView body);

// Reads the body's document. Nothing with `error` filled when it is malformed.
std::optional<std::vector<BatchOperation>> parse_batch(const ApiContext& context, ByteView body,
                                                       std::string* error);

class BatchExchange final : public Exchange {
 public:
  BatchExchange(const ApiContext* context, Loop* loop, std::vector<BatchOperation> operations);

  uint64_t timeout_ms = 5000;

 private:
  // One operation under way.
  struct Step final : KvDone {
    void done(const KvResponse* response) noexcept override { batch->step_done(*this, *response); }
    BatchExchange* batch = nullptr;
    size_t index = 0;
    Buffer key;
    Buffer value;
  };

  void run() override;
  void advance();
  void submit(size_t index);
  bool may_submit(const BatchOperation& op) const;
  void step_done(Step& step, const KvResponse& response);
  std::string result_of(const BatchOperation& op, const KvResponse& response);

  const ApiContext* context_;
  Loop* loop_;
  uint64_t deadline_ns_ = 0;
  const std::vector<BatchOperation> operations_;
  std::vector<Step> steps_;
  std::vector<std::string> results_;  // as JSON
  uint64_t result_bytes_ = 0;
  uint64_t gets_under_way_ = 0;
  uint64_t expected_value_;  // of a get: the largest of late
  size_t next_ = 0;
  size_t under_way_ = 0;
  // Keys being written by an operation under way: a later one on the same key waits, so that the
  // batch takes effect in order for each key.
  std::map<std::string, size_t> keys_under_way_;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_BATCH_EXCHANGE_H_
