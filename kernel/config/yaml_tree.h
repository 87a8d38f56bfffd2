#ifndef GREY_KERNEL_CONFIG_YAML_TREE_H_
#define GREY_KERNEL_CONFIG_YAML_TREE_H_

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config_error.h"

namespace greyd {

// One value of a YAML document with the place where it is written. Two entries may point to one
// node where the document uses an alias; there are no cycles.
struct YamlNode {
  enum class Kind { null, scalar, list, section };
  struct Entry {
    const YamlNode* key = nullptr;
    const YamlNode* value = nullptr;
  };

  Kind kind = Kind::null;
  Mark mark;
  std::string text;                    // of a scalar
  std::vector<const YamlNode*> items;  // of a list
  std::vector<Entry> entries;          // of a section, in the order written, duplicates included
};

// A YAML document as written: with duplicate keys, and without any meaning given to it. Owns its
// nodes; movable, and pointers to nodes stay valid when it is moved.
class YamlTree {
 public:
  // What a document may have at most, so that no input makes the parser take long or much memory.
  static constexpr std::size_t kMaxBytes = 1 << 20;
  static constexpr int kMaxDepth = 32;
  static constexpr std::size_t kMaxNodes = 20000;
  static constexpr std::size_t kMaxAliases = 1000;

  // Reads one document. On failure the tree is empty and `error` (without file) says why. Takes any
  // bytes and does not throw, except when memory is exhausted.
  static std::optional<YamlTree> parse(std::string_view text, ConfigError& error);

  // Null for a file without a document; the pointer lives as long as the tree.
  const YamlNode* root() const { return root_; }

 private:
  friend class YamlTreeBuilder;

  std::deque<YamlNode> nodes_;
  const YamlNode* root_ = nullptr;
};

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_YAML_TREE_H_
