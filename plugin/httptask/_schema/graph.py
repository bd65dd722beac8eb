"""The strongly connected components of a graph: the nodes that lead back to themselves."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def components(
    starts: Iterable[Node], edges: Callable[[Node], Iterable[Node]], done: Container[Node] = ()
) -> Iterator[list[Node]]:
    """Yield the nodes reached from *starts*, in groups of those that reach each other.

    The groups that a group reaches come before it. The first node of a group is where it was
    entered. *edges* returns the nodes that a node leads to; it is called once for each. Nodes in
    *done* are passed over. This is Tarjan's algorithm (1972), without recursion: a chain of
    definitions may be long.
    """
    number: dict[Node, int] = {}
    low: dict[Node, int] = {}  # of the nodes whose group is not known yet
    path: list[Node] = []
    for start in starts:
        pending = [] if start in number or start in done else [(start, iter(edges(start)))]
        while pending:
            node, targets = pending[-1]
            if node not in number:
                number[node] = low[node] = len(number)
                path.append(node)
            for target in targets:
                if target in low:
                    low[node] = min(low[node], number[target])
                elif target not in number and target not in done:
                    pending.append((target, iter(edges(target))))
                    break
            else:
                pending.pop()
                if pending:
                    above = pending[-1][0]
                    low[above] = min(low[above], low[node])
                if low[node] == number[node]:
                    members = [path.pop()]
                    while members[-1] != node:
                        members.append(path.pop())
                    for member in members:
                        del low[member]
                    yield members[::-1]
