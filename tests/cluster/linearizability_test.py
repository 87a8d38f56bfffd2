#!/usr/bin/env python3
"""The checker on histories whose verdict is known."""
import itertools
import random
import unittest

from linearizability import CAS, READ, WRITE, Operation, apply, check


def read(begin, end, value):
    return Operation(READ, begin, end, value)


def write(begin, end, value):
    return Operation(WRITE, begin, end, value)


def cas(begin, end, expected, value, ok=True):
    return Operation(CAS, begin, end, value, expected, ok)


def by_trying_everything(operations, initial=None):
    """The definition itself: some order of the known and some of the unknown, within real time."""
    known = [each for each in operations if each.known]
    unknown = [each for each in operations if not each.known and each.kind != READ]
    for count in range(len(unknown) + 1):
        for some in itertools.combinations(unknown, count):
            for order in itertools.permutations(known + list(some)):
                if in_real_time(order) and runs(order, initial):
                    return True
    return False


def in_real_time(order):
    return not any(later.known and later.end < earlier.begin
                   for i, earlier in enumerate(order) for later in order[i + 1:])


def runs(order, state):
    for operation in order:
        possible, state = apply(operation, state)
        if not possible:
            return False
    return True


class GoodHistories(unittest.TestCase):
    def assert_good(self, *operations):
        self.assertIsNone(check(list(operations)))

    def test_nothing(self):
        self.assert_good()

    def test_one_after_the_other(self):
        self.assert_good(read(0, 1, None), write(2, 3, "a"), read(4, 5, "a"), write(6, 7, "b"),
                         read(8, 9, "b"))

    def test_concurrent_reads_may_see_either(self):
        self.assert_good(write(0, 1, "a"), write(2, 6, "b"), read(3, 4, "a"), read(3, 5, "b"))

    def test_concurrent_writes_in_either_order(self):
        self.assert_good(write(0, 5, "a"), write(0, 5, "b"), read(6, 7, "a"))
        self.assert_good(write(0, 5, "a"), write(0, 5, "b"), read(6, 7, "b"))

    def test_unknown_write_may_never_happen(self):
        self.assert_good(write(0, 1, "a"), write(2, None, "b"), read(3, 4, "a"), read(9, 10, "a"))

    def test_unknown_write_may_happen_much_later(self):
        self.assert_good(write(0, 1, "a"), write(2, None, "b"), read(3, 4, "a"), write(5, 6, "c"),
                         read(7, 8, "c"), read(9, 10, "b"))

    def test_cas_that_finds_its_condition(self):
        self.assert_good(write(0, 1, "a"), cas(2, 3, "a", "b"), read(4, 5, "b"))

    def test_cas_that_fails_rightly(self):
        self.assert_good(write(0, 1, "a"), cas(2, 3, "x", "b", ok=False), read(4, 5, "a"))

    def test_unknown_write_is_why_a_cas_fails(self):
        self.assert_good(write(0, 1, "a"), write(2, None, "b"), cas(3, 4, "a", "c", ok=False),
                         write(5, 6, "d"), read(7, 8, "d"))

    def test_unknown_cas(self):
        self.assert_good(write(0, 1, "a"), cas(2, None, "a", "b"), read(3, 4, "b"))
        self.assert_good(write(0, 1, "a"), cas(2, None, "a", "b"), read(3, 4, "a"))

    def test_long_history_with_many_unknown(self):
        operations = []
        for number in range(300):
            operations.append(write(10 * number, 10 * number + 1, number))
            operations.append(write(10 * number + 2, None, f"unknown {number}"))
            operations.append(read(10 * number + 3, 10 * number + 4, number))
        self.assert_good(*operations)


class BadHistories(unittest.TestCase):
    def assert_bad(self, *operations):
        self.assertIsNotNone(check(list(operations)))

    def test_stale_read(self):
        self.assert_bad(write(0, 1, "a"), write(2, 3, "b"), read(4, 5, "a"))

    def test_lost_write(self):
        self.assert_bad(write(0, 1, "a"), read(2, 3, None))

    def test_read_of_what_nobody_wrote(self):
        self.assert_bad(write(0, 1, "a"), read(0, 3, "x"))

    def test_read_from_the_future(self):
        self.assert_bad(read(0, 1, "a"), write(2, 3, "a"))

    def test_values_that_go_back(self):
        self.assert_bad(write(0, 1, "a"), write(2, 9, "b"), read(3, 4, "b"), read(5, 6, "a"))

    def test_two_readers_see_different_orders(self):
        self.assert_bad(write(0, 5, "a"), write(0, 5, "b"), read(6, 7, "a"), read(8, 9, "b"))

    def test_unknown_write_happens_once_only(self):
        self.assert_bad(write(0, None, "a"), read(1, 2, "a"), write(3, 4, "b"), read(5, 6, "b"),
                        read(7, 8, "a"))

    def test_unknown_write_not_before_its_call(self):
        self.assert_bad(read(0, 1, "a"), write(2, None, "a"))

    def test_cas_succeeds_wrongly(self):
        self.assert_bad(write(0, 1, "a"), write(2, 3, "b"), cas(4, 5, "a", "c"))

    def test_cas_fails_wrongly(self):
        self.assert_bad(write(0, 1, "a"), cas(2, 3, "a", "b", ok=False))

    def test_two_cas_of_one_value(self):
        self.assert_bad(write(0, 1, "a"), cas(2, 9, "a", "b"), cas(2, 9, "a", "c"))

    def test_one_stale_read_in_a_long_history(self):
        operations = []
        for number in range(300):
            operations.append(write(10 * number, 10 * number + 1, number))
            value = number - 1 if number == 250 else number
            operations.append(read(10 * number + 3, 10 * number + 4, value))
        self.assert_bad(*operations)


class AgainstTheDefinition(unittest.TestCase):
    def test_small_random_histories(self):
        random_source = random.Random(1)
        verdicts = {True: 0, False: 0}
        for _ in range(1500):
            operations = self.random_history(random_source)
            expected = by_trying_everything(operations)
            verdicts[expected] += 1
            self.assertEqual(check(operations) is None, expected, operations)
        self.assertGreater(min(verdicts.values()), 200, verdicts)

    @staticmethod
    def random_history(random_source):
        operations = []
        values = [None, 0, 1, 2]
        for number in range(random_source.randrange(2, 6)):
            begin = random_source.randrange(0, 12)
            end = None if random_source.random() < 0.2 else begin + random_source.randrange(1, 8)
            kind = random_source.choice([READ, WRITE, CAS])
            if kind == READ:
                operations.append(read(begin, end, random_source.choice(values)))
            elif kind == WRITE:
                operations.append(write(begin, end, number))
            else:
                ok = end is None or random_source.random() < 0.7
                operations.append(cas(begin, end, random_source.choice(values), number, ok))
        return operations


if __name__ == "__main__":
    unittest.main()
