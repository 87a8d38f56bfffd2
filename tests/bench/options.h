#ifndef GREY_TESTS_BENCH_OPTIONS_H_
#define GREY_TESTS_BENCH_OPTIONS_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <vector>

namespace grey::bench {

enum class Operation {
  kPut,
  kGet,
  kStaleGet,
  kMixed,  // nine linearizable gets to one put
  kLoad,   // put every key once, then end
};

const char* operation_name(Operation operation);

// A server's API address, resolved once at start.
struct Endpoint {
  std::string text;  // as given, without a scheme; also the Host header
  sockaddr_storage address{};
  socklen_t address_size = 0;
};

struct Options {
  std::vector<Endpoint> endpoints;
  Operation operation = Operation::kPut;
  int connections = 64;
  int threads = 1;
  int pipeline = 1;  // requests under way on one connection
  double rate = 0;   // requests per second of the open loop; 0: closed loop
  uint64_t keys = 100000;
  uint64_t value_size = 256;
  double seconds = 10;
  double warmup_seconds = 1;
  double timeout_seconds = 5;
  uint64_t seed = 0;      // 0: from the clock
  bool failover = false;  // a connection that fails moves on to the next endpoint
  bool json = false;
};

struct ParsedOptions {
  Options options;
  std::string error;  // empty if the options are valid
  bool help = false;
};

// Reads the command line and resolves the endpoints' addresses.
ParsedOptions parse_options(int argc, char** argv);

const char* usage_text();

}  // namespace grey::bench

#endif  // GREY_TESTS_BENCH_OPTIONS_H_
