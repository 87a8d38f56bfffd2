#include "context.h"

#include "duration.h"
#include "encoding.h"
#include "failure.h"

namespace greyctl {

Context::Context(const Arguments& arguments, const Environment& environment)
    : arguments_(arguments), environment_(environment) {
  const ExitCode usage = arguments.command->usage_exit_code;
  const std::string format = flag("format").value_or("table");
  if (format != "table" && format != "json") {
    throw Failure(usage, "-o is table or json, not '" + escape_for_display(format) + "'");
  }
  json_ = format == "json";
  const char* no_colour = environment.variable("NO_COLOR");
  colour_ = environment.out_is_terminal && (no_colour == nullptr || *no_colour == '\0');
  if (const auto text = flag("timeout")) {
    const auto timeout = parse_duration(*text);
    if (!timeout || timeout->count() == 0) {
      throw Failure(usage, "--timeout is a duration like 500ms, 5s or 2m, not '" +
                               escape_for_display(*text) + "'");
    }
    timeout_ = *timeout;
  }
}

std::optional<std::string> Context::flag(const std::string& name) const {
  const auto found = arguments_.flags.find(name);
  if (found == arguments_.flags.end()) return std::nullopt;
  return found->second.front();
}

// Whoever gives certificates means an encrypted connection; to speak plaintext instead would be
// the opposite.
void Context::refuse_idle_certificates(const std::vector<Endpoint>& endpoints) const {
  for (const Endpoint& endpoint : endpoints) {
    if (endpoint.tls) return;
  }
  for (const char* name : {"cacert", "cert", "key"}) {
    if (!has(name)) continue;
    throw Failure(kUsage, std::string("--") + name + " is for https endpoints, and " +
                              endpoints.front().url() + " is none");
  }
}

Api& Context::api() {
  if (!api_) {
    const auto found = arguments_.flags.find("endpoint");
    const auto flags = found == arguments_.flags.end() ? std::vector<std::string>() : found->second;
    auto endpoints = choose_endpoints(flags, environment_.variable, kDefaultConfigFile);
    refuse_idle_certificates(endpoints);
    api_ = std::make_unique<Api>(std::move(endpoints), timeout_);
  }
  return *api_;
}

void Context::print_verbatim(const std::string& document) const {
  out() << document;
  if (!document.ends_with('\n')) out() << '\n';
}

}  // namespace greyctl
