// Coverage marks: GREY_MARK("what is rare here") in a branch counts how often it is run. The
// simulator reads the counters and says which branches a batch of seeds has never reached.
//
// For rare branches of plugins' .cc files, outside of templates and inline functions. A mark costs
// two moves when it is run and nothing when not; counts are exact where one thread runs them, as in
// the simulator, and at least right in whether there were any elsewhere. Several places may share a
// text: their counts are added. Read it as "<part>: <what happened>".
#ifndef GREY_GLUE_MARK_H_
#define GREY_GLUE_MARK_H_

#include <atomic>
#include <cstdint>

namespace grey {

struct Mark {
  const char* text;
  std::atomic<uint64_t> count;

  void reached() {
    count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

}  // namespace grey

// The pointers in section grey_marks are the list of all marks of a program or shared object, the
// unreached ones included: the linker gives its bounds as __start_grey_marks and __stop_grey_marks.
#define GREY_MARK(words)                                                                       \
  do {                                                                                         \
    static constinit ::grey::Mark grey_mark_here{words, {0}};                                  \
    [[gnu::section("grey_marks"), gnu::used]] static constinit ::grey::Mark* grey_mark_entry = \
        &grey_mark_here;                                                                       \
    grey_mark_here.reached();                                                                  \
  } while (false)

#endif  // GREY_GLUE_MARK_H_
