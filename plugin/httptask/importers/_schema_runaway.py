"""Finds regular expressions on which backtracking takes too long: exponential time, or a high power of the text's length."""

from __future__ import annotations

import re

# The only parser that reads a pattern exactly as `re` does; hypothesis relies on it, too. Newer Pythons have no public one.
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

_MOST_STATES = 400
"""States of an automaton that is looked at; the work is at most quadratic in them."""
_MOST_PAIRS = 20_000
"""Pairs of states that are looked at."""
_MOST_COPIES = 4
"""How often a counted repeat is written out; a larger count is taken for a loop."""
_HIGHEST_DEGREE = 3
"""The highest power of the text's length that matching may take; `^.+@.+\\..+$` takes the third."""
_MOST_LOOPS = 12
"""Loops, one after the other, that are looked at."""
_EVERY = (1 << 129) - 1
"""A set of characters as bits: one for each ASCII character, the highest for all the others."""
_OTHERS = 1 << 128


def runs_away(pattern: str) -> bool:
    """Say whether searching for *pattern* may take time exponential in the length of the text, or a power of it above the third.

    A pattern takes exponential time when a loop can read one text in two ways, `(a+)+`, `(a|a)*`, `(a*)*`, and a power of it when
    loops that follow each other can share one text, `.*.*.*` (its automaton is ambiguous; Weber and Seidl 1991). Conservative:
    what is too large to be decided counts as running away. *pattern* must compile. The work is bounded.
    """
    try:
        tree = parser.parse(pattern)
        if not _has_nested_choice(tree, looped=False) and _count_of_loops(tree) < _HIGHEST_DEGREE:
            return False
        automaton = _Automaton(folded=_IGNORES_CASE.search(pattern) is not None)
        end = automaton.add(tree, automaton.start(anchored=_is_anchored(tree)))
    except (_TooLargeError, RecursionError):
        return True
    return automaton.is_ambiguous(None if tree[-1][0] in (sre.AT, sre.ASSERT, sre.ASSERT_NOT) else end)


def _is_anchored(tree: Any) -> bool:
    return len(tree) > 0 and tree[0] in ((sre.AT, sre.AT_BEGINNING), (sre.AT, sre.AT_BEGINNING_STRING))


_IGNORES_CASE = re.compile(r"\(\?[aLmsux]*i")


class _TooLargeError(Exception):
    """The automaton has too many states."""


def _is_loop(low: int, high: Any, tree: Any) -> bool:
    """Say whether a repeat is taken for a loop: an exact count is not, unless it repeats a loop."""
    return high is sre.MAXREPEAT or (high > _MOST_COPIES and (low != high or _has_loop(tree)))


def _has_loop(tree: Any) -> bool:
    return _count_of_loops(tree) > 0


def _count_of_loops(tree: Any) -> int:
    return sum(
        (kind in _REPEATS and value[1] is sre.MAXREPEAT) + sum(_count_of_loops(part) for part in _parts(kind, value))
        for kind, value in tree
    )


_REPEATS = (sre.MAX_REPEAT, sre.MIN_REPEAT)


def _has_nested_choice(tree: Any, *, looped: bool) -> bool:
    """Say whether a loop holds anything that can be read in more than one way: only then need it be looked at closely."""
    for kind, value in tree:
        if looped and (kind is sre.BRANCH or (kind in _REPEATS and value[0] != value[1]) or kind is sre.GROUPREF):
            return True
        inner = looped or (kind in _REPEATS and _is_loop(*value))
        if any(_has_nested_choice(part, looped=inner) for part in _parts(kind, value)):
            return True
    return False


def _parts(kind: Any, value: Any) -> list[Any]:
    if kind in _REPEATS or kind is getattr(sre, "POSSESSIVE_REPEAT", None):
        return [value[2]]
    if kind is sre.BRANCH:
        return list(value[1])
    if kind is sre.SUBPATTERN:
        return [value[3]]
    if kind in (sre.ASSERT, sre.ASSERT_NOT):
        return [value[1]]
    if kind is getattr(sre, "ATOMIC_GROUP", None):
        return [value]
    if kind is sre.GROUPREF_EXISTS:
        return [part for part in value[1:] if part is not None]
    return []


def _set_of(kind: Any, value: Any) -> int | None:
    """Return the characters that an item of a pattern reads, None for one that reads no single character."""
    if kind is sre.LITERAL:
        return _bit(value)
    if kind is sre.NOT_LITERAL:
        return _EVERY & ~(_bit(value) & ~_OTHERS)
    if kind is sre.ANY:
        return _EVERY
    if kind is sre.IN:
        found, inverted = 0, False
        for member, what in value:
            if member is sre.NEGATE:
                inverted = True
            elif member is sre.RANGE:
                found |= _range(what[0], what[1])
            elif member is sre.CATEGORY:
                found |= _CATEGORIES.get(what, _EVERY)
            else:
                found |= _bit(what)
        return (_EVERY & ~found) | _OTHERS if inverted else found
    return None


def _bit(code: int) -> int:
    return 1 << min(code, 128)


def _range(first: int, last: int) -> int:
    if first > 127:
        return _OTHERS
    return ((1 << (min(last, 127) + 1)) - (1 << first)) | (_OTHERS if last > 127 else 0)


def _ascii(letters: str) -> int:
    return sum(1 << ord(letter) for letter in letters)


_UPPER, _LOWER = _range(65, 90), _range(97, 122)


def _both_cases(letters: int) -> int:
    return letters | (letters & _UPPER) << 32 | (letters & _LOWER) >> 32


_DIGITS = _ascii("0123456789")
_WORDS = _DIGITS | _UPPER | _LOWER | _ascii("_")
_SPACES = _ascii(" \t\n\r\f\v") | _range(28, 31)
_CATEGORIES = {
    sre.CATEGORY_DIGIT: _DIGITS | _OTHERS,
    sre.CATEGORY_NOT_DIGIT: _EVERY & ~_DIGITS,
    sre.CATEGORY_WORD: _WORDS | _OTHERS,
    sre.CATEGORY_NOT_WORD: _EVERY & ~_WORDS,
    sre.CATEGORY_SPACE: _SPACES | _OTHERS,
    sre.CATEGORY_NOT_SPACE: _EVERY & ~_SPACES,
}


class _Automaton:
    """A nondeterministic automaton: each state's steps without a character, and with one."""

    def __init__(self, *, folded: bool = False) -> None:
        self._folded = folded
        self.free: list[list[int]] = []
        self.steps: list[list[tuple[int, int]]] = []

    def start(self, *, anchored: bool) -> int:
        """Return the state to start from; one that is not *anchored* may start anywhere in the text."""
        start = self.state()
        if not anchored:
            self.steps[start].append((_EVERY, start))
        return start

    def state(self) -> int:
        """Return a new state."""
        if len(self.free) >= _MOST_STATES:
            raise _TooLargeError
        self.free.append([])
        self.steps.append([])
        return len(self.free) - 1

    def add(self, tree: Any, start: int) -> int:
        """Add what *tree* reads from the state *start*; return the state after it."""
        for kind, value in tree:
            start = self._add_one(kind, value, start)
        return start

    def _add_one(self, kind: Any, value: Any, start: int) -> int:
        letters = _set_of(kind, value)
        if letters is not None:
            after = self.state()
            self.steps[start].append((_both_cases(letters) if self._folded else letters, after))
            return after
        if kind in _REPEATS:
            return self._add_repeat(value[0], value[1], value[2], start)
        if kind is sre.GROUPREF:  # whatever the group read
            loop = self.state()
            self.free[start].append(loop)
            self.steps[loop].append((_EVERY, loop))
            after = self.state()
            self.free[loop].append(after)
            return after
        if kind in (sre.ASSERT, sre.ASSERT_NOT):  # reads for itself, and goes on from where it started
            self.add(value[1], self.state())
            return start
        if kind is sre.AT:
            return start
        after = self.state()
        for part in _parts(kind, value):
            self.free[self.add(part, start)].append(after)
        if kind is sre.GROUPREF_EXISTS or not _parts(kind, value):
            self.free[start].append(after)
        return after

    def _add_repeat(self, low: int, high: Any, tree: Any, start: int) -> int:
        loops = _is_loop(low, high, tree)
        for _ in range(min(low, _MOST_COPIES)):
            start = self.add(tree, start)
        if loops:
            begin, after = self.state(), self.state()
            self.free[start].append(begin)
            self.free[begin].append(after)
            self.free[self.add(tree, begin)].append(begin)
            return after
        for _ in range(min(high, _MOST_COPIES) - min(low, _MOST_COPIES)):
            after = self.state()
            self.free[start].append(after)
            self.free[self.add(tree, start)].append(after)
            start = after
        return start

    def is_ambiguous(self, end: int | None) -> bool:
        """Say whether some loop, or too many that follow each other, can read one text in different ways.

        A loop right before the state *end* is not counted among those that follow each other: nothing behind it can fail.
        """
        counts = [self._closure(state) for state in range(len(self.free))]
        # A state that can be reached in two ways without reading is ambiguous by itself: `(a*)*`.
        moves = [
            [
                (letters, after, counts[state][source] > 1)
                for source in counts[state]
                for letters, after in self.steps[source]
            ]
            for state in range(len(self.free))
        ]
        loops = _components([[after for _, after, _ in each] for each in moves])
        last = {state for state in range(len(self.free)) if end in counts[state]}
        return any(_ambiguous(moves, members) for members in loops) or _degree(moves, loops, last) > _HIGHEST_DEGREE

    def _closure(self, start: int) -> dict[int, int]:
        """Return the states reached from *start* without reading -> 1, or 2 when there is more than one way."""
        ways = {start: 1}
        waiting = [start]
        while waiting:  # a state is looked at once for each way to it, twice at most
            for after in self.free[waiting.pop()]:
                if ways.get(after, 0) < 2:
                    ways[after] = ways.get(after, 0) + 1
                    waiting.append(after)
        return ways


Moves = list[list[tuple[int, int, bool]]]


def _ambiguous(moves: Moves, members: set[int]) -> bool:
    """Say whether one of the states *members*, all in one loop, comes back to itself by two ways over one text."""
    inner = {state: [move for move in moves[state] if move[1] in members] for state in members}
    if any(twice for each in inner.values() for _, _, twice in each):
        return True
    # A pair of different states, reached from one state over one text, that comes back to one state (both ends in one loop).
    waiting: list[tuple[int, int]] = []
    for state in members:
        each = inner[state]
        for index, (letters, after, _) in enumerate(each):
            for other_letters, other, _ in each[index + 1 :]:
                if letters & other_letters:
                    if after == other:
                        return True
                    waiting.append((after, other) if after < other else (other, after))
    seen = set(waiting)
    while waiting:
        if len(seen) > _MOST_PAIRS:
            return True
        left, right = waiting.pop()
        for letters, after, _ in inner[left]:
            for other_letters, other, _ in inner[right]:
                if letters & other_letters:
                    if after == other:
                        return True
                    pair = (after, other) if after < other else (other, after)
                    if pair not in seen:
                        seen.add(pair)
                        waiting.append(pair)
    return False


def _degree(moves: Moves, loops: list[set[int]], last: set[int]) -> int:
    """Return how many of *loops*, each behind the other, can share one text; those with a state of *last* do not count."""
    if len(loops) > _MOST_LOOPS:
        return len(loops)
    letters = [_letters(moves, members) for members in loops]
    degrees: list[int] = []
    for index, members in enumerate(loops):
        before = [
            degrees[other]
            for other in range(index)
            if letters[index] & letters[other]
            and _reaches(moves, loops[other], members, letters[index] & letters[other])
        ]
        degrees.append(max(before, default=0) + members.isdisjoint(last))
    return max(degrees, default=0)


def _letters(moves: Moves, members: set[int]) -> int:
    found = 0
    for state in members:
        for letters, after, _ in moves[state]:
            if after in members:
                found |= letters
    return found


def _reaches(moves: Moves, start: set[int], end: set[int], letters: int) -> bool:
    """Say whether a text of *letters* alone leads from a state of *start* to one of *end*."""
    seen, waiting = set(start), list(start)
    while waiting:
        for own, after, _ in moves[waiting.pop()]:
            if own & letters and after not in seen:
                if after in end:
                    return True
                seen.add(after)
                waiting.append(after)
    return False


def _components(edges: list[list[int]]) -> list[set[int]]:
    """Return the sets of states that reach each other, those with a loop only; what leads to others comes first."""
    backward: list[list[int]] = [[] for _ in edges]
    for state, afters in enumerate(edges):
        for after in afters:
            backward[after].append(state)
    order: list[int] = []
    seen = [False] * len(edges)
    for root in range(len(edges)):
        if seen[root]:
            continue
        seen[root] = True
        stack = [(root, iter(edges[root]))]
        while stack:
            state, rest = stack[-1]
            for after in rest:
                if not seen[after]:
                    seen[after] = True
                    stack.append((after, iter(edges[after])))
                    break
            else:
                order.append(state)
                stack.pop()
    found: list[set[int]] = []
    taken = [False] * len(edges)
    for root in reversed(order):
        if taken[root]:
            continue
        taken[root] = True
        members, waiting = {root}, [root]
        while waiting:
            for before in backward[waiting.pop()]:
                if not taken[before]:
                    taken[before] = True
                    members.add(before)
                    waiting.append(before)
        if len(members) > 1 or root in edges[root]:
            found.append(members)
    return found
