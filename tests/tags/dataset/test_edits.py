import pytest

from enogu.errors import CaptionError
from enogu.tags.dataset import edits, edits_knowing
from enogu.tags.dataset.document import Spelling
from enogu.tags.dataset.line import CaptionSyntax, parse_line

DIVIDED = CaptionSyntax(keep_separator="|||", secondary_separator=";;;")


def changed(text, edit, *, syntax=DIVIDED, spelling=None):
    return edit.change(parse_line(text, syntax), spelling or Spelling()).render()


@pytest.mark.parametrize(
    ("edit", "before", "after"),
    [
        (edits.prepend(["hero"]), "1girl, hat", "hero, 1girl, hat"),
        (edits.prepend(["hero"]), "1girl, Hero, hat", "hero, 1girl, hat"),
        (edits.prepend(["a", "b"]), "b,c", "a,b,c"),
        (edits.prepend(["hero"]), "", "hero"),
        (edits.prepend(["hero"]), "a ||| b", "hero, a ||| b"),
        (edits.append(["hat"]), "a, b ", "a, b, hat "),
        (edits.append(["Hat", "b"]), "a, hat", "a, hat, b"),
        (edits.append(["hat"]), "a ||| b", "a ||| b, hat"),
        (edits.move_to_front(["*_hair"]), "a, blue hair, b, red hair", "blue hair, red hair, a, b"),
        (edits.move_to_front(["hat"]), "a, b", "a, b"),
        (edits.move_to_front(["b"]), "a, b;;;c, d", "b;;;c, a, d"),
        (edits.remove(["hat"]), "hat, what, top hat, HAT", "what, top hat"),
        (edits.remove(["* hat", "smile"]), "hat, smile, top_hat", "hat"),
        (edits.remove(["hat"]), "hat", ""),
        (edits.remove(["b"]), "a, b;;;c, b", "a, c"),
        (edits.substitute("tee", ["t-shirt"]), "a, Tee, b", "a, t-shirt, b"),
        (edits.substitute("tee", ["t-shirt"]), "t-shirt, tee, b", "t-shirt, b"),
        (edits.substitute("x", ["y", "z"]), "a, x, x, b", "a, y, z, b"),
        (edits.substitute("*_hair", ["hair"]), "blue hair, a, red hair", "hair, a"),
        (edits.substitute("a", ["b"]), "c", "c"),
        (edits.substitute_regex(r"s/^(\w+) hair$/\1 locks/"), "red hair, hat", "red locks, hat"),
        (edits.substitute_regex("s|HAT||i"), "hat, a hat", "a"),
        (edits.substitute_regex(r"s/a/\n/"), "bac", "b c"),
        (edits.blanks_for_underscores(), "blue_hair, ^_^, o_o, a_(b)",
         "blue hair, ^_^, o_o, a (b)"),
        (edits.underscores_for_blanks(), "blue hair, ^_^, star (x)", "blue_hair, ^_^, star_(x)"),
        (edits.drop_repeated(), "a, Blue_Hair, A, blue hair, b", "a, Blue_Hair, b"),
        (edits.drop_overlapping(), "hair, blue hair, hat, what, hats",
         "blue hair, hat, what, hats"),
        (edits.drop_overlapping(), "elbow gloves, bow, scar, car", "elbow gloves, bow, scar, car"),
        (edits.drop_overlapping(), "long blue hair, long hair, blue hair",
         "long blue hair, long hair"),
        (edits.drop_overlapping(spared={"hair"}), "hair, blue hair", "hair, blue hair"),
        (edits_knowing.thin_out_people(), "1girl, blue hair, red hair",
         "1girl, blue hair, red hair"),
        (
            edits_knowing.thin_out_people(),
            "2girls, blue hair, red hair, long hair, blue eyes, ponytail, hat",
            "2girls, long hair, blue eyes, ponytail, hat",
        ),
        (
            edits_knowing.thin_out_people(),
            "1boy, 1girl, blue eyes, red eyes, closed eyes, long sleeves, bob cut, hime cut",
            "1boy, 1girl, closed eyes, long sleeves",
        ),
    ],
)  # fmt: skip
def test_edits_of_one_caption(edit, before, after):
    assert changed(before, edit) == after
    if not edit.title.startswith("regular"):
        assert changed(after, edit) == after


def test_aliases_become_the_tag_in_the_spelling_of_the_file(knows):
    edit = edits_knowing.to_canonical(knows)
    assert (
        changed("Tee, blue haired, old hat, mine", edit) == "t-shirt, blue hair, hat, smile, mine"
    )
    under = Spelling(underscores=True)
    assert changed("blue_haired, hat", edit, spelling=under) == "blue_hair, hat"
    assert changed("blue_haired, blue_hair", edit, spelling=under) == "blue_hair"
    spared = edits_knowing.to_canonical(knows, spared={"tee"})
    assert changed("tee, blue haired", spared) == "tee, blue hair"


def test_implied_tags_go(knows):
    edit = edits_knowing.drop_implied(knows)
    assert changed("hat, witch hat, dress, shirt, what", edit) == "witch hat, dress, shirt, what"
    spared = edits_knowing.drop_implied(knows, spared={"hat"})
    assert changed("hat, witch hat", spared) == "hat, witch hat"


def test_sorting_keeps_the_trigger_the_head_and_the_parts(knows):
    edit = edits_knowing.sort_by_group(knows, first={"hero"})
    text = "white background, smile, hero, odd thing, red dress, blue hair, 1girl"
    assert changed(text, edit) == (
        "hero, 1girl, blue hair, smile, red dress, odd thing, white background"
    )
    kept = edits_knowing.sort_by_group(knows, keep=2)
    assert changed("smile, hat, white background, 1girl", kept) == (
        "smile, hat, 1girl, white background"
    )
    assert changed("smile, 1girl ||| white background, hat", edit) == (
        "1girl, smile ||| hat, white background"
    )
    with pytest.raises(CaptionError, match="0 or more, got -1"):
        edits_knowing.sort_by_group(knows, keep=-1)


def test_traits_are_pruned_only_beside_the_trigger(make, knows):
    files = {f"{n}.txt": "hero, 1girl, blue hair, long hair, hat" for n in range(4)}
    captions = make(files | {"5.txt": "hero, 1girl, blue hair", "6.txt": "other, blue hair"})
    edit = edits_knowing.prune_traits(captions, knows, "hero")
    assert edit.title == "prune the traits blue_hair, long_hair"
    assert changed("hero, blue hair, hat, long hair, 1girl", edit) == "hero, hat, 1girl"
    assert changed("other, blue hair", edit) == "other, blue hair"
    with pytest.raises(CaptionError, match=r"no trait stands in 100% .*\n.*--share"):
        edits_knowing.prune_traits(make({"7.txt": "hero"}), knows, "hero", share=1.0)
    with pytest.raises(CaptionError, match=r"at most 1, got 80"):
        edits_knowing.prune_traits(captions, knows, "hero", share=80)


@pytest.mark.parametrize(
    ("expression", "problem"),
    [
        ("hat", "s/old/new/"),
        ("s/hat", "s/old/new/"),
        ("s/hat/x/g", "s/old/new/"),
        ("s//x/", "s/old/new/"),
        ("s/(/x/", "is wrong: missing"),
        (r"s/a/\2/", "is wrong: invalid group reference"),
    ],
)
def test_wrong_expressions_are_refused(expression, problem):
    with pytest.raises(CaptionError, match=problem):
        edits.substitute_regex(expression)


@pytest.mark.parametrize("tags", [[], [" "], ["a\nb"], ["a\0"]])
def test_what_is_no_tag_is_refused(tags):
    for make in (edits.prepend, edits.append, edits.remove, edits.move_to_front):
        with pytest.raises(CaptionError, match="tag"):
            make(tags)
