#include "http_api.h"

#include <utility>

namespace grey::http {
namespace {

constexpr uint64_t kCheckPeriodNs = 1'000'000'000;
constexpr uint64_t kDrainCheckPeriodNs = 250'000'000;

}  // namespace

HttpApi::HttpApi(Host* host) : PluginBase(host), face_(this), door_(this) {
  expose(ClientApi::kInterfaceId, &face_);
}

Status HttpApi::start(ErrorText* error) noexcept {
  ConfigView* config = host()->config();
  context_.host = host();
  context_.kv = static_cast<KvService*>(host()->interface_of(KvService::kInterfaceId));
  context_.max_key_bytes = config->size_bytes("limits.key", 32 << 10);
  context_.max_value_bytes = config->size_bytes("limits.value", 8 << 20);
  context_.max_batch_bytes = config->size_bytes("limits.batch", 16 << 20);
  // A key may come with every byte as %XX; a body is a value or a batch.
  limits_.parser.header_bytes = static_cast<uint32_t>(3 * context_.max_key_bytes + (32 << 10));
  limits_.parser.body_bytes = std::max(context_.max_value_bytes, context_.max_batch_bytes);
  limits_.held_bytes = limits_.parser.body_bytes;
  limits_.max_pipelined = static_cast<uint32_t>(config->integer("max_pipelined", 128));
  limits_.request_timeout_ns = config->duration_ns("request_timeout", limits_.request_timeout_ns);
  limits_.idle_timeout_ns = config->duration_ns("idle_timeout", limits_.idle_timeout_ns);
  max_connections_ = static_cast<uint64_t>(config->integer("max_connections", 10000));
  metrics_ = std::make_unique<RequestMetrics>(host(), host()->metrics_hub());

  const uint64_t buffer_bytes =
      std::max(config->size_bytes("buffer_limit", 512 << 20) / host()->loop_count(),
               4 * limits_.parser.body_bytes);
  for (uint32_t i = 0; i < host()->loop_count(); ++i) {
    loops_.push_back(std::make_unique<LoopSessions>(this, host()->loop(i), buffer_bytes));
    post(host()->loop(i), [sessions = loops_.back().get()] { sessions->start(); });
  }
  face_.text = config->text("network.api_addr") ? config->text("network.api_addr") : "";
  auto* transport = static_cast<Transport*>(host()->interface_of(Transport::kInterfaceId));
  Listener* listener = nullptr;
  const Status status = transport->listen("api", face_.address(), &door_, &listener, error);
  if (!status.ok()) {
    const std::string why = error && error->text[0] ? error->text : describe(status);
    set_error(error, "network.api_addr: cannot listen on " + face_.text + ": " + why);
    return status;
  }
  listener_ = Ref<Listener>::adopt(listener);
  return ok_status();
}

void HttpApi::drain(Completion* done) noexcept {
  if (listener_) listener_->close();
  drained_ = done;
  on_each_loop(&LoopSessions::drain, nullptr);
  session_ended();
}

void HttpApi::stop(Completion* done) noexcept {
  if (listener_) listener_->close();
  drained_ = nullptr;
  on_each_loop(&LoopSessions::stop, done);
}

// Runs `action` on each loop; `done`, if any, on loop 0 behind the last one and what it has posted
// to its loop.
void HttpApi::on_each_loop(void (LoopSessions::*action)(), Completion* done) {
  if (loops_.empty()) {
    if (done) stopped(done);
    return;
  }
  auto left = std::make_shared<std::atomic<size_t>>(loops_.size());
  for (auto& sessions : loops_) {
    post(sessions->loop(), [this, target = sessions.get(), action, left, done] {
      (target->*action)();
      if (!done) return;
      post(target->loop(), [this, left, done] {
        if (left->fetch_sub(1) != 1) return;
        post(host()->loop(0), [this, done] { stopped(done); });
      });
    });
  }
}

// On loop 0: whoever has been told it calls nobody, and is called by nobody.
void HttpApi::stopped(Completion* done) {
  if (metrics_) metrics_->stop();
  done->complete(ok_status());
}

// On loop 0.
void HttpApi::session_ended() {
  if (!drained_ || connections_.load() != 0) return;
  std::exchange(drained_, nullptr)->complete(ok_status());
}

void HttpApi::Door::on_accept(Stream* stream) noexcept {
  api_->loops_[stream->loop()->index()]->accept(stream);
}

void HttpApi::LoopSessions::start() {
  timer_ = Ref<Timer>::adopt(loop_->make_timer(this));
  timer_->arm(loop_->now_ns() + kCheckPeriodNs);
}

void HttpApi::LoopSessions::accept(Stream* stream) {
  const uint64_t open = api_->connections_.fetch_add(1) + 1;
  auto session = std::make_unique<Session>(this, &api_->context_, api_->metrics_.get(),
                                           &api_->limits_, &budget_, stream);
  Session* accepted = session.get();
  sessions_.emplace(accepted, std::move(session));
  if (draining_) {
    accepted->refuse(error_response(503, "starting", "this node is stopping"));
  } else if (open > api_->max_connections_) {
    accepted->refuse(error_response(429, "busy", "too many connections to this node"));
  }
}

void HttpApi::LoopSessions::drain() {
  draining_ = true;
  // Sessions may end, and leave the map, while they are told.
  std::vector<Session*> open;
  for (auto& [session, owned] : sessions_) open.push_back(session);
  for (Session* session : open) {
    if (sessions_.contains(session)) session->drain();
  }
  timer_->arm(loop_->now_ns() + kDrainCheckPeriodNs);
}

void HttpApi::LoopSessions::stop() {
  draining_ = true;
  if (timer_) timer_->cancel();
  api_->connections_.fetch_sub(sessions_.size());
  // Destroyed later, as in ended(): one may be due to run in this turn.
  for (auto& [session, owned] : sessions_) {
    session->cut();
    post(loop_, [buried = std::move(owned)] {});
  }
  sessions_.clear();
}

void HttpApi::LoopSessions::ended(Session* session) {
  auto found = sessions_.find(session);
  if (found == sessions_.end()) return;
  // Destroyed later: the caller is one of its own methods.
  post(loop_, [buried = std::move(found->second)] {});
  sessions_.erase(found);
  api_->connections_.fetch_sub(1);
  post(api_->host()->loop(0), [api = api_] { api->session_ended(); });
}

void HttpApi::LoopSessions::run() noexcept {
  const uint64_t now_ns = loop_->now_ns();
  std::vector<Session*> open;
  for (auto& [session, owned] : sessions_) open.push_back(session);
  for (Session* session : open) {
    if (sessions_.contains(session)) session->check_time(now_ns);
  }
  timer_->arm(now_ns + (draining_ ? kDrainCheckPeriodNs : kCheckPeriodNs));
}

}  // namespace grey::http
