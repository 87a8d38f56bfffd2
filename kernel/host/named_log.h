// The log of one plugin or of one part of the kernel.
#ifndef GREY_KERNEL_HOST_NAMED_LOG_H_
#define GREY_KERNEL_HOST_NAMED_LOG_H_

#include <string>
#include <utility>

#include "grey/glue/bytes.h"
#include "grey/host.h"
#include "host/borrowed.h"
#include "host/log_sink.h"

namespace greyd {

class NamedLog final : public Borrowed<grey::Log> {
 public:
  // `sink` must outlive the log.
  NamedLog(LogSink& sink, std::string name) : sink_(sink), name_(std::move(name)) {}

  bool enabled(grey::LogLevel level) noexcept override { return sink_.enabled(level); }
  void write(grey::LogLevel level, grey::ByteView message) noexcept override {
    sink_.write(level, name_, grey::text_of(message));
  }

 private:
  LogSink& sink_;
  const std::string name_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_NAMED_LOG_H_
