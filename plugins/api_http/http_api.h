// The HTTP API as a plugin: listens, keeps the sessions of every loop, and ends them in order.
#ifndef GREY_PLUGINS_API_HTTP_HTTP_API_H_
#define GREY_PLUGINS_API_HTTP_HTTP_API_H_

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "grey/api.h"
#include "grey/glue/plugin.h"
#include "grey/transport.h"
#include "session.h"

namespace grey::http {

class HttpApi final : public PluginBase {
 public:
  explicit HttpApi(Host* host);

  Status start(ErrorText* error) noexcept override;
  void drain(Completion* done) noexcept override;
  void stop(Completion* done) noexcept override;

 private:
  class Face final : public InterfaceOf<ClientApi> {
   public:
    using InterfaceOf::InterfaceOf;
    const char* address() noexcept override { return text.c_str(); }
    std::string text;
  };

  // The sessions of one loop; all on it, but for construction.
  class LoopSessions final : public SessionOwner, private Task {
   public:
    LoopSessions(HttpApi* api, Loop* loop, uint64_t buffer_bytes)
        : api_(api), loop_(loop), budget_(buffer_bytes) {}
    void start();
    void accept(Stream* stream);
    void drain();
    // Cuts what is left. The sessions are gone when what is posted to the loop now runs.
    void stop();
    void ended(Session* session) override;
    Loop* loop() { return loop_; }
    size_t size() const { return sessions_.size(); }

   private:
    void run() noexcept override;  // about once a second

    HttpApi* api_;
    Loop* loop_;
    Ref<Timer> timer_;
    ByteBudget budget_;
    std::map<Session*, std::unique_ptr<Session>> sessions_;
    bool draining_ = false;
  };

  class Door final : public Acceptor {
   public:
    explicit Door(HttpApi* api) : api_(api) {}
    void on_accept(Stream* stream) noexcept override;

   private:
    HttpApi* api_;
  };

  void stopped(Completion* done);
  void session_ended();
  void on_each_loop(void (LoopSessions::*action)(), Completion* done);

  Face face_;
  Door door_;
  ApiContext context_;
  SessionLimits limits_;
  std::unique_ptr<RequestMetrics> metrics_;
  std::vector<std::unique_ptr<LoopSessions>> loops_;
  Ref<Listener> listener_;
  uint64_t max_connections_ = 0;
  std::atomic<uint64_t> connections_{0};
  // Set while drain() waits for the last session; on loop 0.
  Completion* drained_ = nullptr;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_HTTP_API_H_
