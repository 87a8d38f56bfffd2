// Kind "service": what a cluster does with its consensus groups and its storage. The key-value
// store is one (it provides grey/kv.h besides); the kernel knows no more of a service than this.
#ifndef GREY_SERVICE_H_
#define GREY_SERVICE_H_

#include "grey/object.h"

namespace grey {

class Service : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.service/1";

  // Whether the service serves now (the state behind /readyz). Any thread.
  virtual bool ready() noexcept = 0;

 protected:
  ~Service() = default;
};

}  // namespace grey

#endif  // GREY_SERVICE_H_
