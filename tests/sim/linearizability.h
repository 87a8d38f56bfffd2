// Whether a history of a register is linearizable: Wing and Gong's search with Lowe's memory of the
// configurations seen ("Testing for linearizability", 2017). Registers are judged one by one, which
// is enough, since linearizability is a local property.
//
// Two facts about writes of unknown outcome keep the search short. A write whose value somebody saw
// did happen, before the first who saw it returned. Those whose values nobody saw are alike: what
// they leave is just "something else".
#ifndef GREY_TESTS_SIM_LINEARIZABILITY_H_
#define GREY_TESTS_SIM_LINEARIZABILITY_H_

#include <cstddef>

#include "history.h"

namespace grey::sim {

enum class Verdict { linearizable, not_linearizable, undecided };

// `budget` bounds the configurations that are looked at before it gives up as undecided. The
// register is missing at first. Written values must be unique in the history, except 0. When not
// linearizable, `*stuck` is set to the place in `history` of an operation for which the longest
// order that was found has no room.
Verdict check_register(const History& history, uint64_t budget = 4'000'000,
                       size_t* stuck = nullptr);

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_LINEARIZABILITY_H_
