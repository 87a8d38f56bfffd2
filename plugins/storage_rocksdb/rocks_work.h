// A blocking call on a worker, its status told on a loop.
#ifndef GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_WORK_H_
#define GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_WORK_H_

#include <utility>

#include "grey/glue/plugin.h"

namespace grey::rocks {

template <typename Work>
void run_on_worker(Workers* workers, Loop* loop, Completion* done, Work work) {
  auto task = [loop, done, work = std::move(work)]() mutable {
    const Status status = work();
    post(loop, [done, status] { done->complete(status); });
  };
  if (submit(workers, std::move(task))) return;
  post(loop,
       [done] { done->complete(make_status(StatusCode::busy, "the workers' queue is full")); });
}

}  // namespace grey::rocks

#endif  // GREY_PLUGINS_STORAGE_ROCKSDB_ROCKS_WORK_H_
