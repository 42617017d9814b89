"""A person who knows no tags types an everyday word, and the tag is among the first ten hits.

The ideas are what a person would type, in hiragana, katakana, kanji and whole phrases, not what
the search is known to answer. A failure is mended in the words or in the search, not here.
"""

import pytest

from enogu.tags.search import TagSearch
from enogu.tags.vocabulary import Vocabulary
from enogu.tags.vocabulary.embedded_words import read_embedded_rows
from enogu.world.axes import JAPANESE

JAPANESE_IDEAS = (
    ("泣いている", "crying"),
    ("めがね", "glasses"),
    ("はだし", "barefoot"),
    ("後ろ姿", "from_behind"),
    ("雨の日", "rain"),
    ("手を振る", "waving"),
    ("ねこみみ", "cat_ears"),
    ("セーラー服", "serafuku"),
    ("夕焼け", "sunset"),
    ("さくら", "cherry_blossoms"),
    ("えがお", "smile"),
    ("怒ってる", "angry"),
    ("照れてる", "blush"),
    ("ツインテール", "twintails"),
    ("おかっぱ", "bob_cut"),
    ("金髪", "blonde_hair"),
    ("浴衣", "yukata"),
    ("ピース", "v"),
    ("寝ている", "sleeping"),
    ("よこがお", "profile"),
    ("見上げる", "looking_up"),
    ("教室", "classroom"),
    ("手をつなぐ", "holding_hands"),
    ("おひめさまだっこ", "princess_carry"),
    ("ぬいぐるみを抱く", "hugging_doll"),
    ("風になびく髪", "floating_hair"),
    ("逆光", "backlighting"),
    ("目を閉じる", "closed_eyes"),
    ("ほおづえ", "head_rest"),
    ("本を読む", "reading"),
    ("白黒", "greyscale"),
    ("カメラ目線", "looking_at_viewer"),
    ("びしょぬれ", "wet"),
    ("ぱっつん", "blunt_bangs"),
    ("体育座り", "hugging_own_legs"),
    ("リュック", "backpack"),
    ("ふわふわの髪", "wavy_hair"),
    ("ぼやけた背景", "blurry_background"),
    ("ドット絵", "pixel_art"),
    ("おなかすいた", "hungry"),
    ("うでぐみ", "crossed_arms"),
    ("ひざまくら", "lap_pillow"),
    ("あくび", "yawning"),
    ("ねぐせ", "messy_hair"),
    ("どや顔", "smug"),
    ("てるてるぼうず", "teruterubouzu"),
    ("満員電車", "train_interior"),
    ("夕立", "rain"),
    ("糸目", "narrowed_eyes"),
    ("桜吹雪", "falling_petals"),
    ("朝焼け", "sunrise"),
    ("だぼだぼの服", "oversized_clothes"),
    ("二日酔い", "drunk"),
    ("徹夜", "tired"),
    ("犬の散歩", "leash"),
    ("上目遣い", "upturned_eyes"),
    ("傘をさす", "holding_umbrella"),
    ("入道雲", "cumulonimbus_cloud"),
    ("色違いの靴下", "mismatched_legwear"),
    ("ひじをつく", "head_rest"),
)

ENGLISH_IDEAS = (
    ("crying", "tears"),
    ("no shoes", "barefoot"),
    ("from the back", "from_behind"),
    ("pigtails", "twintails"),
    ("winking", "one_eye_closed"),
    ("school uniform", "school_uniform"),
    ("bunny ears", "rabbit_ears"),
    ("cherry tree", "cherry_blossoms"),
    ("black and white", "greyscale"),
    ("head shot", "portrait"),
    ("rainy day", "rain"),
    ("bike", "bicycle"),
    ("blurred background", "blurry_background"),
    ("red cheeks", "blush"),
    ("smiling", "smile"),
    ("holding an umbrella", "holding_umbrella"),
    ("plain background", "simple_background"),
    ("soft toy", "stuffed_toy"),
    ("reading a book", "reading"),
    ("looking back over the shoulder", "looking_back"),
    ("thumbs up", "thumbs_up"),
    ("sofa", "couch"),
    ("mobile phone", "cellphone"),
    ("hoodie", "hoodie"),
    ("cat girl", "cat_girl"),
    ("starry night", "starry_sky"),
    ("eyes shut", "closed_eyes"),
    ("sticking tongue out", "tongue_out"),
    ("hands in pockets", "hands_in_pockets"),
    ("birthday cake", "birthday_cake"),
    ("fall leaves", "autumn_leaves"),
    ("shouting", "shouting"),
    ("manga", "comic"),
    ("fluffy hair", "wavy_hair"),
    ("scared", "scared"),
)


@pytest.fixture(scope="module")
def search(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        # The embedded words only, whatever the person who runs the tests has imported.
        patch.setenv("ENOGU_DATA_DIR", str(tmp_path_factory.getbasetemp() / "vocabulary"))
        with Vocabulary.open() as vocabulary:
            yield TagSearch(vocabulary)


def first_ten(search, text):
    return [hit.name for hit in search.search(text, limit=10)]


@pytest.mark.parametrize(("idea", "tag"), JAPANESE_IDEAS + ENGLISH_IDEAS)
def test_an_everyday_idea_finds_its_tag_among_the_first_ten(search, idea, tag):
    assert tag in first_ten(search, idea)


def test_the_japanese_words_of_the_drawn_world_find_their_tags(search):
    missed = {
        name: tag
        for tag, name in JAPANESE.items()
        if tag.replace(" ", "_") not in first_ten(search, name)
    }
    assert missed == {}


def test_names_and_readings_of_embedded_tags_find_them(search):
    sample = list(read_embedded_rows())[::9]  # All of them take a quarter of a minute.
    missed = [
        f"{row.place}: {text}"
        for row in sample
        for text in {*row.ja, *row.readings, *row.aliases}
        if row.tag not in first_ten(search, text)
    ]
    assert missed == []


def test_the_list_holds_thirty_ideas_in_each_language():
    for ideas in (JAPANESE_IDEAS, ENGLISH_IDEAS):
        assert len({idea for idea, _ in ideas}) >= 30
