#include "core/restored_state.h"

#include <utility>

namespace grey::raft {

RestoredState::RestoredState(SnapshotMeta boundary)
    : applied(boundary.position.index),
      log(boundary.position, boundary.timestamp_ms),
      configurations(boundary.position.index, std::move(boundary.configuration)) {}

Status RestoredState::add(Entry entry, uint64_t recent_bytes) {
  const LogPosition last = log.last();
  if (entry.index != last.index + 1 || entry.term < last.term) {
    return make_status(StatusCode::corruption, "a log entry does not follow the one before it");
  }
  if (entry.type == EntryType::configuration) {
    auto configuration = decode_configuration(entry.payload.view());
    if (!configuration) {
      return make_status(StatusCode::corruption, "a configuration in the log cannot be read");
    }
    configurations.append(entry.index, *std::move(configuration));
  }
  const LogIndex index = entry.index;
  log.append(std::move(entry));
  log.mark_stable(index);
  log.trim_memory(index, recent_bytes);
  return ok_status();
}

}  // namespace grey::raft
