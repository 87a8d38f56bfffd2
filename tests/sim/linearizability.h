// Whether a history of a register is linearizable: Wing and Gong's search with Lowe's memory of the
// configurations seen ("Testing for linearizability", 2017). Registers are judged one by one, which
// is enough, since linearizability is a local property.
#ifndef GREY_TESTS_SIM_LINEARIZABILITY_H_
#define GREY_TESTS_SIM_LINEARIZABILITY_H_

#include "history.h"

namespace grey::sim {

enum class Verdict { linearizable, not_linearizable, undecided };

// `budget` bounds the configurations that are looked at before it gives up as undecided. The
// register is missing at first.
Verdict check_register(const History& history, uint64_t budget = 4'000'000);

}  // namespace grey::sim

#endif  // GREY_TESTS_SIM_LINEARIZABILITY_H_
