#include <algorithm>

#include "grey/testkit/sim_node.h"
#include "grey/testkit/sim_process.h"
#include "sim_stream.h"

namespace grey::testkit {

SimConnection::SimConnection(SimNetwork* network, SimLoop* dialler, SimLoop* acceptor)
    : network_(network) {
  ends_[0].loop = dialler;
  ends_[1].loop = acceptor;
}

uint32_t SimConnection::node_number(int side) const {
  return ends_[side].loop->process()->node()->number();
}

SimStream* SimConnection::make_stream(int side) {
  auto* stream = new SimStream(shared_from_this(), side);
  ends_[side].stream = stream;
  ends_[side].made = true;
  return stream;
}

bool SimConnection::open() const {
  return (ends_[0].stream && ends_[0].stream->is_open()) ||
         (ends_[1].stream && ends_[1].stream->is_open());
}

void SimConnection::send(int side, Kind kind, Buffer bytes) {
  End& end = ends_[side];
  if (end.loop->process()->alive() && end.loop->process()->doomed()) return;
  const uint64_t latency = network_->latency_ns(node_number(side), node_number(1 - side));
  uint64_t ready = network_->world()->now_ns() + latency;
  if (!end.sent.empty()) ready = std::max(ready, end.sent.back().ready_ns);
  end.in_flight += bytes.size();
  end.sent.push_back({ready, kind, std::move(bytes)});
  plan_delivery(side);
}

void SimConnection::plan_delivery(int side) {
  End& end = ends_[side];
  if (end.delivering || end.stalled || end.sent.empty()) return;
  end.delivering = true;
  network_->world()->at(end.sent.front().ready_ns, nullptr,
                        [self = shared_from_this(), side] { self->deliver(side); });
}

void SimConnection::deliver(int side) {
  End& end = ends_[side];
  End& other = ends_[1 - side];
  end.delivering = false;
  if (network_->silent(node_number(side), node_number(1 - side))) return stall(side);
  const uint64_t now = network_->world()->now_ns();
  while (!end.sent.empty() && end.sent.front().ready_ns <= now) {
    Segment segment = std::move(end.sent.front());
    end.sent.pop_front();
    network_->world()->trace().count(now, 3, segment.bytes.size());
    if (other.dead || (other.made && !other.stream)) {
      // Nobody there who knows the connection: the other operating system says so.
      end.in_flight = 0;
      end.sent.clear();
      if (segment.kind == Kind::data) send(1 - side, Kind::reset, {});
      return;
    }
    if (!other.stream) continue;
    if (segment.kind == Kind::data) {
      other.stream->arrived(std::move(segment.bytes));
    } else if (segment.kind == Kind::end) {
      other.stream->ended(make_status(StatusCode::closed, "the other side closed"));
    } else {
      other.stream->ended(make_status(StatusCode::io_error, "connection reset", 104));
    }
  }
  plan_delivery(side);
}

void SimConnection::stall(int side) {
  End& end = ends_[side];
  end.stalled = true;
  const uint64_t number = ++end.stall_number;
  network_->when_changed([self = shared_from_this(), side, number] {
    End& waiting = self->ends_[side];
    if (waiting.stall_number != number) return;
    waiting.stalled = false;
    self->plan_delivery(side);
  });
  const uint64_t patience = network_->options().tcp_timeout_ns;
  network_->world()->after(patience, nullptr, [self = shared_from_this(), side, number] {
    End& waiting = self->ends_[side];
    if (!waiting.stalled || waiting.stall_number != number) return;
    if (waiting.stream) {
      waiting.stream->ended(make_status(StatusCode::timed_out, "the other side is silent", 110));
    }
    waiting.sent.clear();
  });
}

void SimConnection::taken(int side, uint64_t bytes) {
  End& sender = ends_[1 - side];
  sender.in_flight -= std::min(sender.in_flight, bytes);
  if (sender.stream) sender.stream->room();
}

void SimConnection::break_both(StatusCode code) {
  for (End& end : ends_) {
    end.sent.clear();
    if (end.stream) end.stream->ended(make_status(code, "connection reset", 104));
  }
}

void SimConnection::end_process(SimProcess* process, bool told) {
  for (int side = 0; side < 2; ++side) {
    End& end = ends_[side];
    if (end.loop->process() != process || end.dead) continue;
    const bool was_open = end.stream ? end.stream->is_open() : !end.made;
    end.dead = true;
    end.stream = nullptr;
    if (!told) {
      end.sent.clear();
    } else if (was_open) {
      send(side, Kind::reset, {});
    }
  }
}

}  // namespace grey::testkit
