#include "config/yaml_tree.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <map>
#include <sstream>
#include <stdexcept>

#include "config/text_check.h"

namespace greyd {
namespace {

Mark to_mark(const YAML::Mark& mark) {
  return mark.is_null() ? Mark{} : Mark{mark.line + 1, mark.column + 1};
}

// Leaves the parser from inside one of its callbacks.
class DocumentFault : public std::runtime_error {
 public:
  DocumentFault(Mark mark, const std::string& problem) : std::runtime_error(problem), mark_(mark) {}
  Mark mark() const { return mark_; }

 private:
  Mark mark_;
};

bool is_plain_tag(const std::string& tag) {
  return tag.empty() || tag == "?" || tag == "!" || tag.starts_with("tag:yaml.org,2002:");
}

}  // namespace

class YamlTreeBuilder : public YAML::EventHandler {
 public:
  explicit YamlTreeBuilder(YamlTree& tree) : tree_(tree) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    attach(add(YamlNode::Kind::null, to_mark(mark), "", anchor));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (++aliases_ > YamlTree::kMaxAliases) {
      throw DocumentFault(to_mark(mark), "more than " + std::to_string(YamlTree::kMaxAliases) +
                                             " aliases in one file");
    }
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) throw DocumentFault(to_mark(mark), "an alias of nothing");
    for (const Frame& frame : open_) {
      if (frame.node == found->second) {
        throw DocumentFault(to_mark(mark), "an alias of a value that contains the alias itself");
      }
    }
    attach(found->second);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode* node = add(YamlNode::Kind::scalar, to_mark(mark), tag, anchor);
    node->text = value;
    attach(node);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(add(YamlNode::Kind::list, to_mark(mark), tag, anchor));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(add(YamlNode::Kind::section, to_mark(mark), tag, anchor));
  }
  void OnMapEnd() override { close(); }

  // Place of the value that was read last.
  Mark last_mark() const { return last_mark_; }

 private:
  struct Frame {
    YamlNode* node;
    const YamlNode* key;  // read, and waiting for its value
  };

  YamlNode* add(YamlNode::Kind kind, Mark mark, const std::string& tag, YAML::anchor_t anchor) {
    if (!is_plain_tag(tag)) throw DocumentFault(mark, "the tag " + quoted(tag) + " has no meaning");
    if (tree_.nodes_.size() >= YamlTree::kMaxNodes) {
      throw DocumentFault(
          mark, "more than " + std::to_string(YamlTree::kMaxNodes) + " values in one file");
    }
    YamlNode& node = tree_.nodes_.emplace_back();
    node.kind = kind;
    node.mark = mark;
    last_mark_ = mark;
    if (anchor != 0) anchors_[anchor] = &node;
    return &node;
  }

  void attach(const YamlNode* node) {
    if (open_.empty()) {
      tree_.root_ = node;
      return;
    }
    Frame& frame = open_.back();
    if (frame.node->kind == YamlNode::Kind::list) {
      frame.node->items.push_back(node);
    } else if (frame.key == nullptr) {
      frame.key = node;
    } else {
      frame.node->entries.push_back({frame.key, node});
      frame.key = nullptr;
    }
  }

  void open(YamlNode* node) {
    if (open_.size() >= static_cast<std::size_t>(YamlTree::kMaxDepth)) {
      throw DocumentFault(node->mark,
                          "nested deeper than " + std::to_string(YamlTree::kMaxDepth) + " levels");
    }
    attach(node);
    open_.push_back({node, nullptr});
  }

  void close() {
    if (open_.empty()) throw DocumentFault({}, "an end without a beginning");
    open_.pop_back();
  }

  YamlTree& tree_;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, const YamlNode*> anchors_;
  std::size_t aliases_ = 0;
  Mark last_mark_{1, 1};
};

namespace {

// Notices a second document and ignores what is in it.
class ExtraDocument : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    throw DocumentFault(to_mark(mark), "content after the end of the document");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// The parser takes the end of the last line for a closing quote: a forgotten one would make the
// rest of the file part of a value. After a last line without an end it notices.
constexpr const char* kEndGuard = "\n#";

// Where a line begins with `%`. The parser skips such lines even after the content.
std::optional<Mark> find_directive(std::string_view text) {
  int line = 1;
  for (std::size_t begin = 0; begin < text.size(); ++line) {
    if (text[begin] == '%') return Mark{line, 1};
    const auto end = text.find('\n', begin);
    if (end == std::string_view::npos) break;
    begin = end + 1;
  }
  return std::nullopt;
}

ConfigError fault(ConfigErrorKind kind, Mark mark, std::string problem) {
  ConfigError error;
  error.kind = kind;
  error.mark = mark;
  error.problem = std::move(problem);
  return error;
}

}  // namespace

std::optional<YamlTree> YamlTree::parse(std::string_view text, ConfigError& error) {
  if (text.size() > kMaxBytes) {
    error = fault(ConfigErrorKind::unreadable, {},
                  "larger than " + std::to_string(kMaxBytes) + " bytes");
    return std::nullopt;
  }
  if (auto bad = find_text_fault(text)) {
    error =
        fault(ConfigErrorKind::syntax, bad->mark, bad->problem + "; a configuration is UTF-8 text");
    return std::nullopt;
  }
  if (auto directive = find_directive(text)) {
    error = fault(ConfigErrorKind::syntax, *directive, "not accepted: a YAML directive");
    return std::nullopt;
  }
  YamlTree tree;
  YamlTreeBuilder builder(tree);
  try {
    std::istringstream stream(std::string(text) + kEndGuard);
    YAML::Parser parser(stream);
    ExtraDocument extra;
    if (parser.HandleNextDocument(builder)) parser.HandleNextDocument(extra);
    return tree;
  } catch (const DocumentFault& thrown) {
    error = fault(ConfigErrorKind::syntax, thrown.mark(),
                  std::string("not accepted: ") + thrown.what());
  } catch (const YAML::Exception& thrown) {
    if (thrown.msg == YAML::ErrorMsg::EOF_IN_SCALAR) {
      error = fault(ConfigErrorKind::syntax, builder.last_mark(),
                    "not valid YAML: a quote that is opened after this is never closed");
      return std::nullopt;
    }
    error = fault(ConfigErrorKind::syntax, to_mark(thrown.mark), "not valid YAML: " + thrown.msg);
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    error = fault(ConfigErrorKind::syntax, {}, std::string("not valid YAML: ") + thrown.what());
  }
  return std::nullopt;
}

}  // namespace greyd
