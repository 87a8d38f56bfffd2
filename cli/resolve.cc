#include "resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <future>
#include <memory>
#include <thread>

namespace greyctl {
namespace {

Resolution look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int code = getaddrinfo(host.c_str(), nullptr, &hints, &list);
  Resolution result;
  if (code != 0) {
    result.error = std::string("the name cannot be resolved: ") + gai_strerror(code);
    return result;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    char text[NI_MAXHOST];
    if (getnameinfo(entry->ai_addr, entry->ai_addrlen, text, sizeof text, nullptr, 0,
                    NI_NUMERICHOST) != 0) {
      continue;
    }
    if (std::find(result.addresses.begin(), result.addresses.end(), text) ==
        result.addresses.end()) {
      result.addresses.emplace_back(text);
    }
  }
  if (result.addresses.empty()) result.error = "the name has no address";
  return result;
}

}  // namespace

Resolution resolve(const std::string& host, std::chrono::steady_clock::time_point deadline) {
  auto promise = std::make_shared<std::promise<Resolution>>();
  std::future<Resolution> future = promise->get_future();
  std::thread([promise, host] { promise->set_value(look_up(host)); }).detach();
  if (future.wait_until(deadline) == std::future_status::ready) return future.get();
  return Resolution{{}, "resolving the name took too long"};
}

}  // namespace greyctl
