// Looks names up on threads of its own, so that a dead name server holds up nobody else.
#ifndef GREY_KERNEL_HOST_RESOLVER_H_
#define GREY_KERNEL_HOST_RESOLVER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "grey/glue/status.h"
#include "grey/net.h"

namespace greyd {

using Addresses = std::vector<grey::NetAddress>;

// Who waits for an answer. Lives until it came or the resolver was destroyed.
class ResolverClient {
 public:
  // On a thread of the resolver; must not block, nor call the resolver.
  virtual void answered(grey::Result<Addresses> addresses) noexcept = 0;

 protected:
  ~ResolverClient() = default;
};

struct ResolverOptions {
  uint32_t threads = 2;
  size_t queue_limit = 256;  // names that wait
  // Blocking, on the resolver's threads, perhaps also after the resolver was destroyed; null:
  // resolve_blocking().
  std::function<grey::Result<Addresses>(const std::string&)> look_up;
};

// Destruction does not wait: names that wait are dropped, and a look-up that runs is left to itself
// (nobody can interrupt getaddrinfo). Afterwards no client is called. Any thread.
class Resolver {
 public:
  explicit Resolver(ResolverOptions options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // False if too many names wait already.
  bool submit(std::string name, ResolverClient* client);

 private:
  struct State;

  static void work(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_;  // shared with the threads, which may outlive this
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_RESOLVER_H_
