// Reference counting for objects that live on one loop and call back into their users.
#ifndef GREY_KERNEL_HOST_LOOP_OBJECT_H_
#define GREY_KERNEL_HOST_LOOP_OBJECT_H_

#include <atomic>
#include <cstdint>
#include <cstring>

#include "grey/object.h"

namespace greyd {

// The references of the outside count as one hold; the object takes further holds while it stands
// in a queue of the loop or runs a callback. Giving up the last outside reference calls
// on_unused() at once (which stops all callbacks); giving up the last hold deletes.
template <typename Interface>
class LoopObject : public Interface {
 public:
  grey::Object* query(const char* interface_id) noexcept override {
    if (std::strcmp(interface_id, Interface::kInterfaceId) != 0) return nullptr;
    retain();
    return this;
  }
  void retain() noexcept override { users_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept override {
    if (users_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    on_unused();
    drop_hold();
  }

 protected:
  virtual ~LoopObject() = default;

  // Ends all activity. Loop only.
  virtual void on_unused() noexcept = 0;

  // Loop only.
  void take_hold() { ++holds_; }
  void drop_hold() {
    if (--holds_ == 0) delete this;
  }

  class Hold {
   public:
    explicit Hold(LoopObject* object) : object_(object) { object_->take_hold(); }
    ~Hold() { object_->drop_hold(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    LoopObject* object_;
  };

 private:
  std::atomic<uint32_t> users_{1};
  uint32_t holds_ = 1;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_LOOP_OBJECT_H_
