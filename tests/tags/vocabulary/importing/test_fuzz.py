"""Whatever a file holds, an import ends, and what it claims can be stored."""

import contextlib
import gzip
import json
import random
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enogu.errors import VocabularyError
from enogu.tags.names import normal_name
from enogu.tags.vocabulary.claims import (
    MAX_COUNT,
    CooccurrenceClaim,
    FormClaim,
    TagClaim,
    write_claims,
)
from enogu.tags.vocabulary.importing.detect import CONTENTS, detect_format
from enogu.tags.vocabulary.importing.fields import read_names
from enogu.tags.vocabulary.importing.problems import BadRowError, Problems
from enogu.tags.vocabulary.importing.read import read_claims
from enogu.tags.vocabulary.importing.rows import split_row
from enogu.tags.vocabulary.importing.wiki_text import explanation_of, heirs_of
from enogu.tags.vocabulary.sources import open_sources

quiet = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

SAMPLES = {
    "danbooru.csv": '1girl,0,6008644,"1girls,sole_female"\nsmile,0,5,笑顔\n^_^,0,9,\n',
    "extra.csv": "masterpiece,5,Quality tag,,最高\nbest,5,Quality tag,\n",
    "danbooru-jp.csv": "cat_ears,猫耳\nsmile,笑顔\n",
    "tags.csv": 'tag,category,count,alias\nsolo,0,40,"ソロ,alone"\n',
    "selected_tags.csv": 'id,tag_id,name,category,count,ips\n0,1,hu_tao,4,10,"[""genshin""]"\n',
    "tags.json": json.dumps([{"name": "hat", "post_count": 3, "category": 0, "words": ["hat"]}]),
    "tag_aliases.json": json.dumps(
        [{"antecedent_name": "cap_hat", "consequent_name": "hat", "status": "active"}]
    ),
    "tag_implications.json": '{"antecedent_name":"cap","consequent_name":"hat"}\n' * 2,
    "wiki_pages.json": json.dumps(
        {"title": "hat", "other_names": ["帽子"], "body": "A [[hat]]. Use [[cap|caps]] instead."}
    ),
    "artists.json": json.dumps([{"name": "someone", "other_names": ["だれか"], "group_name": ""}]),
    "cooccurrence.csv": "tag_a,tag_b,count\n1girl,solo,600.0\n",
    "ja.txt": "//Translation format\n*long hair=長髪\n_=_=細目\nhat=帽子\n",
    "table.json": json.dumps({"hat": "帽子", "smile": ["笑顔"]}),
}


def check_claims(path, **options):
    """Read a file and store its claims; return them, or nothing when the file is refused."""
    problems = Problems()
    try:
        form = detect_format(path, **options)
        claims = list(read_claims(path, form, problems, lambda: None))
    except VocabularyError:
        return []
    with open_sources(None) as sources:
        assert write_claims(sources, 2, claims) == len(claims)
    for claim in claims:
        if isinstance(claim, TagClaim):
            assert normal_name(claim.name) == claim.name
            assert -1 <= claim.posts <= MAX_COUNT
        if isinstance(claim, FormClaim):
            assert claim.text and claim.text.isprintable()
        if isinstance(claim, CooccurrenceClaim):
            assert 0 < claim.posts <= MAX_COUNT
    assert all(problem.line > 0 for problem in problems.first)
    return claims


@quiet
@given(st.binary(min_size=1, max_size=400), st.sampled_from([None, *CONTENTS]))
def test_any_bytes(tmp_path, data, content):
    path = tmp_path / "any.csv"
    path.write_bytes(data)
    check_claims(path, content=content)


@quiet
@given(st.lists(st.text(max_size=40), min_size=1, max_size=8), st.sampled_from(["csv", "txt"]))
def test_any_lines(tmp_path, lines, suffix):
    path = tmp_path / f"any.{suffix}"
    path.write_text("\n".join(lines) + "\nhat,0,5,\n", encoding="utf-8", errors="surrogatepass")
    check_claims(path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=6,
)
KEYS = (
    *("name", "title", "post_count", "category", "other_names", "body", "antecedent_name"),
    *("consequent_name", "status", "is_deleted", "tag_a", "tag_b", "count", "ips", "ja"),
)


@quiet
@given(st.lists(st.dictionaries(st.sampled_from(KEYS), json_values), min_size=1, max_size=5))
def test_any_records(tmp_path, records):
    path = tmp_path / "tag_aliases.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    from_array = check_claims(path)
    path.write_text("\n".join(map(json.dumps, records)) + "\n", encoding="utf-8")
    if len(records) > 1:
        assert check_claims(path) == from_array


@pytest.mark.parametrize("name", SAMPLES)
def test_damaged_files_of_every_format(tmp_path, name):
    rng = random.Random(name)
    whole = SAMPLES[name].encode()
    path = tmp_path / name
    path.write_bytes(whole)
    assert check_claims(path), "the sample itself must be understood"
    for round_number in range(40):
        data = bytearray(whole * rng.choice((1, 1, 3)))
        for _ in range(rng.randint(1, 6)):
            place = rng.randrange(len(data) + 1)
            action = rng.randrange(5)
            if action == 0 and data:
                data[min(place, len(data) - 1)] ^= 1 << rng.randrange(8)
            elif action == 1:
                data[place:place] = rng.choice(
                    [b"\0", b'"', b",", b"\n", b"\xff", b"[", b"{", b"\\", b"=", b"\r", b"\xe3"]
                )
            elif action == 2:
                del data[place : place + rng.randrange(1, 20)]
            elif action == 3:
                data[place:place] = data[: rng.randrange(1, 60)]
            else:
                data[place:place] = b"," * rng.randrange(1, 400)
        path.write_bytes(
            gzip.compress(bytes(data), mtime=0) if round_number % 7 == 0 else bytes(data)
        )
        check_claims(path)


def test_damaged_sqlite_files(tmp_path):
    path = tmp_path / "whole.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE tag (id INTEGER, name TEXT, type INTEGER, popularity)")
        connection.executemany(
            "INSERT INTO tag VALUES (?, ?, 0, 5)", [(n, f"tag_{n}") for n in range(300)]
        )
    connection.close()
    whole = path.read_bytes()
    assert len(check_claims(path)) == 300
    rng = random.Random(4)
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(rng.randint(1, 30)):
            data[rng.randrange(16, len(data))] = rng.randrange(256)
        if rng.random() < 0.3:
            del data[rng.randrange(100, len(data)) :]
        path.write_bytes(bytes(data))
        check_claims(path)


@given(st.text(max_size=200))
def test_any_row_splits_or_says_why(text):
    with contextlib.suppress(BadRowError):
        assert all(isinstance(field, str) for field in split_row(text))


@given(st.lists(st.text(max_size=20), max_size=5) | st.text(max_size=60))
def test_any_list_of_names_is_tidy(value):
    for name in read_names(value):
        assert name == name.strip() and name.isprintable()


@given(st.text(max_size=400))
def test_any_page_gives_one_line_and_normal_names(body):
    assert explanation_of(body).isprintable()
    assert len(explanation_of(body)) <= 200
    assert all(normal_name(name) == name for name in heirs_of(body))


@pytest.mark.parametrize("opening", ["[[", '"', "[b]", "{{", "h4. ", "* ", "[[a|"])
def test_markup_without_end_is_read_in_bounded_time(opening):
    explanation_of(opening * 10_000)
    heirs_of("use " + opening * 10_000)
