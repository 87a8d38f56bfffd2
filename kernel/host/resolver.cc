#include "host/resolver.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "host/socket_address.h"
#include "host/thread_name.h"

namespace greyd {

struct Resolver::State {
  struct Query {
    std::string name;
    ResolverClient* client;
  };

  ResolverOptions options;
  std::mutex mutex;  // held while a client is told, so that none is told after the end
  std::condition_variable changed;
  std::deque<Query> queue;
  uint32_t threads = 0;
  uint32_t idle = 0;
  bool ended = false;
};

Resolver::Resolver(ResolverOptions options) : state_(std::make_shared<State>()) {
  state_->options = std::move(options);
  if (!state_->options.look_up) {
    state_->options.look_up = [](const std::string& name) { return resolve_blocking(name); };
  }
}

Resolver::~Resolver() {
  const std::lock_guard lock(state_->mutex);
  state_->ended = true;
  state_->queue.clear();
  state_->changed.notify_all();
}

bool Resolver::submit(std::string name, ResolverClient* client) {
  const std::lock_guard lock(state_->mutex);
  if (state_->queue.size() >= state_->options.queue_limit) return false;
  state_->queue.push_back({std::move(name), client});
  if (state_->idle < state_->queue.size() && state_->threads < state_->options.threads) {
    ++state_->threads;
    std::thread([state = state_] { work(state); }).detach();
  }
  state_->changed.notify_one();
  return true;
}

void Resolver::work(const std::shared_ptr<State>& state) {
  name_this_thread("resolver");
  std::unique_lock lock(state->mutex);
  for (;;) {
    ++state->idle;
    state->changed.wait(lock, [&] { return state->ended || !state->queue.empty(); });
    --state->idle;
    if (state->ended) return;
    const State::Query query = std::move(state->queue.front());
    state->queue.pop_front();
    lock.unlock();
    grey::Result<Addresses> addresses = state->options.look_up(query.name);
    lock.lock();
    if (state->ended) return;
    query.client->answered(std::move(addresses));
  }
}

}  // namespace greyd
