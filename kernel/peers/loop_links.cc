#include "peers/loop_links.h"

#include <algorithm>

namespace greyd {
namespace {

constexpr uint64_t kStopTimeoutNs = 300'000'000;
constexpr uint32_t kLinesPerSecond = 10;

// Of inbound links on one loop. A node has one link for each of its loops, of which there are 1024
// at most. Strangers are also members that have not said hello yet.
constexpr size_t kMaxStrangers = 256;
constexpr size_t kMaxLinksOfOne = 1024;
constexpr size_t kMaxInbound = 4096;

}  // namespace

LoopLinks::LoopLinks(PeerLinks* owner, grey::Loop* loop) : owner_(owner), loop_(loop) {}

LoopLinks::~LoopLinks() = default;

void LoopLinks::assign(uint32_t number, const std::string& address) {
  for (auto& link : inbound_) link->review();
  auto found = outbound_.find(number);
  if (found != outbound_.end()) {
    if (found->second->address() == address) return;
    found->second->retire();
    retired_.push_back(std::move(found->second));
    outbound_.erase(found);
    link_ended();
  }
  if (address.empty() || stopping_) return;
  auto [it, added] =
      outbound_.emplace(number, std::make_unique<OutboundLink>(this, number, address));
  if (dialling_) it->second->dial();
}

void LoopLinks::start_dialling() {
  dialling_ = true;
  for (auto& [number, link] : outbound_) link->dial();
}

void LoopLinks::reset(uint32_t number) {
  auto found = outbound_.find(number);
  if (found != outbound_.end()) found->second->reset();
}

void LoopLinks::hurry(uint32_t number, uint64_t boot_nonce) {
  auto found = outbound_.find(number);
  if (found != outbound_.end() && dialling_ && !stopping_) found->second->hurry(boot_nonce);
}

void LoopLinks::accept(grey::Stream* stream) {
  make_room();
  if (stopping_ || inbound_.size() >= kMaxInbound) {
    stream->abort();
    stream->release();
    return;
  }
  inbound_.push_back(std::make_unique<InboundLink>(this, stream));
}

// Of too many strangers the one that has been there longest gives way: a member says its hello at
// once and is a stranger no more.
void LoopLinks::make_room() {
  const auto is_stranger = [](const auto& link) { return !link->from_member(); };
  const auto strangers = std::count_if(inbound_.begin(), inbound_.end(), is_stranger);
  if (static_cast<size_t>(strangers) < kMaxStrangers) return;
  log(grey::LogLevel::warning, "closed a connection from no member: there are too many");
  (*std::find_if(inbound_.begin(), inbound_.end(), is_stranger))->end();
}

bool LoopLinks::has_room_for(const Incarnation* incarnation) const {
  const auto links = std::count_if(inbound_.begin(), inbound_.end(),
                                   [&](const auto& link) { return link->is_of(incarnation); });
  return static_cast<size_t>(links) <= kMaxLinksOfOne;
}

void LoopLinks::greet_all() {
  for (auto& [number, link] : outbound_) link->greet();
  for (auto& link : inbound_) link->acknowledge();
}

void LoopLinks::stop(std::function<void()> done) {
  stopping_ = true;
  stopped_ = std::move(done);
  stop_timer_ = grey::Ref<grey::Timer>::adopt(loop_->make_timer(this));
  stop_timer_->arm(loop_->now_ns() + kStopTimeoutNs);
  for (auto& [number, link] : outbound_) {
    link->retire();
    retired_.push_back(std::move(link));
  }
  outbound_.clear();
  for (auto& link : inbound_) link->retire();
  link_ended();
}

void LoopLinks::run() noexcept {
  inbound_.clear();
  // A connect under way still calls back: those links stay until the process ends.
  for (auto& link : retired_) {
    if (!link->idle()) (void)link.release();
  }
  retired_.clear();
  check_stopped();
}

bool LoopLinks::may_log() {
  const uint64_t second = loop_->now_ns() / 1'000'000'000;
  if (second != log_second_) {
    log_second_ = second;
    logged_ = 0;
  }
  if (++logged_ <= kLinesPerSecond) return true;
  ++unlogged_;
  return false;
}

void LoopLinks::add_observer(grey::PeerObserver* observer) {
  observers_.push_back(observer);
  grey::post(loop_, [this, observer] { tell_present(observer); });
}

void LoopLinks::tell_present(grey::PeerObserver* observer) {
  const auto registered = [&] {  // it may remove itself at any time
    return std::find(observers_.begin(), observers_.end(), observer) != observers_.end();
  };
  if (self_number_ != 0 && registered()) observer->on_self(self_number_);
  for (auto& [number, link] : outbound_) {
    if (link->up() && registered()) observer->on_peer_up(&link->info());
  }
}

void LoopLinks::remove_observer(grey::PeerObserver* observer) {
  std::erase(observers_, observer);
}

grey::Status LoopLinks::send(uint32_t number, uint32_t channel, uint32_t route,
                             const grey::ByteView* parts, uint32_t count) {
  auto found = outbound_.find(number);
  if (found == outbound_.end()) {
    return grey::make_status(grey::StatusCode::unreachable, "no such node");
  }
  return found->second->send(channel, route, parts, count);
}

void LoopLinks::tell_up(const grey::PeerInfo& info) {
  const auto observers = observers_;  // an observer may remove itself
  for (grey::PeerObserver* observer : observers) observer->on_peer_up(&info);
}

void LoopLinks::tell_down(uint32_t number, grey::PeerDown reason) {
  const auto observers = observers_;
  for (grey::PeerObserver* observer : observers) observer->on_peer_down(number, reason);
}

void LoopLinks::self_found(uint32_t number) {
  self_number_ = number;
  owner_->learn_self(number);
  const auto observers = observers_;
  for (grey::PeerObserver* observer : observers) observer->on_self(number);
}

void LoopLinks::bury(InboundLink* link) {
  auto found = std::find_if(inbound_.begin(), inbound_.end(),
                            [link](const auto& candidate) { return candidate.get() == link; });
  if (found == inbound_.end()) return;
  // Destroyed later: the caller is one of its own methods.
  grey::post(loop_, [buried = std::move(*found)] {});
  inbound_.erase(found);
  check_stopped();
}

void LoopLinks::link_ended() {
  // Destroyed later: the caller may be a method of one of them.
  auto ended = std::partition(retired_.begin(), retired_.end(),
                              [](const auto& link) { return !link->idle(); });
  for (auto it = ended; it != retired_.end(); ++it) {
    grey::post(loop_, [buried = std::move(*it)] {});
  }
  retired_.erase(ended, retired_.end());
  check_stopped();
}

void LoopLinks::check_stopped() {
  if (!stopping_ || !stopped_ || !inbound_.empty() || !retired_.empty()) return;
  stop_timer_->cancel();
  auto stopped = std::move(stopped_);
  stopped_ = nullptr;
  stopped();
}

}  // namespace greyd
