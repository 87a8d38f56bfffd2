#include "peers/inbound_link.h"

#include <utility>

#include "peers/loop_links.h"

namespace greyd {
namespace {

// Who says nothing for so long has gone without a word. Long, since the beat is the dialler's, and
// the dialler notices silence much sooner.
constexpr uint32_t kIdleBeats = 10 * kSilentBeats;
constexpr uint64_t kFrameTimeoutNs = 60'000'000'000;  // from its first byte to its last
constexpr uint64_t kMaxUnreadHelloBytes = 16 * kMaxHelloBytes;
constexpr char kTwoProcesses[] =
    "another process with the same identity is connected: one data directory is a copy of the "
    "other";

}  // namespace

InboundLink::InboundLink(LoopLinks* links, grey::Stream* stream)
    : links_(links), stream_(grey::Ref<grey::Stream>::adopt(stream)) {
  timer_ = grey::Ref<grey::Timer>::adopt(links->loop()->make_timer(this));
  arm(links->owner().options().dial_timeout_ns);
  reader_.set_limit(kMaxHelloBytes);
  stream_->set_handler(this);
}

InboundLink::~InboundLink() {
  if (stream_) stream_->abort();
}

void InboundLink::arm(uint64_t after_ns) {
  timer_->arm(links_->loop()->now_ns() + after_ns);
}

void InboundLink::run() noexcept {
  if (!stream_ || retired_) return;
  if (info_) {
    beat();
  } else if (hello_.info.boot_nonce != 0) {
    acknowledge();
  } else {
    links_->log(grey::LogLevel::info, "closed a connection from ", stream_->remote_address(),
                " that said no hello");
    end();
  }
}

void InboundLink::beat() {
  silent_beats_ = heard_ ? 0 : silent_beats_ + 1;
  heard_ = false;
  const bool stuck =
      frame_began_ns_ != 0 && links_->loop()->now_ns() > frame_began_ns_ + kFrameTimeoutNs;
  if (stuck || silent_beats_ > kIdleBeats ||
      links_->owner().incarnations().superseded(*info_, *incarnation_)) {
    links_->log(grey::LogLevel::info, "closed the link from ", stream_->remote_address(),
                stuck ? ": a frame did not arrive whole in time" : ": it has fallen silent");
    end();
    return;
  }
  arm(links_->owner().beat_ns());
}

void InboundLink::on_data(grey::Stream*, grey::ByteView bytes) noexcept {
  links_->owner().count_received(bytes.size);
  heard_ = true;
  if (incarnation_) incarnation_->heard_ns = links_->loop()->now_ns();
  const grey::Status status =
      reader_.feed(bytes, [this](const FrameHeader& header, grey::Buffer payload) {
        frame_began_ns_ = 0;
        on_frame(header, std::move(payload));
      });
  if (!stream_ || retired_) return;
  if (!status.ok()) {
    links_->owner().count_bad_frame();
    links_->log(grey::LogLevel::warning, "closed the link from ", stream_->remote_address(),
                ": it sent ", status.text);
    end();
    return;
  }
  if (!hold_frame()) {
    links_->log(grey::LogLevel::warning, "closed the link from ", stream_->remote_address(),
                ": too many large frames arrive at the same time");
    end();
    return;
  }
  answer_alive();
}

// Accounts for what is held of a frame that has not arrived whole. False if that is too much.
bool InboundLink::hold_frame() {
  if (reader_.in_frame() && frame_began_ns_ == 0) frame_began_ns_ = links_->loop()->now_ns();
  // Small ones are bounded by the number of links.
  const uint64_t holds = reader_.held_bytes() > kMaxStrangerBytes ? reader_.held_bytes() : 0;
  links_->owner().release_bytes(std::exchange(held_bytes_, 0));
  if (!links_->owner().hold_bytes(holds)) return false;
  held_bytes_ = holds;
  return true;
}

// Not only a beat is answered but any bytes, so that a large frame on a slow way shows progress.
// One answer at a time: who does not read them gets no more.
void InboundLink::answer_alive() {
  const uint64_t now = links_->loop()->now_ns();
  if (!info_ || now < answer_ns_ || stream_->unsent_bytes() > 0) return;
  answer_ns_ = now + links_->owner().beat_ns() / 2;
  write(FrameType::alive, {});
}

void InboundLink::on_frame(const FrameHeader& header, grey::Buffer payload) {
  if (header.type == FrameType::hello) {
    Hello hello;
    if (decode_hello(payload.view(), &hello)) {
      on_hello(hello);
      return;
    }
  } else if (header.type == FrameType::message && info_) {
    deliver(header, std::move(payload));
    return;
  } else if (header.type == FrameType::alive && info_) {
    answer_ns_ = 0;
    return;
  } else if (header.type == FrameType::goodbye) {
    reader_.stop();
    end();
    return;
  }
  links_->owner().count_bad_frame();
  links_->log(grey::LogLevel::warning, "closed the link from ", stream_->remote_address(),
              ": it sent a frame that does not belong there");
  reader_.stop();
  end();
}

void InboundLink::on_hello(const Hello& hello) {
  if (stream_->unsent_bytes() > kMaxUnreadHelloBytes) {
    reader_.stop();
    end();
    return;
  }
  if (hello_.info.boot_nonce == 0) hello_ns_ = links_->loop()->now_ns();
  hello_ = hello;
  acknowledge();
}

void InboundLink::acknowledge() {
  if (!stream_ || retired_ || hello_.info.boot_nonce == 0) return;
  PeerLinks& owner = links_->owner();
  const grey::PeerInfo own = owner.own_info();
  const std::string refusal = refusal_of(hello_, own);
  if (!refusal.empty()) return refuse(refusal, own);
  switch (owner.incarnations().claim(hello_.info, links_->loop()->now_ns(), &incarnation_)) {
    case Incarnations::Verdict::accepted:
      return accept(own);
    case Incarnations::Verdict::refused:
      return refuse(kTwoProcesses, own);
    case Incarnations::Verdict::undecided:
      // Who lives dials again when it has waited for so long. One that does not would go on to
      // contend with a later run of its own node.
      if (links_->loop()->now_ns() >= hello_ns_ + owner.options().dial_timeout_ns) return end();
      return arm(owner.beat_ns());
  }
}

void InboundLink::accept(const grey::PeerInfo& own) {
  PeerLinks& owner = links_->owner();
  if (!links_->has_room_for(incarnation_.get())) {
    return refuse("it has too many links to this node", own);
  }
  write(FrameType::hello_ack, encode_hello({.info = own, .refusal = {}}));
  auto info = std::make_shared<grey::PeerInfo>(hello_.info);
  info->number = owner.number_of(hello_.info);
  info_ = info;
  review();
  incarnation_->heard_ns = links_->loop()->now_ns();
  arm(owner.beat_ns());
  if (info->boot_nonce != own.boot_nonce && info->number != 0) {
    owner.hurry(info->number, info->boot_nonce);
  }
}

void InboundLink::review() {
  if (!info_) return;
  member_ = links_->owner().is_member(*info_);
  reader_.set_limit(member_ ? kMaxFrameBytes : kMaxStrangerBytes);
}

void InboundLink::refuse(const std::string& why, const grey::PeerInfo& own) {
  write(FrameType::hello_ack, encode_hello({.info = own, .refusal = why}));
  links_->log(grey::LogLevel::error, "refused node ", hello_.info.node_id, " from ",
              stream_->remote_address(), ": ", why);
  retired_ = true;
  incarnation_ = nullptr;
  timer_->cancel();
  reader_.stop();
  stream_->close();
}

void InboundLink::deliver(const FrameHeader& header, grey::Buffer payload) {
  grey::PeerHandler* handler = links_->owner().handler(header.channel);
  if (!handler) return;  // nobody speaks this channel here: dropped, as a lost message would be
  const uint32_t count = static_cast<uint32_t>(links_->owner().world().loops.size());
  grey::Loop* loop = links_->owner().world().loops[handler->loop_of(header.route) % count];
  if (loop == links_->loop()) {
    const grey::BufferRef ref = payload.ref();
    handler->on_message(info_->number, header.route, &ref, info_.get());
    return;
  }
  grey::post(loop, [links = links_, channel = header.channel, route = header.route, info = info_,
                    payload = std::move(payload)] {
    // Asked again: the plugin may have stopped while the message was on its way.
    grey::PeerHandler* current = links->owner().handler(channel);
    const grey::BufferRef ref = payload.ref();
    if (current) current->on_message(info->number, route, &ref, info.get());
  });
}

void InboundLink::retire() {
  if (!stream_ || retired_) return;
  retired_ = true;
  incarnation_ = nullptr;
  timer_->cancel();
  write(FrameType::goodbye, {});
  stream_->close();
}

void InboundLink::write(FrameType type, const std::string& bytes) {
  const grey::ByteView part = grey::view_of(bytes);
  const grey::Buffer frame = encode_frame({.type = type}, &part, 1);
  const grey::BufferRef ref = frame.ref();
  (void)stream_->write_buffer(&ref);  // a closed stream tells through on_closed
}

void InboundLink::on_closed(grey::Stream*, grey::Status) noexcept {
  stream_ = {};
  end();
}

void InboundLink::end() {
  if (stream_) stream_->abort();
  stream_ = {};
  incarnation_ = nullptr;
  links_->owner().release_bytes(std::exchange(held_bytes_, 0));
  timer_->cancel();
  links_->bury(this);
}

}  // namespace greyd
