#include "core/effects.h"

namespace grey::raft {

void Effects::clear() {
  sequence = 0;
  hard_state.reset();
  truncate_from.reset();
  append.clear();
  messages.clear();
  fetches.clear();
  snapshots_needed.clear();
  apply.reset();
  proposals.clear();
  reads.clear();
  transfer.reset();
  role_change.reset();
  configuration.reset();
  wanted_snapshot.reset();
  removed = false;
  failed = nullptr;
}

}  // namespace grey::raft
