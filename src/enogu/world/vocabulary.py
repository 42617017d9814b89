"""The words of the drawn world: every axis, its values, their tags in two languages, how common.

An axis is one question about a character ("which hair colour?") with one answer at a time. Each
answer is one row here: the Danbooru tag that says it, the Japanese word, what the tag implies, and
how often it comes up in random pictures. A new value is one row here, and one drawing in `parts`.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One answer on an axis."""

    value: str
    """Its short name inside the program."""
    tag: str
    """The Danbooru tag; empty when saying nothing is how one says it."""
    japanese: str
    weight: float = 1.0
    """How often it comes up in random pictures, beside the other answers."""
    implies: tuple[str, ...] = ()
    """Tags that follow from the tag, as Danbooru's implications do."""
    coloured: bool = False
    """The tag may carry a clothes colour: "red hoodie"."""


COLOUR_WORDS: dict[str, str] = {
    "black": "黒",
    "brown": "茶",
    "blonde": "金",
    "red": "赤",
    "blue": "青",
    "green": "緑",
    "pink": "ピンク",
    "purple": "紫",
    "white": "白",
    "orange": "オレンジ",
    "grey": "灰色",
    "aqua": "水色",
    "yellow": "黄",
}
"""Colour names with their Japanese word, as it stands before 髪 or の目."""

_HAIR = (
    "black",
    "brown",
    "blonde",
    "red",
    "blue",
    "green",
    "pink",
    "purple",
    "white",
    "orange",
    "grey",
    "aqua",
)
_EYES = ("blue", "green", "red", "brown", "purple", "yellow", "pink", "aqua")
_CLOTHES = ("white", "black", "red", "blue", "green", "yellow", "pink", "purple")
PLAIN_BACKGROUNDS: tuple[str, ...] = ("white", "blue", "pink", "yellow", "green", "grey", "purple")
"""Backgrounds of one colour."""

ROWS: dict[str, tuple[Row, ...]] = {
    "kind": (
        Row("1girl", "1girl", "女の子", 2.0),
        Row("1boy", "1boy", "男の子"),
    ),
    "hair_colour": tuple(Row(c, f"{c} hair", f"{COLOUR_WORDS[c]}髪") for c in _HAIR),
    "hair_style": (
        Row("short", "short hair", "ショートヘア"),
        Row("bob", "bob cut", "ボブカット"),
        Row("long", "long hair", "ロングヘア"),
        Row("wavy", "wavy hair", "ウェーブヘア"),
        Row("hime cut", "hime cut", "姫カット"),
        Row("spiked", "spiked hair", "ツンツンヘア"),
        Row("twintails", "twintails", "ツインテール"),
        Row("ponytail", "ponytail", "ポニーテール"),
        Row("side ponytail", "side ponytail", "サイドテール"),
        Row("double bun", "double bun", "お団子ヘア", implies=("hair bun",)),
        Row("single braid", "single braid", "一本三つ編み", implies=("braid",)),
        Row("twin braids", "twin braids", "おさげ三つ編み", implies=("braid",)),
        Row("drill", "drill hair", "縦ロール"),
    ),
    "ahoge": (
        Row("no", "", "アホ毛なし", 4.0),
        Row("yes", "ahoge", "アホ毛"),
    ),
    "eye_colour": tuple(
        Row(c, f"{c} eyes", f"{COLOUR_WORDS[c]}{'い' if c in ('red', 'blue') else 'の'}目")
        for c in _EYES
    ),
    "eyes": (
        Row("open", "", "開いた目", 8.0),
        Row("closed", "closed eyes", "閉じた目"),
        Row("wink", "one eye closed", "ウインク"),
    ),
    "mouth": (
        Row("neutral", "", "普通の口", 1.5),
        Row("smile", "smile", "笑顔", 1.5),
        Row("open", "open mouth", "開いた口", 1.5),
        Row("frown", "frown", "への字口"),
        Row("grin", "grin", "歯を見せた笑い"),
        Row("wavy", "wavy mouth", "波線口"),
    ),
    "blush": (
        Row("no", "", "頬染めなし", 2.0),
        Row("yes", "blush", "頬染め"),
    ),
    "tears": (
        Row("no", "", "涙なし", 9.0),
        Row("yes", "tears", "涙"),
    ),
    "headwear": (
        Row("none", "", "かぶり物なし", 3.0),
        Row("witch hat", "witch hat", "魔女帽", implies=("hat",)),
        Row("beret", "beret", "ベレー帽", implies=("hat",)),
        Row("straw hat", "straw hat", "麦わら帽子", implies=("hat",)),
        Row("beanie", "beanie", "ニット帽", implies=("hat",)),
        Row("crown", "crown", "王冠"),
        Row("cat ears", "cat ears", "猫耳", implies=("animal ears",)),
        Row("rabbit ears", "rabbit ears", "うさ耳", implies=("animal ears",)),
        Row("bow", "hair bow", "髪リボン", implies=("hair ornament",)),
        Row("hair flower", "hair flower", "髪飾りの花", implies=("hair ornament", "flower")),
        Row("hairband", "hairband", "カチューシャ"),
        Row("headphones", "headphones", "ヘッドホン"),
    ),
    "glasses": (
        Row("no", "", "眼鏡なし", 8.0),
        Row("yes", "glasses", "眼鏡"),
        Row("sunglasses", "sunglasses", "サングラス", 0.6),
    ),
    "clothes": (
        Row("shirt", "shirt", "シャツ", coloured=True),
        Row("serafuku", "serafuku", "セーラー服", implies=("school uniform",)),
        Row("hoodie", "hoodie", "パーカー", coloured=True),
        Row("dress", "dress", "ワンピース", coloured=True),
        Row("kimono", "kimono", "着物", implies=("japanese clothes",), coloured=True),
        Row("sweater", "sweater", "セーター", coloured=True),
        Row("jacket", "jacket", "ジャケット", coloured=True),
        Row("overalls", "overalls", "オーバーオール", coloured=True),
        Row("maid", "maid", "メイド"),
        Row("cape", "cape", "ケープ", coloured=True),
        Row("apron", "apron", "エプロン", coloured=True),
        Row("vest", "vest", "ベスト", coloured=True),
        Row("armor", "armor", "鎧"),
    ),
    "clothes_colour": tuple(Row(c, "", f"{COLOUR_WORDS[c]}い服") for c in _CLOTHES),
    "arms": (
        Row("at sides", "", "腕を下ろす", 3.0),
        Row("waving", "waving", "手を振る"),
        Row("hand on hip", "hand on own hip", "腰に手"),
        Row("arms up", "arms up", "両手を上げる", 0.7),
        Row("outstretched", "outstretched arms", "両手を広げる", 0.7),
    ),
    "prop": (
        Row("none", "", "持ち物なし", 7.0),
        Row("book", "book", "本"),
        Row("bouquet", "bouquet", "花束", implies=("flower",)),
        Row("balloon", "balloon", "風船"),
        Row("umbrella", "umbrella", "傘"),
        Row("sword", "sword", "剣", implies=("weapon",)),
        Row("cup", "cup", "カップ"),
        Row("teddy bear", "teddy bear", "テディベア", implies=("stuffed toy",)),
        Row("microphone", "microphone", "マイク"),
        Row("lollipop", "lollipop", "ペロペロキャンディ", implies=("candy",)),
        Row("wand", "wand", "魔法の杖"),
    ),
    "framing": (
        Row("upper body", "upper body", "上半身", 2.0),
        Row("portrait", "portrait", "顔"),
        Row("full body", "full body", "全身", 2.0),
    ),
    "background": (
        *(
            Row(c, f"{c} background", f"{COLOUR_WORDS[c]}背景", implies=("simple background",))
            for c in PLAIN_BACKGROUNDS
        ),
        Row("polka dot", "polka dot background", "水玉背景"),
        Row("striped", "striped background", "縞模様の背景"),
        Row("night sky", "night sky", "夜空", implies=("sky", "night", "outdoors")),
        Row("grass", "grass", "草原", implies=("outdoors",)),
        Row("beach", "beach", "砂浜", implies=("outdoors",)),
        Row("city", "city", "街", implies=("outdoors",)),
        Row("snow", "snow", "雪", implies=("outdoors",)),
        Row("forest", "forest", "森", implies=("outdoors",)),
        Row("cherry blossoms", "cherry blossoms", "桜", implies=("outdoors",)),
        Row("classroom", "classroom", "教室", implies=("indoors",)),
    ),
    "time": (
        Row("day", "day", "昼", 2.0),
        Row("sunset", "sunset", "夕焼け"),
        Row("night", "night", "夜"),
    ),
    "style": (
        Row("none", "", "普通の塗り", 16.0),
        Row("flat color", "flat color", "フラット塗り"),
        Row("sketch", "sketch", "スケッチ"),
        Row("monochrome", "monochrome", "モノクロ"),
        Row("pixel art", "pixel art", "ドット絵"),
    ),
}
"""Every axis with its answers, most common or plainest first."""

SILENT_AXES: tuple[str, ...] = (
    *("kind", "ahoge", "eyes", "mouth", "blush", "tears", "headwear", "glasses", "arms", "prop"),
    *("framing", "time", "style"),
)
"""Axes where a missing tag is itself an answer, the first row: nobody tags the hat not there."""

HATS: frozenset[str] = frozenset({"witch hat", "beret", "straw hat", "beanie"})
SKY_SCENES: frozenset[str] = frozenset(
    {"grass", "beach", "city", "snow", "forest", "cherry blossoms", "classroom"}
)
"""Backgrounds that show the time of day; the night sky has only one."""

GENERAL_JAPANESE: dict[str, str] = {
    "solo": "一人",
    "hair bun": "お団子",
    "braid": "三つ編み",
    "hat": "帽子",
    "animal ears": "獣耳",
    "hair ornament": "髪飾り",
    "flower": "花",
    "school uniform": "学生服",
    "japanese clothes": "和服",
    "weapon": "武器",
    "stuffed toy": "ぬいぐるみ",
    "candy": "飴",
    "simple background": "シンプル背景",
    "sky": "空",
    "outdoors": "屋外",
    "indoors": "屋内",
}
"""Japanese names of tags that answer no axis by themselves."""
