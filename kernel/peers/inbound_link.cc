#include "peers/inbound_link.h"

#include <cstring>

#include "peers/loop_links.h"

namespace greyd {

InboundLink::InboundLink(LoopLinks* links, grey::Stream* stream)
    : links_(links), stream_(grey::Ref<grey::Stream>::adopt(stream)) {
  timer_ = grey::Ref<grey::Timer>::adopt(links->loop()->make_timer(this));
  timer_->arm(links->loop()->now_ns() + links->owner().options().dial_timeout_ns);
  reader_.set_limit(kMaxHelloBytes);
  stream_->set_handler(this);
}

InboundLink::~InboundLink() {
  if (stream_) stream_->abort();
}

void InboundLink::run() noexcept {
  links_->log(grey::LogLevel::info, "closed a connection from ", stream_->remote_address(),
              " that said no hello");
  end();
}

void InboundLink::on_data(grey::Stream*, grey::ByteView bytes) noexcept {
  links_->owner().count_received(bytes.size);
  const grey::Status status =
      reader_.feed(bytes, [this](const FrameHeader& header, grey::Buffer payload) {
        on_frame(header, std::move(payload));
      });
  if (status.ok() || !stream_) return;
  links_->owner().count_bad_frame();
  links_->log(grey::LogLevel::warning, "closed the link from ", stream_->remote_address(),
              ": it sent ", status.text);
  end();
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
  timer_->cancel();
  hello_ = hello;
  if (!acknowledge()) return;
  const grey::PeerInfo own = links_->owner().own_info();
  auto info = std::make_shared<grey::PeerInfo>(hello.info);
  info->number = links_->owner().number_of(hello.info);
  info_ = info;
  reader_.set_limit(kMaxFrameBytes);
  if (hello.info.boot_nonce != own.boot_nonce && info->number != 0) {
    links_->owner().hurry(info->number);
  }
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

bool InboundLink::acknowledge() {
  if (!stream_ || retired_ || hello_.info.boot_nonce == 0) return false;
  Hello answer;
  answer.info = links_->owner().own_info();
  answer.refusal = refusal_of(hello_, answer.info);
  write(FrameType::hello_ack, encode_hello(answer));
  if (answer.refusal.empty()) return true;
  links_->log(grey::LogLevel::error, "refused node ", hello_.info.node_id, " from ",
              stream_->remote_address(), ": ", answer.refusal);
  retired_ = true;
  reader_.stop();
  stream_->close();
  return false;
}

void InboundLink::retire() {
  if (!stream_ || retired_) return;
  retired_ = true;
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
  timer_->cancel();
  links_->bury(this);
}

}  // namespace greyd
