// Where all log lines go: stderr, as text or as JSON lines.
#ifndef GREY_KERNEL_HOST_LOG_SINK_H_
#define GREY_KERNEL_HOST_LOG_SINK_H_

#include <iosfwd>
#include <memory>
#include <string_view>

#include "grey/host.h"

namespace greyd {

enum class LogFormat { text, json };

struct LogOptions {
  LogFormat format = LogFormat::text;
  grey::LogLevel level = grey::LogLevel::info;
  std::ostream* stream = nullptr;  // null: stderr. Must outlive the sink.
};

// Text: `2026-01-31T12:00:00.123Z INFO  [raft] message`, control characters escaped, so that one
// message is one line. JSON: {"time":"...","level":"info","logger":"raft","message":"..."}; bytes
// that are not UTF-8 become U+FFFD. Writes at once and in the order of the calls: last words
// before a crash are not lost, and a reader of stderr that stalls stalls the writer. Any thread.
class LogSink {
 public:
  explicit LogSink(const LogOptions& options = {});
  ~LogSink();
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  void set_level(grey::LogLevel level);
  bool enabled(grey::LogLevel level) const;
  // Writes nothing below the level.
  void write(grey::LogLevel level, std::string_view logger, std::string_view message);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "trace", "debug", "info", "warning" (or "warn"), "error"; false for anything else.
bool parse_log_level(std::string_view text, grey::LogLevel* level);

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_LOG_SINK_H_
