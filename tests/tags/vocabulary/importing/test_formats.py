"""Each known format, as its makers write it, is recognised and read."""

import gzip
import json
import sqlite3

import pytest

from enogu.errors import VocabularyError
from enogu.tags.vocabulary.claims import (
    CooccurrenceClaim,
    FormClaim,
    HeirClaim,
    ImplicationClaim,
    SeriesClaim,
    TagClaim,
    TextClaim,
)
from enogu.tags.vocabulary.importing.detect import detect_format
from enogu.tags.vocabulary.importing.problems import Problems
from enogu.tags.vocabulary.importing.read import read_claims


@pytest.fixture
def read(tmp_path):
    """Write a file, detect its format, and return (title, claims, problems)."""

    def reading(name, data, **options):
        path = tmp_path / name
        if isinstance(data, str):
            data = data.encode()
        path.write_bytes(data)
        form = detect_format(path, **options)
        problems = Problems()
        claims = list(read_claims(path, form, problems, lambda: None))
        return form.title, claims, [str(problem) for problem in problems.first]

    return reading


def test_tagcomplete_rows_with_and_without_count_and_aliases(read):
    title, claims, problems = read(
        "danbooru.csv",
        '1girl,0,6008644,"1girls,sole_female"\nhatsune_miku,4,120000,\nsolo,0,5000954\nhighres,5\n',
    )
    assert title == "tagcomplete (plain)"
    assert problems == []
    assert claims == [
        TagClaim("1girl", "danbooru", 0, 6008644),
        FormClaim("1girl", "1girls", "alias", ""),
        FormClaim("1girl", "sole_female", "alias", ""),
        TagClaim("hatsune_miku", "danbooru", 4, 120000),
        TagClaim("solo", "danbooru", 0, 5000954),
        TagClaim("highres", "danbooru", 5, -1),
    ]


def test_e621_codes_by_file_name_and_in_merged_files(read):
    _, claims, _ = read("e621.csv", "mammal,5,3000000,\nanthro,0,2700000,\n")
    assert [(c.site, c.code) for c in claims] == [("e621", 5), ("e621", 0)]
    _, claims, _ = read("danbooru_e621_merged.csv", "mammal,12,3000000,\n1girl,0,6000000,\n")
    assert [(c.site, c.code) for c in claims] == [("e621", 5), ("danbooru", 0)]


def test_extra_file_with_free_text_and_translation(read):
    title, claims, _ = read(
        "extra-quality-tags.csv",
        "masterpiece,5,Quality tag,\nbest_quality,5,Quality tag,best,最高品質\n",
    )
    assert title == "extra (plain)"
    assert claims == [
        TagClaim("masterpiece", "danbooru", 5, -1),
        TextClaim("masterpiece", "en", "Quality tag"),
        TagClaim("best_quality", "danbooru", 5, -1),
        TextClaim("best_quality", "en", "Quality tag"),
        FormClaim("best_quality", "best", "alias", ""),
        FormClaim("best_quality", "最高品質", "other", "ja"),
    ]


@pytest.mark.parametrize("rows", ["cat_ears,猫耳\nsmile,笑顔\n", "cat_ears,0,猫耳\nsmile,0,笑顔\n"])
def test_translation_files_of_two_and_of_three_columns(read, rows):
    title, claims, _ = read("danbooru-jp.csv", rows)
    assert title == "translations (plain)"
    assert claims == [
        FormClaim("cat_ears", "猫耳", "other", "ja"),
        FormClaim("smile", "笑顔", "other", "ja"),
    ]


def test_header_variants(read):
    _, claims, _ = read("danbooru_tags.csv", 'tag,category,count,alias\nsolo,0,40,"ソロ,alone"\n')
    assert claims == [
        TagClaim("solo", "danbooru", 0, 40),
        FormClaim("solo", "ソロ", "other", "ja"),
        FormClaim("solo", "alone", "alias", ""),
    ]
    _, claims, _ = read("merged_translations.csv", 'tag,ja,aliases\nsolo,一人,"ソロ,ひとり"\n')
    assert claims == [
        FormClaim("solo", "一人", "other", "ja"),
        FormClaim("solo", "ソロ", "other", "ja"),
        FormClaim("solo", "ひとり", "other", "ja"),
    ]
    _, claims, _ = read("tags.tsv", "post_count\tname\tcategory\n7\thair_bow\t0\n")
    assert claims == [TagClaim("hair_bow", "danbooru", 0, 7)]
    _, claims, _ = read("e621_tags.csv", "id,name,category,post_count\n1,fox,5,7\n")
    assert claims == [TagClaim("fox", "e621", 5, 7)]


def test_labels_of_taggers_without_their_ratings(read):
    title, claims, _ = read(
        "selected_tags.csv",
        "tag_id,name,category,count\n9999999,general,9,807858\n470575,1girl,0,4225150\n"
        "212816,o_o,0,9\n",
    )
    assert title == "tags (csv)"
    assert claims == [
        TagClaim("1girl", "danbooru", 0, 4225150),
        TagClaim("o_o", "danbooru", 0, 9),
    ]


def test_labels_of_pixai_with_series(read):
    _, claims, problems = read(
        "selected_tags.csv",
        "id,tag_id,name,category,count,ips\n0,1,1girl,0,10,[]\n"
        '1,2,hu_tao_(genshin_impact),4,10,"[""genshin_impact""]"\n',
    )
    assert problems == []
    assert claims == [
        TagClaim("1girl", "danbooru", 0, 10),
        TagClaim("hu_tao_(genshin_impact)", "danbooru", 4, 10),
        SeriesClaim("hu_tao_(genshin_impact)", "genshin_impact"),
    ]


TAG_ROWS = [
    {
        "id": 1,
        "name": "long_hair",
        "post_count": 5,
        "category": 0,
        "is_deprecated": False,
        "words": ["long", "hair"],
        "created_at": "2013-02-28T00:00:00.000-05:00",
        "updated_at": "2025-09-01T00:00:00.000-05:00",
    },
    {"id": 2, "name": "hair_slicked", "post_count": 0, "category": 0, "is_deprecated": True},
]
TAG_CLAIMS = [
    TagClaim("long_hair", "danbooru", 0, 5, 0, "2025-09-01"),
    TagClaim("hair_slicked", "danbooru", 0, 0, 1, ""),
]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("lines", [False, True])
def test_tags_of_the_dump_and_of_the_api(read, packed, lines):
    text = "\n".join(map(json.dumps, TAG_ROWS)) if lines else json.dumps(TAG_ROWS, indent=1)
    data = gzip.compress(text.encode(), mtime=0) if packed else text
    title, claims, problems = read("tags.json", data)
    assert title == f"tags (json {'lines' if lines else 'array'})"
    assert problems == []
    assert claims == TAG_CLAIMS


def test_active_aliases_and_implications_of_the_dump(read):
    rows = [
        {"antecedent_name": "kitty_ears", "consequent_name": "cat_ears", "status": "active"},
        {"antecedent_name": "old", "consequent_name": "new", "status": "deleted"},
    ]
    assert read("tag_aliases.json", json.dumps(rows))[1] == [
        FormClaim("cat_ears", "kitty_ears", "alias", "")
    ]
    assert read("tag_implications.json", json.dumps(rows))[1] == [
        ImplicationClaim("kitty_ears", "cat_ears")
    ]
    with pytest.raises(VocabularyError, match="does not say which") as caught:
        read("relations.json", json.dumps(rows))
    assert "--kind" in caught.value.hint
    assert read("relations.json", json.dumps(rows), content="aliases")[0] == (
        "aliases (json array)"
    )


def test_wiki_pages_give_names_explanation_and_heirs(read):
    pages = [
        {
            "title": "cat_ears",
            "other_names": ["猫耳", "ネコミミ", "고양이 귀"],
            "body": "h4. About\n\nThe ears of a [[cat]], on a [[person|human]]. They twitch.",
            "is_deleted": False,
        },
        {
            "title": "hair_slicked",
            "other_names": [],
            "body": "This tag is deprecated. Use [[hair_slicked_back]] instead.",
        },
        {"title": "gone", "other_names": ["x"], "body": "", "is_deleted": True},
    ]
    title, claims, _ = read("wiki_pages.json", "\n".join(map(json.dumps, pages)))
    assert title == "wiki (json lines)"
    assert claims == [
        FormClaim("cat_ears", "猫耳", "other", "ja"),
        FormClaim("cat_ears", "ネコミミ", "other", "ja"),
        FormClaim("cat_ears", "고양이 귀", "other", "ko"),
        TextClaim("cat_ears", "en", "The ears of a cat, on a human."),
        TextClaim("hair_slicked", "en", "This tag is deprecated."),
        HeirClaim("hair_slicked", "hair_slicked_back"),
    ]


def test_artists_with_other_names(read):
    rows = [
        {"id": 1, "name": "ke-ta", "group_name": "", "other_names": ["ケータ"], "is_deleted": False}
    ]
    title, claims, _ = read("artists.json", json.dumps(rows))
    assert title == "artists (json array)"
    assert claims == [
        TagClaim("ke-ta", "danbooru", 1, -1),
        FormClaim("ke-ta", "ケータ", "other", "ja"),
    ]


def test_pair_sets_as_json_lines_table_and_server_answer(read):
    pair = {"id": 1, "title": "original", "other_names": ["オリジナル"], "type": "copyright"}
    expected = [
        TagClaim("original", "danbooru", 3, -1),
        FormClaim("original", "オリジナル", "other", "ja"),
    ]
    assert read("pairs.jsonl", json.dumps(pair) + "\n" + json.dumps(pair))[1] == expected * 2
    answer = {"features": [], "rows": [{"row_idx": 0, "row": pair}]}
    assert read("rows.json", json.dumps(answer))[1] == expected
    table = {"original": "オリジナル", "smile": ["笑顔", "スマイル"]}
    assert read("table.json", json.dumps(table, indent=2))[1] == [
        FormClaim("original", "オリジナル", "other", "ja"),
        FormClaim("smile", "笑顔", "other", "ja"),
        FormClaim("smile", "スマイル", "other", "ja"),
    ]


def test_pair_sets_as_parquet(tmp_path, read):
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = arrow.table(
        {"title": ["original"], "other_names": [["オリジナル"]], "type": ["copyright"]}
    )
    parquet.write_table(table, tmp_path / "made.parquet")
    title, claims, _ = read("pairs.parquet", (tmp_path / "made.parquet").read_bytes())
    assert title == "tags (parquet)"
    assert claims == [
        TagClaim("original", "danbooru", 3, -1),
        FormClaim("original", "オリジナル", "other", "ja"),
    ]
    with pytest.raises(VocabularyError, match="damaged"):
        read("broken.parquet", b"PAR1" + b"x" * 100)


def test_cooccurrence_counts_are_written_with_a_point(read):
    title, claims, problems = read(
        "cooccurrence.csv", "tag_a,tag_b,count\n1girl,solo,600.0\nsolo,solo,5\n1girl,hat,\n"
    )
    assert title == "cooccurrence (csv)"
    assert claims == [CooccurrenceClaim("1girl", "solo", 600)]
    assert problems == ["line 4: the count is missing for '1girl' and 'hat'"]


def test_translations_of_the_tag_manager(read):
    title, claims, _ = read(
        "ja.txt", "//Translation format: <original>=<translation>\n*long hair=長髪\n=_==細目\n"
    )
    assert title == "bdtm (plain)"
    assert claims == [
        FormClaim("long_hair", "長髪", "other", "ja"),
        FormClaim("=_=", "細目", "other", "ja"),
    ]


def test_sqlite_export_with_its_own_codes(tmp_path, read):
    path = tmp_path / "made.db"
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT, type INTEGER, popularity INTEGER)"
        )
        connection.executemany(
            "INSERT INTO tag (name, type, popularity) VALUES (?, ?, ?)",
            [("1girl", 0, 9), ("miku", 2, 8), ("vocaloid", 3, 7), ("highres", 4, 6), ("x", 99, 1)],
        )
        connection.execute("INSERT INTO tag VALUES (6, CAST(x'ff00' AS TEXT), 0, 1)")
    connection.close()
    title, claims, problems = read("danbooru2023.db", path.read_bytes())
    assert title == "kblueleaf (sqlite)"
    assert [(claim.name, claim.code) for claim in claims] == [
        ("1girl", 0),
        ("miku", 4),
        ("vocaloid", 3),
        ("highres", 5),
    ]
    assert [problem.split(":")[0] for problem in problems] == ["line 5", "line 6"]


def test_another_sqlite_file_is_refused(tmp_path, read):
    path = tmp_path / "made.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE other (id INTEGER)")
    connection.close()
    with pytest.raises(VocabularyError, match="without the table tag"):
        read("other.db", path.read_bytes())


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("empty.csv", b"", "empty"),
        ("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "not a tag file|not text"),
        ("words.txt", b"just some words\nwithout any form\n", "not a tag file"),
        ("archive.zip", b"PK\x03\x04rest", "ZIP"),
        ("cut.csv.gz", gzip.compress(b"1girl,0,5,\n" * 500, mtime=0)[:-20], "gzip"),
        ("list.json", b"[1, 2, 3]", "not a tag file"),
        ("table.json", b'{"version": 1}', "not a tag file"),
    ],
)
def test_what_is_no_tag_file_is_refused_with_what_is_known(read, name, data, message):
    with pytest.raises(VocabularyError, match=message):
        read(name, data)


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(VocabularyError, match="cannot be read"):
        detect_format(tmp_path)
    with pytest.raises(VocabularyError, match="cannot be read"):
        detect_format(tmp_path / "missing.csv")
