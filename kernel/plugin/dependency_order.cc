#include "plugin/dependency_order.h"

#include <algorithm>

namespace greyd {
namespace {

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool is_of_host(const std::string& interface_id) {
  return interface_id.starts_with("grey.host.") || interface_id.starts_with("grey.host/");
}

// For each node the nodes it must come behind.
std::vector<std::vector<size_t>> edges_of(const std::vector<DependencyNode>& nodes,
                                          std::vector<std::string>* problems) {
  std::vector<std::vector<size_t>> behind(nodes.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string& need : nodes[i].needs) {
      if (is_of_host(need)) continue;
      bool found = false;
      for (size_t j = 0; j < nodes.size(); ++j) {
        if (!contains(nodes[j].provides, need)) continue;
        found = true;
        if (j != i) behind[i].push_back(j);
      }
      if (!found) {
        problems->push_back("plugin " + nodes[i].name + " needs the interface " + need +
                            ", which none of the chosen plugins provides");
      }
    }
  }
  return behind;
}

// Follows unplaced dependencies from `start` until one repeats: "a needs b needs a".
std::string cycle_text(const std::vector<DependencyNode>& nodes,
                       const std::vector<std::vector<size_t>>& behind,
                       const std::vector<bool>& placed, size_t start) {
  std::vector<size_t> path{start};
  while (true) {
    const auto& candidates = behind[path.back()];
    const size_t next = *std::find_if(candidates.begin(), candidates.end(),
                                      [&](size_t node) { return !placed[node]; });
    const auto seen = std::find(path.begin(), path.end(), next);
    if (seen == path.end()) {
      path.push_back(next);
      continue;
    }
    std::string text;
    for (auto it = seen; it != path.end(); ++it) text += nodes[*it].name + " needs ";
    return text + nodes[next].name;
  }
}

}  // namespace

DependencyOrder order_by_dependency(const std::vector<DependencyNode>& nodes) {
  DependencyOrder result;
  const std::vector<std::vector<size_t>> behind = edges_of(nodes, &result.problems);
  if (!result.problems.empty()) return result;
  std::vector<bool> placed(nodes.size(), false);
  while (result.order.size() < nodes.size()) {
    size_t next = nodes.size();
    size_t first_open = nodes.size();
    for (size_t i = 0; i < nodes.size() && next == nodes.size(); ++i) {
      if (placed[i]) continue;
      if (first_open == nodes.size()) first_open = i;
      const bool free = std::all_of(behind[i].begin(), behind[i].end(),
                                    [&](size_t before) { return placed[before]; });
      if (free) next = i;
    }
    if (next == nodes.size()) {
      result.order.clear();
      result.problems.push_back(
          "plugins cannot be started in any order, since they need each other: " +
          cycle_text(nodes, behind, placed, first_open));
      return result;
    }
    placed[next] = true;
    result.order.push_back(next);
  }
  return result;
}

}  // namespace greyd
