#ifndef GREY_KERNEL_PLUGIN_DEPENDENCY_ORDER_H_
#define GREY_KERNEL_PLUGIN_DEPENDENCY_ORDER_H_

#include <string>
#include <vector>

namespace greyd {

// One plugin as the order of starting sees it.
struct DependencyNode {
  std::string name;
  std::vector<std::string> provides;  // interface ids
  std::vector<std::string> needs;
};

// Either the order in which to start, as indices into the nodes, or sentences that say why there is
// none: an interface that nobody provides, or plugins that need each other.
struct DependencyOrder {
  std::vector<size_t> order;
  std::vector<std::string> problems;
};

// Each node comes behind all that provide what it needs; where that leaves a choice, in the order
// given. Interfaces of the host ("grey.host...") are always there.
DependencyOrder order_by_dependency(const std::vector<DependencyNode>& nodes);

}  // namespace greyd

#endif  // GREY_KERNEL_PLUGIN_DEPENDENCY_ORDER_H_
