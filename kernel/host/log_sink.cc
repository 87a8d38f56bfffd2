#include "host/log_sink.h"

#include <spdlog/formatter.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>

#include "host/log_text.h"

namespace greyd {
namespace {

constexpr const char* kNames[] = {"trace", "debug", "info", "warning", "error"};
constexpr const char* kPaddedNames[] = {"TRACE", "DEBUG", "INFO ", "WARN ", "ERROR"};
constexpr spdlog::level::level_enum kLevels[] = {spdlog::level::trace, spdlog::level::debug,
                                                 spdlog::level::info, spdlog::level::warn,
                                                 spdlog::level::err};

uint32_t index_of(grey::LogLevel level) {
  return std::min<uint32_t>(static_cast<uint32_t>(level), 4);
}

// "2026-01-31T12:00:00.123Z"
std::string time_text(std::chrono::system_clock::time_point time) {
  const auto ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  const time_t seconds = static_cast<time_t>(ms / 1000);
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char date[32];
  const size_t size = std::strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &parts);
  char text[48];
  std::snprintf(text, sizeof(text), "%.*s.%03dZ", static_cast<int>(size), date,
                static_cast<int>(ms % 1000));
  return text;
}

std::string_view view_of(spdlog::string_view_t text) {
  return {text.data(), text.size()};
}

class LineFormatter final : public spdlog::formatter {
 public:
  explicit LineFormatter(LogFormat format) : format_(format) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const uint32_t level = static_cast<uint32_t>(message.level);  // same order as ours
    std::string line;
    if (format_ == LogFormat::json) {
      line.append("{\"time\":\"").append(time_text(message.time));
      line.append("\",\"level\":\"").append(kNames[level]).append("\",\"logger\":\"");
      append_json_escaped(line, view_of(message.logger_name));
      line.append("\",\"message\":\"");
      append_json_escaped(line, view_of(message.payload));
      line.append("\"}\n");
    } else {
      line.append(time_text(message.time)).append(" ").append(kPaddedNames[level]).append(" [");
      append_one_line(line, view_of(message.logger_name));
      line.append("] ");
      append_one_line(line, view_of(message.payload));
      line.append("\n");
    }
    out.append(line.data(), line.data() + line.size());
  }

  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<LineFormatter>(format_);
  }

 private:
  const LogFormat format_;
};

}  // namespace

struct LogSink::Impl {
  std::shared_ptr<spdlog::sinks::sink> sink;
  std::atomic<uint32_t> level;
};

LogSink::LogSink(const LogOptions& options) : impl_(std::make_unique<Impl>()) {
  if (options.stream) {
    impl_->sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*options.stream, true);
  } else {
    impl_->sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  impl_->sink->set_formatter(std::make_unique<LineFormatter>(options.format));
  impl_->sink->set_level(spdlog::level::trace);
  impl_->level = index_of(options.level);
}

LogSink::~LogSink() = default;

void LogSink::set_level(grey::LogLevel level) {
  impl_->level.store(index_of(level), std::memory_order_relaxed);
}

bool LogSink::enabled(grey::LogLevel level) const {
  return index_of(level) >= impl_->level.load(std::memory_order_relaxed);
}

void LogSink::write(grey::LogLevel level, std::string_view logger, std::string_view message) {
  if (!enabled(level)) return;
  const spdlog::details::log_msg line({logger.data(), logger.size()}, kLevels[index_of(level)],
                                      {message.data(), message.size()});
  impl_->sink->log(line);
}

bool parse_log_level(std::string_view text, grey::LogLevel* level) {
  if (text == "warn") text = "warning";
  for (uint32_t i = 0; i < 5; ++i) {
    if (text != kNames[i]) continue;
    *level = static_cast<grey::LogLevel>(i);
    return true;
  }
  return false;
}

}  // namespace greyd
