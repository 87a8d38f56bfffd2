#include "options.h"

#include <netdb.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <sstream>

#include "workload.h"

namespace grey::bench {
namespace {

constexpr Operation kOperations[] = {Operation::kPut, Operation::kGet, Operation::kStaleGet,
                                     Operation::kMixed, Operation::kLoad};

using Setter = std::function<bool(const std::string&)>;

bool parse_number(const std::string& text, double* number) {
  char* end = nullptr;
  *number = std::strtod(text.c_str(), &end);
  return !text.empty() && *end == '\0';
}

template <typename Integer>
bool parse_number(const std::string& text, Integer* number) {
  const char* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, *number);
  return result.ec == std::errc() && result.ptr == end;
}

template <typename Number>
Setter number_between(Number* target, Number least, Number most) {
  return [target, least, most](const std::string& text) {
    Number value{};
    if (!parse_number(text, &value) || !(value >= least && value <= most)) return false;
    *target = value;
    return true;
  };
}

bool set_operation(const std::string& text, Operation* operation) {
  for (Operation candidate : kOperations) {
    if (text != operation_name(candidate)) continue;
    *operation = candidate;
    return true;
  }
  return false;
}

bool resolve(Endpoint* endpoint) {
  const size_t colon = endpoint->text.rfind(':');
  if (colon == std::string::npos) return false;
  std::string host = endpoint->text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const std::string port = endpoint->text.substr(colon + 1);
  if (port.empty() || getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return false;
  std::memcpy(&endpoint->address, found->ai_addr, found->ai_addrlen);
  endpoint->address_size = found->ai_addrlen;
  freeaddrinfo(found);
  return true;
}

bool set_endpoints(const std::string& text, std::vector<Endpoint>* endpoints) {
  endpoints->clear();
  std::istringstream list(text);
  std::string item;
  while (std::getline(list, item, ',')) {
    if (item.starts_with("http://")) item.erase(0, 7);
    if (item.ends_with('/')) item.pop_back();
    Endpoint endpoint;
    endpoint.text = item;
    if (!resolve(&endpoint)) return false;
    endpoints->push_back(endpoint);
  }
  return !endpoints->empty();
}

std::map<std::string, Setter> setters_for(Options* o) {
  return {
      {"--endpoints", [o](const std::string& text) { return set_endpoints(text, &o->endpoints); }},
      {"--op", [o](const std::string& text) { return set_operation(text, &o->operation); }},
      {"--connections", number_between(&o->connections, 1, 100000)},
      {"--threads", number_between(&o->threads, 1, 256)},
      {"--pipeline", number_between(&o->pipeline, 1, 10000)},
      {"--rate", number_between(&o->rate, 0.0, 1e8)},
      {"--keys", number_between<uint64_t>(&o->keys, 1, 1'000'000'000)},
      {"--value-size", number_between<uint64_t>(&o->value_size, 0, kMaxValueSize)},
      {"--seconds", number_between(&o->seconds, 0.001, 1e6)},
      {"--warmup", number_between(&o->warmup_seconds, 0.0, 1e6)},
      {"--timeout", number_between(&o->timeout_seconds, 0.001, 1e6)},
      {"--seed", number_between<uint64_t>(&o->seed, 0, ~uint64_t{0})},
  };
}

}  // namespace

const char* operation_name(Operation operation) {
  switch (operation) {
    case Operation::kPut:
      return "put";
    case Operation::kGet:
      return "get";
    case Operation::kStaleGet:
      return "stale-get";
    case Operation::kMixed:
      return "mixed";
    case Operation::kLoad:
      return "load";
  }
  return "";
}

ParsedOptions parse_options(int argc, char** argv) {
  ParsedOptions parsed;
  Options& options = parsed.options;
  const std::map<std::string, Setter> setters = setters_for(&options);
  set_endpoints("127.0.0.1:8080", &options.endpoints);
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    if (name == "--help" || name == "-h") {
      parsed.help = true;
    } else if (name == "--json") {
      options.json = true;
    } else if (name == "--failover") {
      options.failover = true;
    } else {
      std::string value;
      const size_t equals = name.find('=');
      if (equals != std::string::npos) {
        value = name.substr(equals + 1);
        name.resize(equals);
      } else if (i + 1 < argc) {
        value = argv[++i];
      }
      const auto setter = setters.find(name);
      if (setter == setters.end()) {
        parsed.error = "unknown option " + name;
        return parsed;
      }
      if (!setter->second(value)) {
        parsed.error = name + ": not a valid value: \"" + value + "\"";
        return parsed;
      }
    }
  }
  if (options.threads > options.connections) {
    parsed.error = "--threads must not be more than --connections";
  }
  if (options.rate > 0 && options.operation == Operation::kLoad) {
    parsed.error = "--op load has no --rate";
  }
  return parsed;
}

const char* usage_text() {
  return R"(usage: grey_bench [options]
  --endpoints LIST    API addresses, comma-separated (127.0.0.1:8080); connections take them in turn
  --op OP             put | get | stale-get | mixed (90 % get, 10 % put) | load (put every key once)
  --connections N     connections (64)
  --pipeline N        requests under way on one connection (1)
  --rate R            open loop: R requests/s, latency counted from the intended time of sending;
                      without it a closed loop: every connection is always busy
  --threads N         client threads (1)
  --keys N            key space (100000)
  --value-size N      bytes of a value (256)
  --seconds S         measured time (10)
  --warmup S          time before it (1)
  --timeout S         per request (5)
  --failover          a connection that fails moves on to the next endpoint
  --seed N            of keys and values (0: from the clock)
  --json              one JSON object on standard output, the line for humans on standard error
Exit status: 0 if any request succeeded, 1 if none did, 2 for usage.
)";
}

}  // namespace grey::bench
