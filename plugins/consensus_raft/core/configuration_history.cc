#include "core/configuration_history.h"

#include "core/check.h"

namespace grey::raft {

ConfigurationHistory::ConfigurationHistory(LogIndex index, Configuration base)
    : items_{{index, std::move(base)}} {}

const Configuration& ConfigurationHistory::at(LogIndex index) const {
  GREY_RAFT_CHECK(index >= items_.front().index);
  auto item = items_.rbegin();
  while (item->index > index) ++item;
  return item->configuration;
}

void ConfigurationHistory::append(LogIndex index, Configuration configuration) {
  GREY_RAFT_CHECK(index > latest_index());
  items_.push_back({index, std::move(configuration)});
}

bool ConfigurationHistory::truncate(LogIndex from) {
  const size_t before = items_.size();
  while (items_.size() > 1 && items_.back().index >= from) items_.pop_back();
  return items_.size() != before;
}

void ConfigurationHistory::compact(LogIndex index) {
  while (items_.size() > 1 && items_[1].index <= index) items_.erase(items_.begin());
  if (items_.front().index < index) items_.front().index = index;
}

}  // namespace grey::raft
