// Object's methods for host services that are members of the daemon: counting references to them
// would promise a life that the daemon does not give.
#ifndef GREY_KERNEL_HOST_BORROWED_H_
#define GREY_KERNEL_HOST_BORROWED_H_

#include <cstring>

#include "grey/object.h"

namespace greyd {

// Answers Interface::kInterfaceId; retain() and release() do nothing. The object lives as long as
// its C++ owner says, which must be longer than anybody uses it.
template <typename Interface>
class Borrowed : public Interface {
 public:
  Borrowed() = default;
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

  grey::Object* query(const char* interface_id) noexcept override {
    return std::strcmp(interface_id, Interface::kInterfaceId) == 0 ? this : nullptr;
  }
  void retain() noexcept override {}
  void release() noexcept override {}

 protected:
  virtual ~Borrowed() = default;
};

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_BORROWED_H_
