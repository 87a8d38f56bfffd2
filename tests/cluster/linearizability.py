"""Is a recorded history of one register linearizable?

Wing and Gong's search with memory of the configurations tried, as Lowe has it: an operation may
take effect at any moment between its call and its return; one whose outcome is unknown may also
take effect at any later moment, or never.
"""
import dataclasses
import math
from typing import Any, Optional

READ, WRITE, CAS = "read", "write", "cas"
MAX_STEPS = 2_000_000


@dataclasses.dataclass
class Operation:
    """One call. `value`: what was read (None: no key), or what was to be written. `expected`: for a
    cas, the value it was conditional on. `ok`: False for a cas whose condition failed. `end` None:
    the outcome is unknown. Values that are written are unique in the history."""

    kind: str
    begin: float
    end: Optional[float]
    value: Any
    expected: Any = None
    ok: bool = True
    client: Any = None

    @property
    def known(self):
        return self.end is not None


class Undecided(Exception):
    """The search was given up. That is no verdict."""


def apply(operation, state):
    """(possible, new state) of the operation at this state of the register."""
    if operation.kind == READ:
        return state == operation.value, state
    if operation.kind == WRITE:
        return True, operation.value
    if not operation.known:  # it may have found its condition, or not
        return True, operation.value if state == operation.expected else state
    if operation.ok:
        return state == operation.expected, operation.value
    return state != operation.expected, state


def without_irrelevant(operations):
    """Leaves out reads without an outcome, and writes of unknown outcome whose value nobody saw.
    Such a write can only matter as the reason why a cas failed later, and then it stays."""
    seen = {each.value for each in operations if each.kind == READ and each.known}
    seen |= {each.expected for each in operations if each.kind == CAS}
    failed_cas_ends = [each.end for each in operations
                       if each.kind == CAS and each.known and not each.ok]
    latest = max(failed_cas_ends, default=-math.inf)
    return [each for each in operations
            if each.known or
            (each.kind != READ and (each.value in seen or each.begin < latest))]


def check(operations, initial=None):
    """None if the history is linearizable, else the operation that could not be placed, of the
    longest order that was found. Raises Undecided rather than search for ever."""
    operations = sorted(without_irrelevant(operations), key=lambda each: each.begin)
    ends = [each.end if each.known else math.inf for each in operations]
    known_left_at_start = sum(each.known for each in operations)
    state, done, known_left = initial, 0, known_left_at_start
    first = 0  # every operation before it is done
    trail = []  # (index, state before, first before) of each that is placed
    tried = set()
    position = 0
    steps = 0
    fewest_left, stuck = known_left + 1, None
    while known_left > 0:
        steps += 1
        if steps > MAX_STEPS:
            raise Undecided(f"{len(operations)} operations, more than {MAX_STEPS} steps")
        placed = False
        # Whatever began before the earliest end of those that are left may be the next.
        limit = math.inf
        for index in range(first, len(operations)):
            if done >> index & 1:
                continue
            if operations[index].begin > limit:
                break
            limit = min(limit, ends[index])
        index = max(position, first)
        while index < len(operations) and operations[index].begin <= limit:
            if not done >> index & 1:
                possible, new_state = apply(operations[index], state)
                if possible and (done | 1 << index, new_state) not in tried:
                    tried.add((done | 1 << index, new_state))
                    placed = True
                    break
            index += 1
        if placed:
            trail.append((index, state, first))
            state, done = new_state, done | 1 << index
            known_left -= operations[index].known
            while first < len(operations) and done >> first & 1:
                first += 1
            position = 0
            continue
        if known_left < fewest_left:
            fewest_left = known_left
            stuck = min((operations[i] for i in range(first, len(operations))
                         if not done >> i & 1 and operations[i].known), key=lambda each: each.end)
        if not trail:
            return stuck
        index, state, first = trail.pop()
        done &= ~(1 << index)
        known_left += operations[index].known
        position = index + 1
    return None
