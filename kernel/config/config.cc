#include "config/config.h"

namespace greyd {

ConfigError ConfigSource::error_at(std::string_view key, std::string problem, std::string found,
                                   std::string allowed) const {
  ConfigError error;
  error.kind = ConfigErrorKind::conflict;
  error.file = file;
  if (const auto place = given.find(key); place != given.end()) error.mark = place->second;
  error.key = key;
  error.problem = std::move(problem);
  error.found = std::move(found);
  error.allowed = std::move(allowed);
  return error;
}

}  // namespace greyd
