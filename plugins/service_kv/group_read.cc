// The reading half of GroupRoute: what happens once a read may be served here.
#include "group_route.h"
#include "scan_page.h"
#include "value_record.h"

namespace grey::kv {
namespace {

class OperationValue final : public ValueSink {
 public:
  explicit OperationValue(Operation* operation) : operation_(operation) {}
  void value(ByteView value) noexcept override { status = take(operation_, value); }

  static Status take(Operation* operation, ByteView value) {
    ValueRecord record;
    const Status status = decode_value_record(value, &record);
    operation->revision = record.revision;
    operation->expires_ms = record.expires_ms;
    if (status.ok()) operation->value = Buffer::copy_of(record.value);
    return status;
  }
  Status status = ok_status();

 private:
  Operation* operation_;
};

}  // namespace

// What the engine could not read. A full queue and the end of the process are no faults.
void GroupRoute::not_read(Operation* operation, Status status) {
  switch (status.code) {
    case StatusCode::not_found:
      complete(operation, KvCode::not_found);
      return;
    case StatusCode::busy:
      complete(operation, KvCode::busy);
      return;
    case StatusCode::cancelled:
      complete(operation, KvCode::starting);
      return;
    default:
      host_->failed(group_number_, status);
      complete(operation, KvCode::internal);
  }
}

void GroupRoute::read(Operation* operation) {
  if (operation->consistency == KvConsistency::stale)
    operation->current_at_ns = status_.current_at_ns;
  operation->state = OperationState::fetching;
  if (operation->kind == OperationKind::scan) {
    ScanArguments arguments;
    if (!decode_scan_arguments(operation->payload.view(), &arguments)) {
      complete(operation, KvCode::bad_request);
      return;
    }
    ScanRequest request{};
    request.struct_size = sizeof(request);
    request.partition = group_number_;
    request.start = arguments.start;
    request.end = arguments.end;
    request.max_items = arguments.limit;
    request.max_bytes = arguments.max_bytes;
    request.reverse = arguments.reverse ? 1 : 0;
    if (!host_->may_fetch()) {
      complete(operation, KvCode::busy);
      return;
    }
    host_->storage()->submit_scan(host_->loop(), &request, operation);
    return;
  }
  OperationValue sink(operation);
  Status status = host_->storage()->try_get(group_number_, operation->payload.view(), &sink);
  if (status.code == StatusCode::would_block) {
    if (!host_->may_fetch()) {
      complete(operation, KvCode::busy);
      return;
    }
    host_->storage()->submit_get(host_->loop(), group_number_, operation->payload.view(),
                                 operation);
    return;
  }
  if (status.ok()) status = sink.status;
  if (status.ok()) {
    complete(operation, KvCode::ok);
  } else {
    not_read(operation, status);
  }
}

void GroupRoute::value_read(Operation* operation, Status status, ByteView value) noexcept {
  host_->fetched();
  if (status.ok()) status = OperationValue::take(operation, value);
  if (status.ok()) {
    complete(operation, KvCode::ok);
  } else {
    not_read(operation, status);
  }
}

void GroupRoute::page_read(Operation* operation, Status status, const ScanItem* items,
                           uint32_t count, bool more) noexcept {
  host_->fetched();
  ScanArguments arguments;
  decode_scan_arguments(operation->payload.view(), &arguments);
  if (status.ok()) {
    status = encode_scan_page(items, count, more, arguments.keys_only, &operation->value);
  }
  if (status.ok()) {
    complete(operation, KvCode::ok);
  } else {
    not_read(operation, status);
  }
}

}  // namespace grey::kv
