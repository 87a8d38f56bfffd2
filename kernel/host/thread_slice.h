// How soon a thread that wakes gets a processor.
#ifndef GREY_KERNEL_HOST_THREAD_SLICE_H_
#define GREY_KERNEL_HOST_THREAD_SLICE_H_

namespace greyd {

// For a thread whose work is short and for which requests wait. Linux (from 6.12 on) lets a thread
// run for a slice of 1 to 3 ms before one that has woken, unless the slice of that one is shorter.
// Threads that this one makes have the usual slice. Nothing happens on an older Linux, nor where a
// policy or a negative nice value is set: the system would take that one from threads made later.
void take_short_slices();

}  // namespace greyd

#endif  // GREY_KERNEL_HOST_THREAD_SLICE_H_
