// Reference-counting comfort, compiled into whoever includes it; nothing here crosses the border.
#ifndef GREY_GLUE_REF_H_
#define GREY_GLUE_REF_H_

#include <atomic>
#include <cstring>
#include <utility>

#include "grey/object.h"

namespace grey {

// Owns one reference to an SDK object.
template <typename T>
class Ref {
 public:
  Ref() = default;
  Ref(const Ref& other) : object_(other.object_) {
    if (object_) object_->retain();
  }
  Ref(Ref&& other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(object_, other.object_);
    return *this;
  }
  ~Ref() {
    if (object_) object_->release();
  }

  // Takes over a reference that the caller holds.
  static Ref adopt(T* object) {
    Ref ref;
    ref.object_ = object;
    return ref;
  }
  // Adds a reference of its own.
  static Ref share(T* object) {
    if (object) object->retain();
    return adopt(object);
  }

  T* get() const { return object_; }
  T* operator->() const { return object_; }
  T& operator*() const { return *object_; }
  explicit operator bool() const { return object_ != nullptr; }
  // Gives the reference to the caller.
  T* detach() { return std::exchange(object_, nullptr); }

 private:
  T* object_ = nullptr;
};

// Asks `object` for interface T by T::kInterfaceId; null when it has none.
template <typename T>
Ref<T> query_interface(Object* object) {
  return Ref<T>::adopt(object ? static_cast<T*>(object->query(T::kInterfaceId)) : nullptr);
}

// Implements Object for a class that has one interface: class Mine : public Implements<Storage>.
// Starts with one reference, which the maker adopts (see make_ref).
template <typename Interface>
class Implements : public Interface {
 public:
  Object* query(const char* interface_id) noexcept override {
    if (std::strcmp(interface_id, Interface::kInterfaceId) != 0) return nullptr;
    retain();
    return this;
  }
  void retain() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept override {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 protected:
  virtual ~Implements() = default;

 private:
  std::atomic<uint32_t> references_{1};
};

template <typename T, typename... Args>
Ref<T> make_ref(Args&&... args) {
  return Ref<T>::adopt(new T(std::forward<Args>(args)...));
}

}  // namespace grey

#endif  // GREY_GLUE_REF_H_
