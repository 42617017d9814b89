from graphlib import TopologicalSorter

from hypothesis import given
from hypothesis import strategies as st

from enogu.tags.vocabulary.implications import cut_cycles

edges = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=60)


def order(kept):
    sorter = TopologicalSorter()
    for child, parent in kept:
        sorter.add(child, parent)
    return list(sorter.static_order())


@given(edges)
def test_what_stays_has_no_cycle_and_nothing_is_lost(given_edges):
    kept, cut = cut_cycles(given_edges)
    order(kept)
    assert sorted({*kept, *cut}) == sorted(set(given_edges))
    assert len(kept) + len(cut) == len(set(given_edges))


@given(edges)
def test_implications_without_a_cycle_all_stay(given_edges):
    acyclic = {(max(edge), min(edge)) for edge in given_edges if edge[0] != edge[1]}
    assert cut_cycles(acyclic) == (sorted(acyclic), [])


def test_the_way_from_the_common_tag_to_the_rarest_is_cut():
    assert cut_cycles([(1, 9), (9, 5), (5, 1)]) == ([(5, 1), (9, 5)], [(1, 9)])


def test_a_tag_does_not_imply_itself():
    assert cut_cycles([(3, 3)]) == ([], [(3, 3)])


def test_a_tangle_of_many_cycles_ends():
    tangle = [(a, b) for a in range(1, 200) for b in range(1, 200) if a != b]
    kept, cut = cut_cycles(tangle)
    order(kept)
    assert len(kept) + len(cut) == len(tangle)
