#include "peers/outbound_link.h"

#include <cstring>

#include "peers/loop_links.h"

namespace greyd {
namespace {

grey::PeerDown reason_of(grey::Status status) {
  switch (status.code) {
    case grey::StatusCode::refused:
      return grey::PeerDown::refused;
    case grey::StatusCode::closed:
      return grey::PeerDown::closed;
    default:
      return grey::PeerDown::unreachable;
  }
}

}  // namespace

OutboundLink::OutboundLink(LoopLinks* links, uint32_t number, std::string address)
    : links_(links), number_(number), address_(std::move(address)) {
  timer_ = grey::Ref<grey::Timer>::adopt(links->loop()->make_timer(this));
  backoff_ns_ = links->owner().options().first_backoff_ns;
  const std::string labels = "peer=\"" + std::to_string(number) + "\"";
  queue_bytes_ = grey::Ref<grey::Instrument>::adopt(links->owner().world().meter->instrument(
      grey::MetricKind::gauge, "grey_peer_send_queue_bytes",
      "Bytes that wait to be sent to another node, looked at several times a second.",
      labels.c_str(), nullptr, 0));
}

OutboundLink::~OutboundLink() {
  drop_stream();
}

void OutboundLink::dial() {
  if (state_ != State::waiting || connecting_) return;
  state_ = State::connecting;
  connecting_ = true;
  timer_->cancel();
  const PeerLinks& owner = links_->owner();
  owner.world().transport->connect(links_->loop(), "peer", address_.c_str(),
                                   owner.options().dial_timeout_ns, this);
}

void OutboundLink::hurry(uint64_t boot_nonce) {
  if (state_ == State::up && info_.boot_nonce != boot_nonce) reset();
  if (state_ != State::waiting) return;
  backoff_ns_ = links_->owner().options().first_backoff_ns;
  dial();
}

void OutboundLink::reset() {
  if (state_ != State::greeting && state_ != State::up) return;
  drop_stream();
  down(grey::PeerDown::closed, true);
}

void OutboundLink::retire() {
  if (state_ == State::retired) return;
  const bool open = state_ == State::up || state_ == State::greeting;
  state_ = State::retired;
  timer_->cancel();
  if (open && stream_) {
    write({.type = FrameType::goodbye}, nullptr, 0);
    stream_->close();
  }
}

void OutboundLink::run() noexcept {
  if (state_ == State::waiting) {
    dial();
  } else if (state_ == State::greeting) {
    drop_stream();
    down(grey::PeerDown::unreachable, false);
  } else if (state_ == State::up) {
    beat();
  }
}

// Silence is counted in beats and not in time: after a pause of this process itself the answers
// that came meanwhile are read before the second beat.
void OutboundLink::beat() {
  silent_beats_ = heard_ ? 0 : silent_beats_ + 1;
  heard_ = false;
  if (silent_beats_ > kSilentBeats) {
    links_->log(grey::LogLevel::warning, "nothing was heard from node ", info_.node_id, " at ",
                address_, " for too long; dialling it again");
    drop_stream();
    down(grey::PeerDown::unreachable, true);
    return;
  }
  if (!steady_ && silent_beats_ == 0) {
    steady_ = true;
    backoff_ns_ = links_->owner().options().first_backoff_ns;
  }
  show_unsent();
  // What still waits to be sent asks for an answer as well as a beat does.
  if (stream_->unsent_bytes() == 0) write({.type = FrameType::alive}, nullptr, 0);
  timer_->arm(links_->loop()->now_ns() + links_->owner().beat_ns());
}

void OutboundLink::connected(grey::Status status, grey::Stream* stream) noexcept {
  connecting_ = false;
  grey::Ref<grey::Stream> opened = grey::Ref<grey::Stream>::adopt(stream);
  if (state_ == State::retired) {
    if (opened) opened->abort();
    links_->link_ended();
    return;
  }
  if (!status.ok()) {
    state_ = State::waiting;
    down(reason_of(status), false);
    return;
  }
  state_ = State::greeting;
  stream_ = std::move(opened);
  reader_ = FrameReader();
  reader_.set_limit(kMaxHelloBytes);
  stream_->set_handler(this);
  timer_->arm(links_->loop()->now_ns() + links_->owner().options().dial_timeout_ns);
  greet();
}

void OutboundLink::greet() {
  if (state_ != State::greeting && state_ != State::up) return;
  Hello hello;
  hello.info = links_->owner().own_info();
  const std::string bytes = encode_hello(hello);
  const grey::ByteView part = grey::view_of(bytes);
  write({.type = FrameType::hello}, &part, 1);
}

void OutboundLink::on_data(grey::Stream*, grey::ByteView bytes) noexcept {
  heard_ = true;
  const grey::Status status =
      reader_.feed(bytes, [this](const FrameHeader& header, const grey::Buffer& payload) {
        on_frame(header, payload);
      });
  if (status.ok() || !stream_ || state_ == State::retired) return;
  links_->owner().count_bad_frame();
  links_->log(grey::LogLevel::warning, "node at ", address_, " sent ", status.text,
              "; closing the link");
  drop_stream();
  down(grey::PeerDown::closed, false);
}

void OutboundLink::on_frame(const FrameHeader& header, const grey::Buffer& payload) {
  if (state_ == State::retired) return;
  if (header.type == FrameType::goodbye) {
    reader_.stop();
    drop_stream();
    down(grey::PeerDown::goodbye, false);
    return;
  }
  if (header.type == FrameType::alive) return;
  Hello hello;
  if (header.type != FrameType::hello_ack || !decode_hello(payload.view(), &hello)) {
    reader_.stop();
    links_->owner().count_bad_frame();
    drop_stream();
    down(grey::PeerDown::closed, false);
    return;
  }
  on_ack(hello);
}

void OutboundLink::on_ack(const Hello& hello) {
  timer_->cancel();
  const grey::PeerInfo own = links_->owner().own_info();
  if (hello.info.boot_nonce == own.boot_nonce &&
      std::memcmp(hello.info.instance_uuid, own.instance_uuid, 16) == 0) {
    reader_.stop();
    drop_stream();
    state_ = State::self;
    links_->self_found(number_);
    return;
  }
  const std::string refusal = refusal_of(hello, own);
  if (!hello.refusal.empty() || !refusal.empty()) {
    links_->log(grey::LogLevel::error, "no link with node ", hello.info.node_id, " at ", address_,
                hello.refusal.empty() ? ": " : ": it refuses this node: ",
                hello.refusal.empty() ? refusal : hello.refusal);
    reader_.stop();
    drop_stream();
    down(grey::PeerDown::rejected, false);
    return;
  }
  const bool rebooted = info_.boot_nonce != 0 && info_.boot_nonce != hello.info.boot_nonce;
  const bool was_up = state_ == State::up;
  state_ = State::up;
  if (!was_up) {
    steady_ = false;
    silent_beats_ = 0;
  }
  timer_->arm(links_->loop()->now_ns() + links_->owner().beat_ns());
  info_ = hello.info;
  info_.number = number_;
  links_->owner().learn_info(info_);
  if (rebooted && !was_up) links_->tell_down(number_, grey::PeerDown::rebooted);
  told_down_ = false;
  links_->tell_up(info_);
}

void OutboundLink::on_closed(grey::Stream*, grey::Status) noexcept {
  stream_ = {};
  show_unsent();
  if (state_ == State::retired) {
    links_->link_ended();
    return;
  }
  down(grey::PeerDown::closed, state_ == State::up && steady_);
}

grey::Status OutboundLink::send(uint32_t channel, uint32_t route, const grey::ByteView* parts,
                                uint32_t count) {
  if (state_ != State::up) return grey::make_status(grey::StatusCode::unreachable, "no link");
  if (stream_->unsent_bytes() > links_->owner().options().max_queued_bytes) {
    return grey::make_status(grey::StatusCode::busy, "the link's queue is full");
  }
  write({.type = FrameType::message, .channel = channel, .route = route}, parts, count);
  return grey::ok_status();
}

void OutboundLink::write(const FrameHeader& header, const grey::ByteView* parts, uint32_t count) {
  const grey::Buffer frame = encode_frame(header, parts, count);
  links_->owner().count_sent(frame.size());
  const grey::BufferRef ref = frame.ref();
  // A closed stream drops the frame and on_closed tells; a full one is bounded by max_queued_bytes.
  (void)stream_->write_buffer(&ref);
}

void OutboundLink::down(grey::PeerDown reason, bool at_once) {
  state_ = State::waiting;
  if (!told_down_ || told_reason_ != reason) links_->tell_down(number_, reason);
  told_down_ = true;
  told_reason_ = reason;
  // Half of the wait is chance, so that nodes do not dial each other in step.
  const uint64_t wait = backoff_ns_ / 2 + links_->owner().world().random->next() % backoff_ns_;
  timer_->arm(links_->loop()->now_ns() + (at_once ? 0 : wait));
  if (!at_once) {
    backoff_ns_ = std::min(backoff_ns_ * 2, links_->owner().options().last_backoff_ns);
  }
}

void OutboundLink::show_unsent() {
  const uint64_t now = stream_ ? stream_->unsent_bytes() : 0;
  if (now == shown_bytes_) return;
  queue_bytes_->add(static_cast<double>(now) - static_cast<double>(shown_bytes_));
  shown_bytes_ = now;
}

void OutboundLink::drop_stream() {
  if (!stream_) return;
  stream_->abort();
  stream_ = {};
  show_unsent();
}

}  // namespace greyd
