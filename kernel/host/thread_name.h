// Names that tools such as top and gdb show.
#ifndef GREY_KERNEL_HOST_THREAD_NAME_H_
#define GREY_KERNEL_HOST_THREAD_NAME_H_

#include <pthread.h>

#include <string>

namespace greyd {

// The system cuts names to 15 bytes, so they are cut here rather than refused.
inline void name_this_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, 15).c_str());
}

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_THREAD_NAME_H_
