#include "rocks_log.h"

#include <algorithm>
#include <cstdio>
#include <string>

#include "grey/glue/bytes.h"

namespace grey::rocks {

void HostLogger::Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) {
  if (level < GetInfoLogLevel() || level > rocksdb::FATAL_LEVEL) return;
  char text[1024];
  const int size = std::vsnprintf(text, sizeof(text), format, arguments);
  if (size <= 0) return;
  std::string line(text, std::min<size_t>(static_cast<size_t>(size), sizeof(text) - 1));
  std::replace(line.begin(), line.end(), '\n', ' ');
  log_->write(level == rocksdb::WARN_LEVEL ? LogLevel::warning : LogLevel::error, view_of(line));
}

}  // namespace grey::rocks
