#include "host/pending_call.h"

namespace greyd {

PendingCall::PendingCall(LoopThread* loop, Registry& registry) : loop_(loop), registry_(registry) {
  registry_.insert(this);
}

PendingCall::~PendingCall() {
  registry_.erase(this);
}

void PendingCall::look_up(const char* text, Resolver& resolver) {
  text_ = text;
  HostPort parsed;
  grey::NetAddress numeric{};
  const bool needs_names = parse_host_port(text_, &parsed) && !parse_numeric(parsed, &numeric);
  if (!needs_names) {
    answer_ = resolve_blocking(text_);
    loop_->post(&answer_task_);
  } else if (!resolver.submit(text_, this)) {
    answer_ = grey::make_status(grey::StatusCode::busy, "too many names are being looked up");
    loop_->post(&answer_task_);
  }
}

void PendingCall::answered(grey::Result<Addresses> addresses) noexcept {
  answer_ = std::move(addresses);
  loop_->post(&answer_task_);
}

void PendingCall::AnswerTask::run() noexcept {
  const grey::Result<Addresses> answer = std::move(*call_->answer_);
  call_->on_addresses(answer);
}

ResolveCall::ResolveCall(LoopThread* loop, Registry& registry, grey::ResolveDone* done)
    : PendingCall(loop, registry), done_(done) {}

void ResolveCall::on_addresses(const grey::Result<Addresses>& addresses) {
  grey::ResolveDone* done = done_;
  delete this;
  if (addresses.ok()) {
    done->resolved(grey::ok_status(), &addresses.value().front());
  } else {
    done->resolved(addresses.status(), nullptr);
  }
}

}  // namespace greyd
