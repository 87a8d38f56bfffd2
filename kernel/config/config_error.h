#ifndef GREY_KERNEL_CONFIG_CONFIG_ERROR_H_
#define GREY_KERNEL_CONFIG_CONFIG_ERROR_H_

#include <compare>
#include <string>
#include <string_view>
#include <vector>

namespace greyd {

// A place in a file, both counted from 1, columns in bytes; 0 where a place makes no sense.
struct Mark {
  int line = 0;
  int column = 0;

  auto operator<=>(const Mark&) const = default;
};

enum class ConfigErrorKind {
  unreadable,     // the file as a whole: missing, a directory, too large, not UTF-8
  syntax,         // not YAML, or YAML beyond the limits
  unknown_key,    // `suggestion` is the nearest known key, `allowed` the list of known ones
  duplicate_key,  // the same key twice in one section
  missing_key,    // a key without a default is not given
  wrong_value,    // a value of the wrong type or out of its range
  environment,    // `${NAME}` that cannot be expanded
  conflict,       // values that are fine alone and impossible together
};

// One thing wrong with a configuration, in parts; text() makes the sentence for people.
struct ConfigError {
  ConfigErrorKind kind = ConfigErrorKind::wrong_value;
  std::string file;
  Mark mark;
  std::string key;         // dotted, `cluster.bootstrap_peers[1]`; empty for the whole file
  std::string problem;     // what is wrong and why; may be empty for a wrong value
  std::string found;       // printable, already quoted where it quotes the file
  std::string allowed;     // what may stand there
  std::string suggestion;  // the nearest known name, without quotes

  // `grey.yaml:12:3: storage.shard: unknown key; did you mean "shards"? (known here: ...)`
  std::string text() const;
};

// One line per error, each ended by a newline.
std::string errors_text(const std::vector<ConfigError>& errors);

// Bytes from outside made fit for a terminal and a log line: in double quotes, anything but
// printable ASCII as \xNN, and cut after 80 bytes.
std::string quoted(std::string_view bytes);

}  // namespace greyd

#endif  // GREY_KERNEL_CONFIG_CONFIG_ERROR_H_
