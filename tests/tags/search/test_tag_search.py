import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tags.search.conftest import names, write_vocabulary

from enogu.errors import VocabularyError
from enogu.tags.search import TagSearch, Tier
from enogu.tags.search.hit import Hit
from enogu.tags.vocabulary import Vocabulary
from enogu.tags.vocabulary.opening import open_file

TAGS = (
    ("1girl", 5_000_000, {"ja": ["女の子"], "readings": ["おんなのこ"]}),
    ("long_hair", 3_000_000, {"ja": ["長髪", "長い髪"], "readings": ["ちょうはつ", "ながいかみ"]}),
    (
        "blonde_hair",
        1_000_000,
        {"ja": ["金髪"], "readings": ["きんぱつ"], "aliases": ["yellow_hair"]},
    ),
    ("animal_ears", 900_000, {"ja": ["獣耳"], "readings": ["けものみみ"]}),
    ("shirt", 800_000, {"ja": ["シャツ"]}),
    ("cat_ears", 300_000, {"ja": ["猫耳"], "readings": ["ねこみみ"], "aliases": ["nekomimi"]}),
    ("hair_ornament", 700_000, {}),
    ("hairband", 400_000, {"ja": ["カチューシャ", "猫耳カチューシャ"]}),
    ("white_shirt", 300_000, {}),
    ("tears", 200_000, {"en": "Drops running from the eyes of somebody crying"}),
    ("barefoot", 150_000, {"ja": ["裸足"], "readings": ["はだし"], "en": "Feet without shoes"}),
    ("detached_collar", 60_000, {"ja": ["付け襟"]}),
    ("serafuku", 250_000, {"ja": ["セーラー服"], "readings": ["せーらーふく"]}),
    ("parallel_speed_lines", 500, {}),
    ("hatsune_miku", 100_000, {"category": "character", "ja": ["初音ミク"]}),
    (":d", 350_000, {"ja": ["笑顔の口"]}),
    ("white", 40, {}),
    ("chiaroscuro", 1000, {}),
    ("nude_beach", 30_000, {"rating": "questionable"}),
)


@pytest.fixture
def search(make_search):
    return make_search(*TAGS)


def first(search, text, **options):
    hits = search.search(text, **options)
    return hits[0].name if hits else None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cat ears", "cat_ears"),
        ("CAT_EARS", "cat_ears"),
        ("ｃａｔ　ｅａｒｓ", "cat_ears"),
        ("catears", "cat_ears"),
        ("cat_e", "cat_ears"),
        ("ears cat", "cat_ears"),
        ("ea ca", "cat_ears"),
        ("猫耳", "cat_ears"),
        ("ねこみみ", "cat_ears"),
        ("ネコミミ", "cat_ears"),
        ("ﾈｺﾐﾐ", "cat_ears"),
        ("nekomimi", "cat_ears"),
        ("ねこm", "cat_ears"),
        ("yellow hair", "blonde_hair"),
        ("choohatsu", "long_hair"),
        ("tyouhatu", "long_hair"),
        ("髪 長い", "long_hair"),
        ("いかみ", "long_hair"),
        ("lh", "long_hair"),
        ("eed lin", "parallel_speed_lines"),
        ("detco", "detached_collar"),
        ("はつねみく", "hatsune_miku"),
        ("hatune", "hatsune_miku"),
        ("miku hatsune", "hatsune_miku"),
        ("seeraafuku", "serafuku"),
        (":d", ":d"),
        ("crying", "tears"),
        ("no shoes", "barefoot"),
        ("blnode hair", "blonde_hair"),
        ("blond hiar", "blonde_hair"),
        ("dteached", "detached_collar"),
        ("nekomini", "cat_ears"),
        ("ねこみに", "cat_ears"),
        ("p*lines", "parallel_speed_lines"),
        ("*mimi", "cat_ears"),
        (r"1girl\\", "1girl"),
    ],
)
def test_every_spelling_finds_its_tag_first(search, text, name):
    assert first(search, text) == name


def test_a_name_that_is_the_query_stands_above_one_that_contains_it(search):
    assert names(search.search("猫耳"))[:2] == ["cat_ears", "hairband"]


def test_a_tiny_exact_tag_does_not_float_over_big_ones_but_is_found(search):
    assert names(search.search("white")) == ["white_shirt", "white"]
    assert names(search.search("white", limit=1)) == ["white"]


def test_an_exact_tag_with_posts_stands_first(search):
    assert names(search.search("shirt"))[0] == "shirt"


def test_hits_say_how_they_were_found(search):
    hit = search.search("ねこみみ")[0]
    assert hit == Hit(
        name="cat_ears",
        spoken="cat ears",
        tier="exact",
        score=hit.score,
        matched="nekomimi",
        count=300_000,
        category="general",
        japanese="猫耳",
    )
    assert hit.to_dict()["marks"] == ()
    assert search.search("yellow h")[0].matched == "yellow_hair"


def test_only_general_tags_show_unless_asked(search):
    assert first(search, "nude beach") is None
    assert first(search, "nude beach", ratings=("general", "questionable")) == "nude_beach"


def test_chance_hits_inside_words_do_not_hide_a_typing_error(make_search):
    hits = make_search(*TAGS, ("hair", 900_000, {})).search("hiar")
    assert [(hit.name, hit.tier) for hit in hits[:2]] == [
        ("chiaroscuro", "infix"),
        ("hair", "typo"),
    ]


@pytest.mark.parametrize("text", ["ligth swrod", "sowrd light", "lihgt swor"])
def test_misspelt_words_of_different_names_are_put_right_one_by_one(make_search, text):
    tags = [
        ("glowing_blade", 900, {"en": "A sword of light"}),
        ("swordfish", 800, {}),
        ("light_rays", 700, {}),
    ]
    assert [hit.name for hit in make_search(*tags).search(text)] == ["glowing_blade"]


def test_words_that_nobody_can_mean_find_nothing(make_search):
    assert make_search(("light_rays", 700, {}), ("sword", 5, {})).search("xqzw vvvkk") == []


def test_words_of_a_query_need_words_of_their_own(make_search):
    search = make_search(("red_hair", 100, {}), ("red_big_red_rose", 10, {}))
    assert names(search.search("re red")) == ["red_big_red_rose"]


def test_letters_that_wait_for_their_kana_are_left_out_after_kanji(search):
    assert set(names(search.search("猫m"))) == {"cat_ears", "hairband"}


def test_what_stands_in_the_prompt_is_marked(make_search):
    search = make_search(
        *TAGS,
        ("cat_girl", 90_000, {}),
        ("short_hair", 2_000_000, {}),
        implies=[("cat_ears", "animal_ears")],
        excludes=[("hair_length", "long_hair"), ("hair_length", "short_hair")],
    )
    prompt = ("cat ears", "long hair", "no such tag")
    marks = {
        hit.name: hit.marks
        for text in ("cat", "animal ears", "short hair", "shirt")
        for hit in search.search(text, in_prompt=prompt)
    }
    assert marks["cat_ears"] == ("present",)
    assert marks["animal_ears"] == ("implied",)
    assert marks["short_hair"] == ("excluded",)
    assert marks["cat_girl"] == marks["shirt"] == ()


def test_deprecated_tags_stand_below_their_heirs(make_search):
    search = make_search(
        ("old_name", 5000, {"deprecated": True}),
        ("better_name", 50, {}),
        ("old_nameplate", 20, {}),
        heirs=[("old_name", "better_name")],
    )
    hits = search.search("old_name")
    assert names(hits) == ["better_name", "old_name", "old_nameplate"]
    assert hits[0].matched == "old_name"
    assert hits[1].marks == ("deprecated",)
    assert hits[1].heirs == ("better_name",)


MANY = tuple(
    (f"blue_{sign * 3}", 10_000 + place, {}) for place, sign in enumerate("abcdefghijklmnop")
)
RARE = ("blue_zebra", 20, {})


def test_what_belongs_to_the_prompt_rises_even_from_far_below(make_search):
    search = make_search(
        *MANY,
        RARE,
        ("zoo", 900, {}),
        ("1girl", 1_000_000, {}),
        pairs=[("zoo", "blue_zebra", 20)],
    )
    assert "blue_zebra" not in names(search.search("blue"))
    gained = search.search("blue", in_prompt=("zoo",))
    assert "blue_zebra" not in names(gained)
    assert "blue_zebra" in names(search.search("blue", in_prompt=("zoo",), limit=17))


def use(search, path, name, number, days_ago, now=1_800_000_000.0):
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(
        "INSERT OR REPLACE INTO usage VALUES (?, 'tag', ?, 0, ?)",
        (name, number, now - days_ago * 86_400),
    )
    connection.close()
    search._own_use._clock = lambda: now


def test_own_use_lifts_a_tag_and_fades(make_search, tmp_path):
    search = make_search(*MANY, RARE)
    use(search, tmp_path / "tags0.db", "blue_zebra", 100, days_ago=0)
    assert first(search, "blue") == "blue_zebra"
    use(search, tmp_path / "tags0.db", "blue_zebra", 100, days_ago=300)
    assert "blue_zebra" not in names(search.search("blue"))


def test_a_used_tag_is_found_however_rare_it_is(make_search, tmp_path):
    many = [(f"blue_{number:04d}x", 10_000, {}) for number in range(300)]
    search = make_search(*many, RARE)
    assert "blue_zebra" not in names(search.search("blue", limit=50))
    use(search, tmp_path / "tags0.db", "blue_zebra", 300, days_ago=0)
    assert first(search, "blue") == "blue_zebra"


def test_a_full_list_keeps_places_for_meaning(make_search):
    rain = [(f"rain_{sign}ow", 1000, {}) for sign in "abcdefghijkl"]
    search = make_search(*rain, ("umbrella", 500, {"en": "A thing that keeps rain away"}))
    hits = search.search("rain")
    assert len(hits) == 10
    assert [(hit.name, hit.tier) for hit in hits[-1:]] == [("umbrella", "meaning")]


def test_nearest_gives_whole_names(search):
    assert search.nearest("blonde_hiar") == ["blonde_hair"]
    assert search.nearest("cat_ears")[0] == "cat_ears"
    assert search.nearest("qqqqqqqqq") == []


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(search, limit):
    with pytest.raises(VocabularyError, match=str(limit)):
        search.search("cat", limit=limit)


def test_an_unknown_rating_is_refused(search):
    with pytest.raises(VocabularyError, match="'safe'"):
        search.search("cat", ratings=("safe",))


def test_a_vocabulary_without_index_is_refused(tmp_path):
    write_vocabulary(tmp_path / "tags.db", TAGS, index=False)
    with (
        Vocabulary(open_file(tmp_path / "tags.db"), tmp_path / "tags.db") as vocabulary,
        pytest.raises(VocabularyError, match="search index"),
    ):
        TagSearch(vocabulary)


def test_an_empty_vocabulary_finds_nothing(make_search):
    search = make_search()
    assert search.search("cat") == search.search("猫") == search.search("c*t") == []


@pytest.fixture(scope="module")
def shared_search(tmp_path_factory):
    path = tmp_path_factory.mktemp("shared") / "tags.db"
    write_vocabulary(path, TAGS)
    with Vocabulary(open_file(path), path) as vocabulary:
        yield TagSearch(vocabulary)


ODD = st.text(max_size=40) | st.text(
    "ねこみm猫耳*_ -:^()\\'’ａＡé\u0301\u200d\U0001f600가1", max_size=30
)


@given(ODD)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_answered_and_twice_alike(shared_search, text):
    hits = shared_search.search(text)
    assert hits == shared_search.search(text)
    assert len({hit.name for hit in hits}) == len(hits) <= 10


@given(st.sampled_from([tag[0] for tag in TAGS if tag[0] != "nude_beach"]), st.data())
@settings(deadline=None)
def test_typing_errors_never_outrank_other_hits(shared_search, name, data):
    cut = data.draw(st.integers(1, len(name)))
    tiers = [Tier[hit.tier.upper()] for hit in shared_search.search(name[:cut])]
    typos = [place for place, tier in enumerate(tiers) if tier is Tier.TYPO]
    assert typos == list(range(len(tiers) - len(typos), len(tiers)))
    assert name in names(shared_search.search(name))


@pytest.mark.parametrize(
    "text",
    [
        *(
            sign * 10_000
            for sign in ("a", "あ", "a ", "*", "a*", "𠮷", "e\u0301", "(", "\U0001f642")
        ),
        *("\x00", "\ud800", "\uffff"),
    ],
)
def test_long_and_odd_texts_are_answered(shared_search, text):
    assert isinstance(shared_search.search(text), list)
