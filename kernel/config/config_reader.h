#ifndef GREY_KERNEL_CONFIG_CONFIG_READER_H_
#define GREY_KERNEL_CONFIG_CONFIG_READER_H_

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/config_keys.h"
#include "config/environment.h"
#include "config/yaml_tree.h"

namespace greyd {

// Gives a YAML document its meaning by the table of keys: fills a Config with the constant defaults
// and then with what is written, and collects everything that is wrong with single values. Values
// that depend on one another are left to complete_config().
class ConfigReader {
 public:
  // Options of all plugins together, so that aliases cannot multiply without end.
  static constexpr std::size_t kMaxPluginOptions = 4096;

  // `file` names the document in errors. Keeps a reference to `environment`.
  ConfigReader(std::string file, const EnvironmentLookup& environment);

  // Reads the whole document, null for one without content. Call it once.
  void read(const YamlNode* root);

  Config& config() { return config_; }
  std::vector<ConfigError>& errors() { return errors_; }

  // Keys that are given or required, and have no usable value: nothing can be concluded from them.
  const std::set<std::string, std::less<>>& unusable() const { return unusable_; }

 private:
  void read_section(const std::string& section, const YamlNode& node);
  void read_key(const KeySpec& key, const YamlNode& name, const YamlNode& value);
  void read_list(const KeySpec& key, const YamlNode& value);
  bool read_scalar(const KeySpec& key, const std::string& dotted, const YamlNode& value, Mark mark,
                   Value& result);
  void read_plugin_options(const YamlNode& node);
  void read_option_tree(PluginOptions& options, const std::string& prefix, const YamlNode& node);
  void read_option(PluginOptions& options, const std::string& key, const YamlNode::Entry& entry);

  bool expand(const std::string& dotted, const YamlNode& value, Mark mark, std::string& text);
  bool take_name(const std::string& section, const YamlNode::Entry& entry,
                 std::map<std::string, Mark>& seen);
  void unknown_key(const std::string& section, const YamlNode& name);
  void check_required();
  ConfigError& report(ConfigErrorKind kind, Mark mark, std::string key, std::string problem);

  Config config_;
  const EnvironmentLookup& environment_;
  std::vector<ConfigError> errors_;
  std::set<std::string, std::less<>> unusable_;
  std::size_t option_nodes_ = 0;
};

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_CONFIG_READER_H_
