#include "host/reactor.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <utility>
#include <vector>

namespace greyd {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// So many descriptors are told in one turn; the others wait for the next.
constexpr int kMaxReadyPerTurn = 512;

}  // namespace

struct Ready {
  std::shared_ptr<FdWatch::State> state;
  bool to_read;
};

struct Reactor::Impl {
  // One thread runs it, which spares the scheduler its hand-over between threads.
  asio::io_context context{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::vector<Ready> ready;
  std::vector<Ready> dispatching;
};

// Outlives its FdWatch for as long as Asio holds a handler of it.
struct FdWatch::State {
  State(Reactor::Impl& reactor_in, int fd, FdTarget* target_in)
      : reactor(reactor_in), descriptor(reactor_in.context, fd), target(target_in) {}

  Reactor::Impl& reactor;
  asio::posix::stream_descriptor descriptor;
  FdTarget* target;
  bool read_armed = false;
  bool write_armed = false;
};

Reactor::Reactor() : impl_(std::make_unique<Impl>()) {}
Reactor::~Reactor() = default;

void Reactor::collect(uint64_t wait_ns) {
  if (wait_ns == kForever) {
    impl_->context.run_one();
  } else if (wait_ns != 0) {
    impl_->context.run_one_for(std::chrono::nanoseconds(wait_ns));
  }
  for (int i = 0; i < kMaxReadyPerTurn && impl_->context.poll_one() != 0; ++i) {
  }
}

void Reactor::dispatch() {
  std::swap(impl_->ready, impl_->dispatching);
  for (Ready& entry : impl_->dispatching) {
    FdWatch::State& state = *entry.state;
    (entry.to_read ? state.read_armed : state.write_armed) = false;
    if (!state.target) continue;
    if (entry.to_read) {
      state.target->on_readable();
    } else {
      state.target->on_writable();
    }
  }
  impl_->dispatching.clear();
}

void Reactor::wake() {
  asio::post(impl_->context, [] {});
}

FdWatch::FdWatch(Reactor& reactor, int fd, FdTarget* target)
    : fd_(fd), state_(std::make_shared<State>(*reactor.impl_, fd, target)) {}

FdWatch::~FdWatch() {
  state_->target = nullptr;
  error_code ignored;
  state_->descriptor.close(ignored);
}

int FdWatch::release() {
  state_->target = nullptr;
  return state_->descriptor.release();
}

void FdWatch::arm_read() {
  if (std::exchange(state_->read_armed, true)) return;
  state_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                [state = state_](error_code error) {
                                  if (error == asio::error::operation_aborted) return;
                                  state->reactor.ready.push_back({state, true});
                                });
}

void FdWatch::arm_write() {
  if (std::exchange(state_->write_armed, true)) return;
  state_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write,
                                [state = state_](error_code error) {
                                  if (error == asio::error::operation_aborted) return;
                                  state->reactor.ready.push_back({state, false});
                                });
}

}  // namespace greyd
