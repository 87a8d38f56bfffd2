// What a running command has at hand: its arguments, its streams and the API.
#ifndef GREY_CLI_CONTEXT_H_
#define GREY_CLI_CONTEXT_H_

#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "api.h"
#include "arguments.h"
#include "endpoint.h"

namespace greyctl {

// The process around a command, replaceable in tests.
struct Environment {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool out_is_terminal = false;
  EnvironmentLookup variable;
};

// Not thread-safe. Refers to the arguments and the environment it was made with.
class Context {
 public:
  // `arguments` must name a command. Throws Failure with the command's usage_exit_code when a
  // common flag has a value that it cannot have.
  Context(const Arguments& arguments, const Environment& environment);

  std::ostream& out() const { return environment_.out; }
  std::istream& in() const { return environment_.in; }
  std::ostream& err() const { return environment_.err; }
  bool json() const { return json_; }
  bool colour() const { return colour_; }
  bool out_is_terminal() const { return environment_.out_is_terminal; }
  const char* variable(const char* name) const { return environment_.variable(name); }

  const std::vector<std::string>& values() const { return arguments_.values; }
  bool has(const std::string& flag) const { return arguments_.flags.contains(flag); }
  std::optional<std::string> flag(const std::string& name) const;

  // Made at its first use, so that commands that never call it need no endpoint. Throws
  // Failure(kUsage) for an endpoint that cannot be, or certificates without an https endpoint.
  Api& api();

  // Prints a document of the API as it came, with a line break at its end.
  void print_verbatim(const std::string& document) const;

 private:
  void refuse_idle_certificates(const std::vector<Endpoint>& endpoints) const;

  const Arguments& arguments_;
  const Environment& environment_;
  bool json_ = false;
  bool colour_ = false;
  std::chrono::milliseconds timeout_{5000};
  std::unique_ptr<Api> api_;
};

}  // namespace greyctl

#endif  // GREY_CLI_CONTEXT_H_
