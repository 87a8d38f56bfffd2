// A connect or a lookup under way on one loop.
#ifndef GREY_KERNEL_HOST_PENDING_CALL_H_
#define GREY_KERNEL_HOST_PENDING_CALL_H_

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "grey/glue/status.h"
#include "grey/net.h"
#include "host/loop_thread.h"
#include "host/resolver.h"
#include "host/socket_address.h"

namespace greyd {

// Stands in its loop's registry from its making to its end, so that what the loops leave behind
// when they stop can be freed.
class PendingCall : private ResolverClient {
 public:
  using Registry = std::unordered_set<PendingCall*>;

  PendingCall(LoopThread* loop, Registry& registry);
  virtual ~PendingCall();
  PendingCall(const PendingCall&) = delete;
  PendingCall& operator=(const PendingCall&) = delete;

  // Finds the addresses of `text` and calls on_addresses() on the loop, never inside this call:
  // without asking anybody when the text is numeric or wrong.
  void look_up(const char* text, Resolver& resolver);

 protected:
  virtual void on_addresses(const grey::Result<Addresses>& addresses) = 0;  // may delete this
  LoopThread* loop() const { return loop_; }

 private:
  class AnswerTask final : public grey::Task {
   public:
    explicit AnswerTask(PendingCall* call) : call_(call) {}
    void run() noexcept override;

   private:
    PendingCall* const call_;
  };

  void answered(grey::Result<Addresses> addresses) noexcept override;

  LoopThread* const loop_;
  Registry& registry_;
  std::string text_;
  std::optional<grey::Result<Addresses>> answer_;
  AnswerTask answer_task_{this};
};

// Net::resolve.
class ResolveCall final : public PendingCall {
 public:
  ResolveCall(LoopThread* loop, Registry& registry, grey::ResolveDone* done);

 private:
  void on_addresses(const grey::Result<Addresses>& addresses) override;

  grey::ResolveDone* const done_;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_PENDING_CALL_H_
