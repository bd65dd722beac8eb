"""Find the strongly connected components of a graph: groups of nodes that reach each other."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterable, Iterator
from typing import TypeVar

Node = TypeVar("Node", bound=Hashable)


def components(
    starts: Iterable[Node],
    edges: Callable[[Node], Iterable[Node]],
    done: Container[Node] = (),
) -> Iterator[list[Node]]:
    """Yield the strongly connected components of the nodes that *starts* reach.

    A component comes after all components that it reaches. Its first node is the one that was
    reached first. *edges* returns the nodes to which a node has an edge; it is called once for each
    node. Nodes in *done* are skipped. This is Tarjan's algorithm (1972), without recursion, because
    a chain of definitions may be long.
    """
    number: dict[Node, int] = {}  # node -> its number in the order of visits
    low: dict[Node, int] = {}  # node without a component yet -> the lowest number it reaches
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
                    parent = pending[-1][0]
                    low[parent] = min(low[parent], low[node])
                if low[node] == number[node]:
                    members = [path.pop()]
                    while members[-1] != node:
                        members.append(path.pop())
                    for member in members:
                        del low[member]
                    yield members[::-1]
