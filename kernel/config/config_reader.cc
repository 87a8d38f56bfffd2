#include "config/config_reader.h"

#include <algorithm>
#include <cassert>

#include "config/suggestion.h"

namespace greyd {
namespace {

std::string join(const std::string& section, std::string_view name) {
  return section.empty() ? std::string(name) : section + "." + std::string(name);
}

std::string join(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + name;
  return all;
}

// A key of the file as it may be printed: dotted keys are shown without quotes.
std::string printable(const std::string& name) {
  const std::string shown = quoted(name);
  return shown.substr(1, shown.size() - 2);
}

std::string found_words(const YamlNode& node) {
  switch (node.kind) {
    case YamlNode::Kind::null:
      return "nothing";
    case YamlNode::Kind::scalar:
      return quoted(node.text);
    case YamlNode::Kind::list:
      return "a list";
    case YamlNode::Kind::section:
      return "a section";
  }
  return "";
}

// A value that is not written has no place of its own; its key stands for it.
Mark place_of(const YamlNode& name, const YamlNode& value) {
  return value.kind == YamlNode::Kind::null ? name.mark : value.mark;
}

template <class T>
void put(const KeySpec& key, Config& config, const Value& value) {
  if (const auto* slot = std::get_if<Slot<T>>(&key.slot)) (*slot)(config) = std::get<T>(value);
}

template <class T>
void append(const KeySpec& key, Config& config, const Value& value) {
  if (const auto* slot = std::get_if<Slot<std::vector<T>>>(&key.slot)) {
    (*slot)(config).push_back(std::get<T>(value));
  }
}

void store(const KeySpec& key, Config& config, const Value& value) {
  if (key.is_list) {
    append<std::string>(key, config, value);
    append<Endpoint>(key, config, value);
    return;
  }
  put<std::string>(key, config, value);
  put<std::int64_t>(key, config, value);
  put<bool>(key, config, value);
  put<Endpoint>(key, config, value);
}

void clear_list(const KeySpec& key, Config& config) {
  if (const auto* slot = std::get_if<Slot<std::vector<std::string>>>(&key.slot)) {
    (*slot)(config).clear();
  }
  if (const auto* slot = std::get_if<Slot<std::vector<Endpoint>>>(&key.slot)) {
    (*slot)(config).clear();
  }
}

void store_default(const KeySpec& key, Config& config) {
  std::string_view rest = key.default_text;
  if (rest.empty()) return;
  if (!key.is_list) {
    const ValueReading reading = read_value(key.type, key.allowed, rest);
    assert(reading.value && "a default in the table of keys must be a valid value");
    store(key, config, *reading.value);
    return;
  }
  rest.remove_prefix(1);
  rest.remove_suffix(1);
  while (!rest.empty()) {
    const auto comma = rest.find(", ");
    const ValueReading reading = read_value(key.type, key.allowed, rest.substr(0, comma));
    assert(reading.value && "a default in the table of keys must be a valid value");
    store(key, config, *reading.value);
    rest = comma == std::string_view::npos ? "" : rest.substr(comma + 2);
  }
}

bool same_value(const Value& a, const Value& b) {
  const auto* first = std::get_if<Endpoint>(&a);
  const auto* second = std::get_if<Endpoint>(&b);
  if (first != nullptr && second != nullptr) {
    return first->port == second->port && same_host(first->host, second->host);
  }
  return a == b;
}

}  // namespace

ConfigReader::ConfigReader(std::string file, const EnvironmentLookup& environment)
    : environment_(environment) {
  config_.source.file = std::move(file);
  for (const KeySpec& key : config_keys()) store_default(key, config_);
}

void ConfigReader::read(const YamlNode* root) {
  if (root != nullptr) read_section("", *root);
  check_required();
}

void ConfigReader::read_section(const std::string& section, const YamlNode& node) {
  if (node.kind == YamlNode::Kind::null) return;  // every key of the section is commented out
  if (node.kind != YamlNode::Kind::section) {
    ConfigError& error = report(ConfigErrorKind::wrong_value, node.mark, section, "");
    error.found = found_words(node);
    error.allowed = "a section with the keys " + join(names_in_section(section));
    for (const KeySpec& key : config_keys()) {
      if (key.name.starts_with(join(section, ""))) unusable_.emplace(key.name);
    }
    return;
  }
  std::map<std::string, Mark> seen;
  for (const YamlNode::Entry& entry : node.entries) {
    if (!take_name(section, entry, seen)) continue;
    const std::string dotted = join(section, entry.key->text);
    if (entry.key->text.find('.') != std::string::npos) {
      unknown_key(section, *entry.key);  // `storage.shards: 32` would be a second way to say it
    } else if (const KeySpec* key = find_config_key(dotted)) {
      read_key(*key, *entry.key, *entry.value);
    } else if (is_config_section(dotted)) {
      config_.source.given[dotted] = entry.key->mark;
      read_section(dotted, *entry.value);
    } else {
      unknown_key(section, *entry.key);
    }
  }
}

// True if the entry has a key that is a name and is not given before in the same section.
bool ConfigReader::take_name(const std::string& section, const YamlNode::Entry& entry,
                             std::map<std::string, Mark>& seen) {
  const YamlNode& name = *entry.key;
  if (name.kind != YamlNode::Kind::scalar) {
    ConfigError& error = report(ConfigErrorKind::syntax, place_of(*entry.value, name), section,
                                "a key is a plain name");
    error.found = found_words(name);
    return false;
  }
  const auto [first, is_new] = seen.emplace(name.text, name.mark);
  if (is_new) return true;
  report(ConfigErrorKind::duplicate_key, name.mark, join(section, printable(name.text)),
         "given twice; the first is on line " + std::to_string(first->second.line));
  return false;
}

void ConfigReader::unknown_key(const std::string& section, const YamlNode& name) {
  const std::vector<std::string> known = names_in_section(section);
  std::string suggestion = nearest(name.text, known);
  for (const KeySpec& key : config_keys()) {  // the right name in the wrong section
    const auto last_dot = key.name.rfind('.');
    if (suggestion.empty() && key.name.substr(last_dot + 1) == name.text) suggestion = key.name;
  }
  ConfigError& error =
      report(ConfigErrorKind::unknown_key, name.mark, join(section, printable(name.text)),
             name.text.find('.') == std::string::npos
                 ? "unknown key"
                 : "unknown key (sections are nested, not joined by dots)");
  error.allowed = join(known);
  error.suggestion = std::move(suggestion);
}

void ConfigReader::read_key(const KeySpec& key, const YamlNode& name, const YamlNode& value) {
  const std::string dotted(key.name);
  const Mark mark = place_of(name, value);
  config_.source.given[dotted] = mark;
  if (key.type == ValueType::option_tree) {
    read_plugin_options(value);
    return;
  }
  const auto wanted = key.is_list ? YamlNode::Kind::list : YamlNode::Kind::scalar;
  if (value.kind != wanted) {
    const bool unlisted = key.is_list && value.kind == YamlNode::Kind::scalar;
    ConfigError& error = report(ConfigErrorKind::wrong_value, mark, dotted,
                                unlisted ? "a list is written [a, b]" : "");
    error.found = found_words(value);
    error.allowed = describe_allowed(key);
    unusable_.insert(dotted);
    return;
  }
  if (key.is_list) {
    read_list(key, value);
    return;
  }
  Value result;
  if (read_scalar(key, dotted, value, mark, result)) {
    store(key, config_, result);
  } else {
    unusable_.insert(dotted);
  }
}

void ConfigReader::read_list(const KeySpec& key, const YamlNode& list) {
  clear_list(key, config_);
  std::vector<Value> values;
  for (std::size_t i = 0; i < list.items.size(); ++i) {
    const YamlNode& item = *list.items[i];
    const std::string dotted = std::string(key.name) + "[" + std::to_string(i) + "]";
    config_.source.given[dotted] = item.mark;
    Value value;
    bool good = false;
    if (item.kind != YamlNode::Kind::scalar) {
      ConfigError& error = report(ConfigErrorKind::wrong_value, item.mark, dotted, "");
      error.found = found_words(item);
      error.allowed = describe_allowed(key.type, key.allowed);
    } else {
      good = read_scalar(key, dotted, item, item.mark, value);
    }
    const auto first = std::find_if(values.begin(), values.end(),
                                    [&](const Value& other) { return same_value(other, value); });
    if (good && first != values.end()) {
      report(ConfigErrorKind::conflict, item.mark, dotted,
             quoted(item.text) + " stands in the list twice");
      good = false;
    }
    if (!good) {
      unusable_.emplace(key.name);
      continue;
    }
    store(key, config_, value);
    values.push_back(std::move(value));
  }
}

bool ConfigReader::read_scalar(const KeySpec& key, const std::string& dotted, const YamlNode& value,
                               Mark mark, Value& result) {
  std::string text;
  if (!expand(dotted, value, mark, text)) return false;
  ValueReading reading = read_value(key.type, key.allowed, text);
  if (reading.value) {
    result = std::move(*reading.value);
    return true;
  }
  ConfigError& error =
      report(ConfigErrorKind::wrong_value, mark, dotted, std::move(reading.problem));
  error.found = quoted(text) + (text == value.text ? "" : " from " + quoted(value.text));
  error.allowed = describe_allowed(key.type, key.allowed);
  error.suggestion = std::move(reading.suggestion);
  return false;
}

bool ConfigReader::expand(const std::string& dotted, const YamlNode& value, Mark mark,
                          std::string& text) {
  Expansion expansion = expand_environment(value.text, environment_);
  text = std::move(expansion.text);
  if (expansion.problem.empty()) return true;
  ConfigError& error =
      report(ConfigErrorKind::environment, mark, dotted, std::move(expansion.problem));
  error.found = quoted(value.text);
  return false;
}

void ConfigReader::read_plugin_options(const YamlNode& node) {
  const std::string section = "plugins.options";
  if (node.kind == YamlNode::Kind::null) return;
  if (node.kind != YamlNode::Kind::section) {
    ConfigError& error = report(ConfigErrorKind::wrong_value, node.mark, section, "");
    error.found = found_words(node);
    error.allowed = describe_allowed(ValueType::option_tree, "");
    return;
  }
  std::map<std::string, Mark> seen;
  for (const YamlNode::Entry& entry : node.entries) {
    if (!take_name(section, entry, seen)) continue;
    const std::string& plugin = entry.key->text;
    if (!read_value(ValueType::name, "", plugin).value) {
      ConfigError& error = report(ConfigErrorKind::wrong_value, entry.key->mark, section,
                                  "options stand under the name of their plugin");
      error.found = quoted(plugin);
      error.allowed = describe_allowed(ValueType::name, "");
      continue;
    }
    PluginOptions& options = config_.plugins.options[plugin];
    options.plugin = plugin;
    options.file = config_.source.file;
    options.mark = entry.key->mark;
    if (entry.value->kind == YamlNode::Kind::null) continue;
    if (entry.value->kind != YamlNode::Kind::section) {
      ConfigError& error =
          report(ConfigErrorKind::wrong_value, entry.value->mark, join(section, plugin), "");
      error.found = found_words(*entry.value);
      error.allowed = "a section of options";
      continue;
    }
    read_option_tree(options, "", *entry.value);
  }
}

// The depth of the recursion is bounded by that of the document.
void ConfigReader::read_option_tree(PluginOptions& options, const std::string& prefix,
                                    const YamlNode& node) {
  std::map<std::string, Mark> seen;
  const std::string plugin = "plugins.options." + options.plugin;
  const std::string section = prefix.empty() ? plugin : plugin + "." + printable(prefix);
  for (const YamlNode::Entry& entry : node.entries) {
    if (option_nodes_ > kMaxPluginOptions) return;
    if (++option_nodes_ > kMaxPluginOptions) {
      report(ConfigErrorKind::wrong_value, entry.key->mark, "plugins.options",
             "more than " + std::to_string(kMaxPluginOptions) + " options");
      return;
    }
    if (take_name(section, entry, seen)) {
      read_option(options, join(prefix, entry.key->text), entry);
    }
  }
}

void ConfigReader::read_option(PluginOptions& options, const std::string& key,
                               const YamlNode::Entry& entry) {
  const YamlNode& value = *entry.value;
  const Mark mark = place_of(*entry.key, value);
  if (value.kind == YamlNode::Kind::section) {
    read_option_tree(options, key, value);
    return;
  }
  const std::string dotted = "plugins.options." + options.plugin + "." + printable(key);
  if (value.kind != YamlNode::Kind::scalar) {
    ConfigError& error = report(ConfigErrorKind::wrong_value, mark, dotted, "");
    error.found = found_words(value);
    error.allowed = "a single value or a section of options";
    return;
  }
  if (const PluginOption* first = options.find(key)) {  // `a.b: 1` beside `a: {b: 1}`
    report(ConfigErrorKind::duplicate_key, entry.key->mark, dotted,
           "given twice; the first is on line " + std::to_string(first->mark.line));
    return;
  }
  std::string text;
  if (expand(dotted, value, mark, text)) options.values.push_back({key, std::move(text), mark});
}

void ConfigReader::check_required() {
  for (const KeySpec& key : config_keys()) {
    if (!key.required || config_.source.has(key.name) || unusable_.contains(key.name)) continue;
    const std::string section(key.name.substr(0, key.name.rfind('.')));
    const auto place = config_.source.given.find(section);
    const Mark mark = place == config_.source.given.end() ? Mark{1, 1} : place->second;
    report(ConfigErrorKind::missing_key, mark, std::string(key.name),
           "missing, and it has no default")
        .allowed = describe_allowed(key);
    unusable_.emplace(key.name);
  }
}

ConfigError& ConfigReader::report(ConfigErrorKind kind, Mark mark, std::string key,
                                  std::string problem) {
  ConfigError& error = errors_.emplace_back();
  error.kind = kind;
  error.file = config_.source.file;
  error.mark = mark;
  error.key = std::move(key);
  error.problem = std::move(problem);
  return error;
}

}  // namespace greyd
