// Whatever another node sends to the key-value service, and whatever stands in a log, a snapshot or
// a genesis file: decoders refuse it or read it, within its bounds.
#include <cstdlib>

#include "command.h"
#include "forward_message.h"
#include "genesis_message.h"
#include "report.h"
#include "scan_page.h"
#include "session_table.h"
#include "snapshot.h"
#include "transfer_message.h"
#include "value_record.h"

namespace {

using namespace grey;      // NOLINT: one small file
using namespace grey::kv;  // NOLINT

// Reads every byte of a view, so that a sanitizer sees where it points.
void touch(ByteView view) {
  volatile uint8_t sum = 0;
  for (uint64_t i = 0; i < view.size; ++i) sum = static_cast<uint8_t>(sum + view.data[i]);
}

void decode_messages(ByteView input) {
  GenesisMessage genesis;
  (void)decode_genesis_message(input, &genesis);
  uint32_t route = 0;
  std::vector<ForwardedRequest> requests;
  if (decode_forward_requests(input, &route, &requests)) {
    for (const ForwardedRequest& each : requests) touch(each.payload);
  }
  std::vector<ForwardedReply> replies;
  if (decode_forward_replies(input, &replies)) {
    for (const ForwardedReply& each : replies) touch(each.value);
  }
  NodeReport report;
  (void)decode_report(input, &report);
  TransferOrders orders;
  (void)decode_transfer_orders(input, &orders);
  TransferResults results;
  (void)decode_transfer_results(input, &results);
}

void decode_stored(ByteView input) {
  Command command;
  if (decode_command(input, &command).ok()) {
    touch(command.key);
    touch(command.value);
    const Buffer again = encode_command(command);
    if (text_of(again.view()) != text_of(input)) std::abort();
  }
  ValueRecord record;
  if (decode_value_record(input, &record).ok()) touch(record.value);
  SessionRecord session;
  if (decode_session_record(input, &session).ok()) {
    const std::vector<uint8_t> again = encode_session_record(session);
    if (text_of(ByteView{again.data(), again.size()}) != text_of(input)) std::abort();
  }
  SessionTable table;
  (void)decode_session_table(input, &table);
  std::vector<ScanItem> items;
  if (decode_snapshot_chunk(input, &items).ok()) {
    for (const ScanItem& item : items) touch(item.value);
  }
  std::vector<KvItem> page;
  bool more = false;
  (void)decode_scan_page(input, &page, &more);
  for (const KvItem& item : page) touch(item.value);
  ScanArguments arguments;
  if (decode_scan_arguments(input, &arguments)) touch(arguments.end);
  GenesisRecord genesis;
  (void)decode_genesis_record(input, &genesis);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  decode_messages({data, size});
  decode_stored({data, size});
  return 0;
}
