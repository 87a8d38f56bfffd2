#include "peers/peer_links.h"

#include <atomic>
#include <cstring>

#include "peers/loop_links.h"

namespace greyd {

using grey::MetricKind;

namespace {

constexpr uint64_t kMaxHeldBytes = 256ull << 20;

}  // namespace

PeerLinks::PeerLinks(PeerLinksWorld world, PeerLinksOptions options)
    : world_(std::move(world)),
      options_(std::move(options)),
      incarnations_(beat_ns(), options_.silence_ns) {
  for (grey::Loop* loop : world_.loops) links_.push_back(std::make_unique<LoopLinks>(this, loop));
  const auto counter = [this](const char* name, const char* help) {
    return grey::Ref<grey::Instrument>::adopt(
        world_.meter->instrument(MetricKind::counter, name, help, "", nullptr, 0));
  };
  received_bytes_ = counter("grey_peer_received_bytes_total", "Bytes received from other nodes.");
  sent_bytes_ = counter("grey_peer_sent_bytes_total", "Bytes sent to other nodes.");
  bad_frames_ = counter("grey_peer_bad_frames_total",
                        "Frames from other nodes that were malformed; each closed its link.");
}

PeerLinks::~PeerLinks() = default;

grey::Status PeerLinks::start(grey::ErrorText* error) {
  grey::Listener* listener = nullptr;
  const grey::Status status =
      world_.transport->listen("peer", options_.listen_address.c_str(), this, &listener, error);
  if (!status.ok()) return status;
  listener_ = grey::Ref<grey::Listener>::adopt(listener);
  started_ = true;
  on_each_loop([](LoopLinks& links) { links.start_dialling(); });
  return grey::ok_status();
}

void PeerLinks::identity_changed() {
  on_each_loop([](LoopLinks& links) { links.greet_all(); });
}

void PeerLinks::stop(grey::Completion* done) {
  if (listener_) listener_->close();
  auto left = std::make_shared<std::atomic<size_t>>(links_.size());
  on_each_loop([this, left, done](LoopLinks& links) {
    links.stop([this, left, done] {
      if (left->fetch_sub(1) != 1) return;
      grey::post(world_.loops[0], [done] { done->complete(grey::ok_status()); });
    });
  });
}

void PeerLinks::assign(uint32_t number, const char* address) noexcept {
  const std::string text = address ? address : "";
  {
    std::lock_guard lock(mutex_);
    if (text.empty()) {
      directory_.erase(number);
      infos_.erase(number);
    } else {
      directory_[number] = text;
    }
  }
  on_each_loop([number, text](LoopLinks& links) { links.assign(number, text); });
}

void PeerLinks::set_handler(uint32_t channel, grey::PeerHandler* handler) noexcept {
  std::lock_guard lock(mutex_);
  if (handler) {
    handlers_[channel] = handler;
  } else {
    handlers_.erase(channel);
  }
}

void PeerLinks::add_observer(grey::Loop* loop, grey::PeerObserver* observer) noexcept {
  LoopLinks* links = links_[loop->index()].get();
  if (!loop->is_current()) {
    grey::post(loop, [links, observer] { links->add_observer(observer); });
    return;
  }
  links->add_observer(observer);  // at once, so that a removal in the same turn finds it
}

void PeerLinks::remove_observer(grey::Loop* loop, grey::PeerObserver* observer) noexcept {
  links_[loop->index()]->remove_observer(observer);
}

grey::Status PeerLinks::send(uint32_t number, uint32_t channel, uint32_t route,
                             const grey::ByteView* parts, uint32_t count) noexcept {
  uint64_t size = 0;
  for (uint32_t i = 0; i < count; ++i) size += parts[i].size;
  if (size > kMaxFrameBytes) return grey::make_status(grey::StatusCode::too_large, "a message");
  LoopLinks* links = current();
  if (!links) return grey::make_status(grey::StatusCode::invalid_argument, "not on a loop");
  return links->send(number, channel, route, parts, count);
}

bool PeerLinks::info(uint32_t number, grey::PeerInfo* out) noexcept {
  std::lock_guard lock(mutex_);
  auto found = infos_.find(number);
  if (found == infos_.end()) return false;
  *out = found->second;
  return true;
}

void PeerLinks::reset(uint32_t number) noexcept {
  on_each_loop([number](LoopLinks& links) { links.reset(number); });
}

grey::PeerInfo PeerLinks::own_info() {
  grey::Identity identity = {};
  identity.struct_size = sizeof(identity);
  world_.identity(&identity);
  grey::PeerInfo info = {};
  info.struct_size = sizeof(info);
  info.number = identity.number;
  if (info.number == 0) {
    std::lock_guard lock(mutex_);
    info.number = self_number_;
  }
  info.boot_nonce = identity.boot_nonce;
  std::memcpy(info.instance_uuid, identity.instance_uuid, sizeof(info.instance_uuid));
  std::memcpy(info.cluster_id, identity.cluster_id, sizeof(info.cluster_id));
  std::memcpy(info.node_id, identity.node_id, sizeof(info.node_id));
  std::memcpy(info.version, identity.version, sizeof(info.version));
  std::memcpy(info.raft_address, identity.raft_address, sizeof(info.raft_address));
  std::memcpy(info.api_address, identity.api_address, sizeof(info.api_address));
  std::memcpy(info.gossip_address, identity.gossip_address, sizeof(info.gossip_address));
  return info;
}

void PeerLinks::learn_info(const grey::PeerInfo& info) {
  std::lock_guard lock(mutex_);
  infos_[info.number] = info;
}

void PeerLinks::learn_self(uint32_t number) {
  {
    std::lock_guard lock(mutex_);
    if (self_number_ == number) return;
    self_number_ = number;
  }
  identity_changed();
}

uint32_t PeerLinks::number_of(const grey::PeerInfo& hello) {
  if (hello.number != 0) return hello.number;
  std::lock_guard lock(mutex_);
  for (const auto& [number, address] : directory_) {
    if (address == hello.raft_address) return number;
  }
  return 0;
}

grey::PeerHandler* PeerLinks::handler(uint32_t channel) {
  std::lock_guard lock(mutex_);
  auto found = handlers_.find(channel);
  return found == handlers_.end() ? nullptr : found->second;
}

void PeerLinks::hurry(uint32_t number, uint64_t boot_nonce) {
  on_each_loop([number, boot_nonce](LoopLinks& links) { links.hurry(number, boot_nonce); });
}

bool PeerLinks::is_member(const grey::PeerInfo& info) {
  const grey::PeerInfo own = own_info();
  std::lock_guard lock(mutex_);
  return directory_.contains(info.number) && std::memcmp(info.cluster_id, own.cluster_id, 16) == 0;
}

bool PeerLinks::hold_bytes(uint64_t bytes) {
  if (held_bytes_.fetch_add(bytes) + bytes <= kMaxHeldBytes) return true;
  held_bytes_ -= bytes;
  return false;
}

void PeerLinks::on_accept(grey::Stream* stream) noexcept {
  links_[stream->loop()->index()]->accept(stream);
}

LoopLinks* PeerLinks::current() {
  for (auto& links : links_) {
    if (links->loop()->is_current()) return links.get();
  }
  return nullptr;
}

void PeerLinks::on_each_loop(std::function<void(LoopLinks&)> action) {
  for (auto& links : links_) {
    grey::post(links->loop(), [target = links.get(), action] { action(*target); });
  }
}

}  // namespace greyd
