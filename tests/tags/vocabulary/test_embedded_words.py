"""Every embedded file obeys the form. Each test lists all faults with file and line."""

import itertools
import re
from collections import defaultdict

import pytest

from enogu.tags.names import normal_name, tidy_text
from enogu.tags.vocabulary.claims import TextClaim
from enogu.tags.vocabulary.embedded_words import (
    EMBEDDED_COLUMNS,
    EMBEDDED_DIR,
    read_embedded_claims,
    read_embedded_groups,
    read_embedded_rows,
)
from enogu.tags.vocabulary.implications import cut_cycles
from enogu.tags.vocabulary.ratings import rating_level
from enogu.world.axes import KNOWN_TAGS

HIRAGANA = re.compile(r"[ぁ-ゖー]+")
ROUNDED = re.compile(r"[125]0*")
# Danbooru's rule for names (app/logical/tag_name_validator.rb), without the balance of brackets.
BAD_NAME = re.compile(r"[,*]|__|^[-~_`%(){}\[\]/]|_$|[^\x21-\x7e]")


@pytest.fixture(scope="module")
def rows():
    return list(read_embedded_rows())


@pytest.fixture(scope="module")
def tags(rows):
    return {row.tag for row in rows}


def test_files_are_plain_utf8_with_a_line_end_at_the_end():
    files = sorted(EMBEDDED_DIR.glob("*.tsv"))
    assert files
    for path in files:
        data = path.read_bytes()
        assert data.startswith(b"tag\t"), path.name
        assert b"\r" not in data, path.name
        assert data.endswith(b"\n"), path.name
        assert b"\n\n" not in data, path.name


def test_names_are_normal_and_allowed_on_the_site(rows):
    faults = [
        f"{row.place}: {row.tag}"
        for row in rows
        if normal_name(row.tag) != row.tag or BAD_NAME.search(row.tag) or len(row.tag) > 170
    ]
    assert faults == []


def test_each_tag_stands_once(rows):
    places = defaultdict(list)
    for row in rows:
        places[row.tag].append(row.place)
    assert {tag: where for tag, where in places.items() if len(where) > 1} == {}


def test_counts_are_rounded_and_fall_from_line_to_line(rows):
    faults = [f"{row.place}: {row.count}" for row in rows if not ROUNDED.fullmatch(str(row.count))]
    for above, below in itertools.pairwise(rows):
        if above.group == below.group and below.count > above.count:
            faults.append(f"{below.place}: {below.count} stands below {above.count}")
    assert faults == []


def test_each_japanese_name_has_a_reading_in_hiragana(rows):
    faults = []
    for row in rows:
        if not row.ja or len(row.ja) != len(row.readings):
            faults.append(f"{row.place}: {len(row.ja)} names, {len(row.readings)} readings")
        faults += [f"{row.place}: {r}" for r in row.readings if not HIRAGANA.fullmatch(r)]
        faults += [f"{row.place}: {name} twice" for name in row.ja if row.ja.count(name) > 1]
        faults += [f"{row.place}: {name!r}" for name in row.ja if tidy_text(name) != name]
    assert faults == []


def test_the_kana_of_a_name_stand_in_its_reading(rows):
    faults = []
    for row in rows:
        for name, reading in zip(row.ja, row.readings, strict=True):
            hiragana = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in name)
            parts = re.findall(r"[ぁ-ゖー]+|[^ぁ-ゖー]+", hiragana.replace("・", ""))
            pattern = "".join(part if HIRAGANA.fullmatch(part) else ".+" for part in parts)
            if not re.fullmatch(pattern, reading):
                faults.append(f"{row.place}: {name} is read {reading}")
    assert faults == []


def test_a_name_is_read_the_same_everywhere(rows):
    readings = defaultdict(set)
    for row in rows:
        for name, reading in zip(row.ja, row.readings, strict=True):
            readings[name].add(reading)
    # A toy to blow at and a mill are written alike.
    readings["風車"] -= {"かざぐるま"}
    assert {name: ways for name, ways in readings.items() if len(ways) > 1} == {}


def test_explanations_are_one_tidy_line_in_both_languages(rows):
    faults = [
        f"{row.place}: {text!r}"
        for row in rows
        for text in (row.en, row.ja_text)
        if not text or text.strip() != text or len(text) > 200
    ]
    assert faults == []
    swapped = [row.place for row in rows if re.search("[ぁ-ん一-龯]", row.en)]
    swapped += [row.place for row in rows if not re.search("[ぁ-んァ-ン一-龯]", row.ja_text)]
    assert swapped == []


def test_an_alias_means_one_tag_and_is_none_itself(rows, tags):
    owners = defaultdict(list)
    faults = []
    for row in rows:
        for alias in row.aliases:
            name = normal_name(alias)
            owners[name].append(row.tag)
            if name in tags:
                faults.append(f"{row.place}: the alias {alias} is a tag")
    faults += [f"alias {alias} of {who}" for alias, who in owners.items() if len(who) > 1]
    assert faults == []


def test_implied_tags_exist_and_form_no_cycle(rows, tags):
    missing = [f"{row.place}: {p}" for row in rows for p in row.implies if p not in tags]
    assert missing == []
    number = {row.tag: place for place, row in enumerate(rows)}
    edges = [(number[row.tag], number[parent]) for row in rows for parent in row.implies]
    _, cut = cut_cycles(edges)
    assert [(rows[child].place, rows[parent].tag) for child, parent in cut] == []


def test_each_file_is_a_group_with_titles(rows):
    groups = read_embedded_groups("groups")
    assert {path.stem for path in EMBEDDED_DIR.glob("*.tsv")} == set(groups)
    for name, table in groups.items():
        assert table["en"] and table["ja"], name


def test_members_of_exclusive_groups_exist_and_do_not_imply_each_other(rows, tags):
    parents = {row.tag: row.implies for row in rows}
    faults = []
    for name, table in read_embedded_groups("exclusive").items():
        members = table["members"]
        assert table["en"] and table["ja"], name
        if len(members) < 2 or len(set(members)) < len(members):
            faults.append(f"{name}: fewer than two members, or one twice")
        faults += [
            f"{name}: {member} is no embedded tag" for member in members if member not in tags
        ]
        for member in members:
            above, layer = set(), [member]
            while layer:
                layer = [p for child in layer for p in parents.get(child, ()) if p not in above]
                above |= set(layer)
            faults += [f"{name}: {member} implies {p}" for p in above & set(members)]
    assert faults == []


def test_everything_is_for_all_ages(rows):
    assert [row.place for row in rows if rating_level(row.tag)] == []
    stated = {
        claim.text
        for claim in read_embedded_claims()
        if isinstance(claim, TextClaim) and claim.kind == "rating"
    }
    assert stated == {"general"}


def test_there_are_at_least_two_thousand_tags(tags):
    assert len(tags) >= 2000


def test_the_drawn_world_speaks_embedded_tags(tags):
    assert {normal_name(tag) for tag in KNOWN_TAGS} - tags == set()


def test_the_header_is_the_documented_one():
    assert EMBEDDED_COLUMNS == (
        "tag",
        "count",
        "ja",
        "readings",
        "aliases",
        "implies",
        "en",
        "ja_text",
    )
