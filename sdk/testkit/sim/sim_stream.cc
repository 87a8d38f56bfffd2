#include "sim_stream.h"

#include <algorithm>

#include "grey/testkit/sim_node.h"
#include "grey/testkit/sim_process.h"

namespace grey::testkit {
namespace {

constexpr uint64_t kHighWaterBytes = 1 << 20;
constexpr uint64_t kSocketBytes = 256 << 10;  // what the network holds of a direction

}  // namespace

SimStream::SimStream(std::shared_ptr<SimConnection> connection, int side)
    : connection_(std::move(connection)),
      side_(side),
      loop_(connection_->loop(side)),
      remote_address_(connection_->loop(1 - side)->process()->node()->ip() + ":" +
                      std::to_string(side == 0 ? 9080 : 40000)) {}

SimStream::~SimStream() {
  abort();
  connection_->stream_gone(side_);
}

void SimStream::set_handler(StreamHandler* handler) noexcept {
  handler_ = handler;
  plan_read();
}

Status SimStream::write(ByteView bytes) noexcept {
  return queue(Buffer::copy_of(bytes));
}

Status SimStream::write_buffer(const BufferRef* buffer) noexcept {
  return queue(Buffer(*buffer));
}

Status SimStream::queue(Buffer bytes) {
  if (!open_ || closing_) return make_status(StatusCode::closed, "the stream is closed");
  if (bytes.empty()) return ok_status();
  queued_bytes_ += bytes.size();
  queued_.push_back(std::move(bytes));
  plan_flush();
  if (queued_bytes_ <= kHighWaterBytes) return ok_status();
  writable_below_ = queued_bytes_ / 2;
  return make_status(StatusCode::busy, "more waits than the high-water mark");
}

void SimStream::plan_flush() {
  if (flush_planned_) return;
  flush_planned_ = true;
  loop_->at_turn_end(unless_gone(&SimStream::flush));
}

std::function<void()> SimStream::unless_gone(void (SimStream::*action)()) {
  return [connection = connection_, side = side_, action] {
    if (SimStream* stream = connection->stream(side)) {
      const Ref<SimStream> kept = Ref<SimStream>::share(stream);
      (stream->*action)();
    }
  };
}

void SimStream::flush() {
  flush_planned_ = false;
  if (!open_) return;
  while (!queued_.empty() && connection_->in_flight(side_) < kSocketBytes) {
    queued_bytes_ -= queued_.front().size();
    Buffer bytes = std::move(queued_.front());
    queued_.pop_front();
    connection_->send(side_, SimConnection::Kind::data, std::move(bytes));
  }
  if (closing_ && queued_.empty()) {
    connection_->send(side_, SimConnection::Kind::end, {});
    return ended(make_status(StatusCode::closed, "closed"));
  }
  if (writable_below_ != 0 && queued_bytes_ < writable_below_) {
    writable_below_ = 0;
    loop_->enqueue(unless_gone(&SimStream::tell_writable));
  }
}

void SimStream::tell_writable() {
  if (open_ && handler_) handler_->on_writable(this);
}

void SimStream::room() {
  if (!queued_.empty() && open_) plan_flush();
}

void SimStream::resume_reading() noexcept {
  reading_ = true;
  plan_read();
}

void SimStream::close() noexcept {
  if (!open_ || closing_) return;
  closing_ = true;
  plan_flush();
}

void SimStream::abort() noexcept {
  if (!open_) return;
  open_ = false;
  handler_ = nullptr;
  queued_.clear();
  queued_bytes_ = 0;
  connection_->send(side_, SimConnection::Kind::reset, {});
}

void SimStream::arrived(Buffer bytes) {
  if (!open_) return;
  received_.push_back(std::move(bytes));
  plan_read();
}

void SimStream::ended(Status status) {
  if (!open_ || end_arrived_) return;
  end_arrived_ = true;
  end_status_ = status;
  plan_read();
}

void SimStream::plan_read() {
  if (read_planned_ || !handler_) return;
  read_planned_ = true;
  loop_->enqueue_event(unless_gone(&SimStream::read));
}

void SimStream::read() {
  read_planned_ = false;
  hand_out();
  if (open_ && end_arrived_ &&
      (received_.empty() || closing_ || end_status_.code != StatusCode::closed)) {
    finish(end_status_);
  }
}

// Now and then in two parts, since TCP keeps no borders.
void SimStream::hand_out() {
  while (open_ && reading_ && handler_ && !received_.empty()) {
    const Buffer bytes = std::move(received_.front());
    received_.pop_front();
    connection_->taken(side_, bytes.size());
    if (closing_) continue;
    SimRandom& random = loop_->process()->node()->network()->random();
    const uint64_t first = random.chance(3) ? random.below(bytes.size()) : 0;
    if (first != 0) handler_->on_data(this, {bytes.data(), first});
    if (!open_ || !handler_ || closing_) continue;
    handler_->on_data(this, {bytes.data() + first, bytes.size() - first});
  }
}

void SimStream::finish(Status status) {
  open_ = false;
  queued_.clear();
  queued_bytes_ = 0;
  StreamHandler* handler = std::exchange(handler_, nullptr);
  if (handler) handler->on_closed(this, status);
}

}  // namespace grey::testkit
