// The root of every interface that crosses the border between kernel and plugins.
//
// An interface is a C function table spelled as a C++ class: single inheritance from Object, pure
// virtual noexcept methods that are never overloaded, a protected non-virtual destructor. Such a
// table has one layout for every compiler of the Itanium C++ ABI and for every standard library, so
// a plugin built by clang++ with libc++ works in a daemon built by g++ with libstdc++.
//
// Only trivially copyable SDK value types, other interfaces and borrowed pointers to them cross.
// Exceptions never cross. Who allocates, frees.
#ifndef GREY_OBJECT_H_
#define GREY_OBJECT_H_

#include <cstdint>

namespace grey {

class Object {
 public:
  // The object's other interface named `interface_id` (such as "grey.storage/1"), retained for the
  // caller, or null when it has none. The same pointer every time. Any thread.
  // The pointer is the interface's own Object base: static_cast it to the interface asked for.
  virtual Object* query(const char* interface_id) noexcept = 0;

  // Adds one reference. Any thread.
  virtual void retain() noexcept = 0;

  // Drops one reference; the last one destroys the object, by the module that made it. Any thread.
  virtual void release() noexcept = 0;

 protected:
  ~Object() = default;
};

}  // namespace grey

#endif  // GREY_OBJECT_H_
