"""Keeping implications free of cycles.

If a implies b and b implies a, neither is more general and every walk to the parents would go
round for ever. In each cycle the implication that leads from the most common tag to the rarest
is cut: a common tag hardly implies a rare one.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

_PASSES: Final = 50


def cut_cycles(
    edges: Iterable[tuple[int, int]],
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Split implications into those that may stay and those that close a cycle.

    Args:
        edges: (child rank, parent rank); rank 1 is the tag with most posts.

    Returns:
        (kept, cut), each sorted. The kept ones have no cycle. An edge from a tag to itself is cut.
    """
    edges = set(edges)
    cut = {edge for edge in edges if edge[0] == edge[1]}
    kept = edges - cut
    for _ in range(_PASSES):
        knot = _knot(kept)
        if not knot:
            break
        worst = {max(cycle, key=lambda edge: (edge[1] - edge[0], edge)) for cycle in _cycles(knot)}
        kept -= worst
        cut |= worst
    else:
        # A tangle nobody wrote by hand: keeping only the way to more common tags ends it at once.
        knot = _knot(kept)
        rest = {(child, parent) for child in knot for parent in knot[child] if parent > child}
        kept -= rest
        cut |= rest
    return sorted(kept), sorted(cut)


def _knot(edges: set[tuple[int, int]]) -> dict[int, list[int]]:
    """Return the part of the graph below or on cycles, as parents by child."""
    parents: dict[int, list[int]] = {}
    children: dict[int, list[int]] = {}
    for child, parent in sorted(edges):
        parents.setdefault(child, []).append(parent)
        children.setdefault(parent, []).append(child)
        parents.setdefault(parent, [])
    open_parents = {node: len(above) for node, above in parents.items()}
    free = [node for node, number in open_parents.items() if number == 0]
    while free:
        node = free.pop()
        del open_parents[node]
        for child in children.get(node, ()):
            open_parents[child] -= 1
            if open_parents[child] == 0:
                free.append(child)
    return {
        node: [parent for parent in parents[node] if parent in open_parents]
        for node in open_parents
    }


def _cycles(parents: dict[int, list[int]]) -> Iterator[list[tuple[int, int]]]:
    """Yield cycles without a common node; every node of `parents` has a parent in it."""
    done: set[int] = set()
    for start in sorted(parents):
        place: dict[int, int] = {}
        path: list[int] = []
        node = start
        while node not in done and node not in place:
            place[node] = len(path)
            path.append(node)
            node = parents[node][0]
        if node in place:
            loop = [*path[place[node] :], node]
            yield list(pairwise(loop))
        done.update(path)
