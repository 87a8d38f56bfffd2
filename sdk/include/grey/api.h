// Kind "api": serves clients by some protocol, over the transport, from the key-value service.
#ifndef GREY_API_H_
#define GREY_API_H_

#include "grey/object.h"

namespace grey {

class ClientApi : public Object {
 public:
  static constexpr char kInterfaceId[] = "grey.api/1";

  // Where it listens, such as "0.0.0.0:8080". Valid until stop. Any thread.
  virtual const char* address() noexcept = 0;

 protected:
  ~ClientApi() = default;
};

}  // namespace grey

#endif  // GREY_API_H_
