// The configurations that stand in the log, so that the one in force is always the latest, also
// after a truncation.
#ifndef GREY_RAFT_CORE_CONFIGURATION_HISTORY_H_
#define GREY_RAFT_CORE_CONFIGURATION_HISTORY_H_

#include <vector>

#include "core/configuration.h"

namespace grey::raft {

class ConfigurationHistory {
 public:
  ConfigurationHistory() = default;
  // `base` is in force at `index`, the boundary of the log.
  ConfigurationHistory(LogIndex index, Configuration base);

  // In force from the moment its entry is in the log, committed or not.
  const Configuration& latest() const { return items_.back().configuration; }
  // Where it stands: the boundary or a later entry.
  LogIndex latest_index() const { return items_.back().index; }

  // In force at `index`, which must not lie before the boundary.
  const Configuration& at(LogIndex index) const;

  // `index` must be above latest_index().
  void append(LogIndex index, Configuration configuration);
  // Forgets what stands at `from` or after it. Returns whether another one is in force now.
  bool truncate(LogIndex from);
  // The boundary has moved to `index`.
  void compact(LogIndex index);

 private:
  struct Item {
    LogIndex index;
    Configuration configuration;
  };
  std::vector<Item> items_{{LogIndex(0), Configuration{}}};  // never empty, sorted by index
};

}  // namespace grey::raft

#endif  // GREY_RAFT_CORE_CONFIGURATION_HISTORY_H_
