"""A made-up vocabulary of any size for `tag_search.py`: the shape of a real one, none of its names.

Counts follow Zipf's law. General tags are built from words with Japanese names and readings, so
that kana and romaji can be tried; characters, artists and series are made of syllables. The same
seed gives the same vocabulary.
"""

import csv
import random
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from enogu.tags.search import build_index
from enogu.tags.vocabulary.schema import (
    SCHEMA_VERSION,
    VOCABULARY_INDEXES,
    VOCABULARY_TABLES,
)

# English, Japanese, reading.
WORDS_BEFORE = """
red 赤い あかい|blue 青い あおい|green 緑の みどりの|yellow 黄色い きいろい|white 白い しろい
black 黒い くろい|pink 桃色の ももいろの|purple 紫の むらさきの|brown 茶色い ちゃいろい
silver 銀の ぎんの|golden 金の きんの|orange 橙の だいだいの|grey 灰色の はいいろの
long 長い ながい|short 短い みじかい|large 大きい おおきい|small 小さい ちいさい
striped 縞 しま|plaid 格子 こうし|floral 花柄 はながら|torn 破れた やぶれた|wet 濡れた ぬれた
broken 壊れた こわれた|shiny 光る ひかる|folded 畳んだ たたんだ|tied 結んだ むすんだ
open 開いた ひらいた|closed 閉じた とじた|detached 付け つけ|double 二重 にじゅう
single 片 かた|holding 持つ もつ|wooden 木の きの|metal 金属 きんぞく|glass 硝子 がらす
paper 紙 かみ|leather 革 かわ|frilled 飾り かざり|layered 重ね かさね|transparent 透明 とうめい
floating 浮いた ういた|burning 燃える もえる|frozen 凍った こおった|winged 羽 はね
horned 角 つの|cat 猫 ねこ|dog 犬 いぬ|rabbit 兎 うさぎ|fox 狐 きつね|bear 熊 くま|wolf 狼 おおかみ
bird 鳥 とり|fish 魚 さかな|dragon 竜 りゅう|star 星 ほし|moon 月 つき|sun 太陽 たいよう
snow 雪 ゆき|rain 雨 あめ|flower 花 はな|leaf 葉 は|cherry 桜 さくら|autumn 秋 あき|summer 夏 なつ
winter 冬 ふゆ|spring 春 はる|night 夜 よる|morning 朝 あさ|school 学校 がっこう
traditional 伝統 でんとう|military 軍 ぐん|sailor 水兵 すいへい|magical 魔法 まほう
mechanical 機械 きかい|ancient 古い ふるい|modern 新しい あたらしい|thick 太い ふとい
thin 細い ほそい|curly 巻 まき|straight 直 ちょく|messy 乱れ みだれ|braided 編み あみ
loose 緩い ゆるい|tight きつい きつい|asymmetrical 左右非対称の さゆうひたいしょうの
gradient 段階 だんかい|heart ハート はーと|polka 水玉 みずたま|checkered 市松 いちまつ
"""
WORDS_AFTER = """
hair 髪 かみ|eyes 目 め|ears 耳 みみ|tail 尻尾 しっぽ|wings 翼 つばさ|horns 角 つの|hand 手 て
fingers 指 ゆび|legs 脚 あし|feet 足 あし|mouth 口 くち|teeth 歯 は|tongue 舌 した|cheeks 頬 ほお
nose 鼻 はな|eyebrows 眉 まゆ|eyelashes 睫毛 まつげ|skin 肌 はだ|dress ドレス どれす
shirt シャツ しゃつ|skirt スカート すかーと|pants ズボン ずぼん|shorts 短パン たんぱん
jacket ジャケット じゃけっと|coat コート こーと|sweater セーター せーたー|vest ベスト べすと
kimono 着物 きもの|yukata 浴衣 ゆかた|uniform 制服 せいふく|apron エプロン えぷろん
hat 帽子 ぼうし|cap キャップ きゃっぷ|hood フード ふーど|crown 冠 かんむり|ribbon リボン りぼん
bow 蝶結び ちょうむすび|hairband ヘアバンド へあばんど|hairclip 髪留め かみどめ
scarf マフラー まふらー
collar 襟 えり|necktie ネクタイ ねくたい|gloves 手袋 てぶくろ|socks 靴下 くつした
thighhighs 長靴下 ながくつした|shoes 靴 くつ|boots 長靴 ながぐつ|sandals 草履 ぞうり|belt 帯 おび
buttons ボタン ぼたん|sleeves 袖 そで|pocket ポケット ぽけっと|bag 鞄 かばん
backpack 背負鞄 せおいかばん
umbrella 傘 かさ|sword 剣 けん|bow_weapon 弓 ゆみ|spear 槍 やり|shield 盾 たて|staff 杖 つえ
book 本 ほん|pen ペン ぺん|cup 湯呑 ゆのみ|plate 皿 さら|chair 椅子 いす|table 机 つくえ
bed 寝台 しんだい
window 窓 まど|door 扉 とびら|curtains カーテン かーてん|lamp 灯り あかり|lantern 提灯 ちょうちん
tree 木 き|forest 森 もり|mountain 山 やま|river 川 かわ|sea 海 うみ|beach 浜 はま|sky 空 そら
cloud 雲 くも|field 野原 のはら|garden 庭 にわ|street 道 みち|bridge 橋 はし|building 建物 たてもの
house 家 いえ|castle 城 しろ|shrine 神社 じんじゃ|room 部屋 へや|kitchen 台所 だいどころ
train 電車 でんしゃ|bicycle 自転車 じてんしゃ|boat 舟 ふね|piano ピアノ ぴあの|guitar ギター ぎたー
drum 太鼓 たいこ|flute 笛 ふえ|cake ケーキ けーき|bread パン ぱん|rice 米 こめ|fruit 果物 くだもの
tea 茶 ちゃ|candy 飴 あめ|ice 氷 こおり|ball 玉 たま|doll 人形 にんぎょう|mask 面 めん|bell 鈴 すず
feather 羽根 はね|petals 花弁 かべん|background 背景 はいけい|outline 輪郭 りんかく|pose 姿勢 しせい
smile 笑顔 えがお|frown 渋面 じゅうめん|tears 涙 なみだ|blush 赤面 せきめん
stockings 靴下長 くつしたなが
"""
FAMILIES = """
tanaka 田中 たなか|suzuki 鈴木 すずき|takahashi 高橋 たかはし|watanabe 渡辺 わたなべ
itou 伊藤 いとう
yamamoto 山本 やまもと|nakamura 中村 なかむら|kobayashi 小林 こばやし|katou 加藤 かとう
yoshida 吉田 よしだ|yamada 山田 やまだ|sasaki 佐々木 ささき|matsumoto 松本 まつもと
inoue 井上 いのうえ|kimura 木村 きむら|hayashi 林 はやし|shimizu 清水 しみず|saitou 斎藤 さいとう
mori 森 もり|abe 阿部 あべ|ikeda 池田 いけだ|hashimoto 橋本 はしもと|ishikawa 石川 いしかわ
maeda 前田 まえだ|fujita 藤田 ふじた|ogawa 小川 おがわ|okada 岡田 おかだ|gotou 後藤 ごとう
hasegawa 長谷川 はせがわ|murakami 村上 むらかみ|kondou 近藤 こんどう|ishii 石井 いしい
sakamoto 坂本 さかもと|endou 遠藤 えんどう|aoki 青木 あおき|fujii 藤井 ふじい
nishimura 西村 にしむら
fukuda 福田 ふくだ|oota 太田 おおた|miura 三浦 みうら|okamoto 岡本 おかもと|matsuda 松田 まつだ
nakajima 中島 なかじま|harada 原田 はらだ|ono 小野 おの|tamura 田村 たむら|takeuchi 竹内 たけうち
kaneko 金子 かねこ|wada 和田 わだ|nakayama 中山 なかやま|ishida 石田 いしだ|ueda 上田 うえだ
"""
GIVEN = """
haruka 遥 はるか|misaki 美咲 みさき|yui 結衣 ゆい|sakura 桜 さくら|hina 陽菜 ひな|aoi 葵 あおい
rin 凛 りん|mio 澪 みお|akari 明里 あかり|kaede 楓 かえで|chihiro 千尋 ちひろ|shizuka 静香 しずか
tsubasa 翼 つばさ|chitose 千歳 ちとせ|fumika 文香 ふみか|jun 純 じゅん|shouko 翔子 しょうこ
kyouko 京子 きょうこ|yuuki 勇気 ゆうき|ryou 涼 りょう|shuu 秀 しゅう|tsukasa 司 つかさ
natsuki 夏樹 なつき|fuyumi 冬美 ふゆみ|makoto 誠 まこと|shiori 栞 しおり|chizuru 千鶴 ちづる
hotaru 蛍 ほたる|mizuki 瑞希 みずき|nagisa 渚 なぎさ|honoka 穂乃果 ほのか|kotori 小鳥 ことり
umi 海 うみ|maki 真姫 まき|nozomi 希 のぞみ|eri 絵里 えり|hanayo 花陽 はなよ|chika 千歌 ちか
riko 梨子 りこ|kanan 果南 かなん|mari 鞠 まり|yoshiko 善子 よしこ|hajime 一 はじめ|jirou 次郎 じろう
"""
BEGINNINGS = "b br c ch cl d dr f fl g gl h j k l m n p pl qu r s sh sl st t th tr v w z"
MIDDLES = "a ai e ea i o oo u ia io"
ENDINGS = "b ck d g l ll m n nd ng nt p r rk s st t x"
SYLLABLES = (
    "a i u e o ka ki ku ke ko sa shi su se so ta chi tsu te to na ni nu ne no ha hi fu he ho ma mi "
    "mu me mo ya yu yo ra ri ru re ro wa ga gi gu ge go za ji zu ze zo da de do ba bi bu be bo"
)
KATAKANA = (
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワ"
)

KINDS_OF_TAGS = (("general", 25), ("character", 30), ("artist", 33), ("copyright", 11), ("meta", 1))
CODES = {"general": 0, "artist": 1, "copyright": 3, "character": 4, "meta": 5}
MOST_POSTS = 5_000_000
FEWEST_POSTS = 30
EXPLAINED = 2000


def triples(text: str) -> list[tuple[str, str, str]]:
    parts = (part.split() for part in text.replace("\n", "|").split("|") if part.strip())
    return [(english, japanese, reading) for english, japanese, reading in parts]


@dataclass
class BenchmarkTag:
    name: str
    category: str
    posts: int = 0
    rating: int = 0
    japanese: list[tuple[str, str]] = field(default_factory=list)
    """Names with their readings; the reading is empty when only a person could tell it."""
    aliases: list[str] = field(default_factory=list)


class Maker:
    def __init__(self, seed: int = 7) -> None:
        self.random = random.Random(seed)
        self.beginnings, self.middles = BEGINNINGS.split(), MIDDLES.split()
        self.endings, self.syllables = ENDINGS.split(), SYLLABLES.split()
        self.before = triples(WORDS_BEFORE)
        self.after = triples(WORDS_AFTER)
        self.families = triples(FAMILIES)
        self.given = triples(GIVEN)
        self.series = [self.word() for _ in range(400)]

    def word(self) -> str:
        choose = self.random.choice
        parts = [
            choose(self.beginnings) + choose(self.middles) + choose(self.endings)
            for _ in range(self.random.choice((1, 1, 2, 2, 3)))
        ]
        return "".join(parts)

    def romaji(self, low: int, high: int) -> str:
        return "".join(self.random.choices(self.syllables, k=self.random.randint(low, high)))

    def general(self) -> BenchmarkTag:
        number = self.random.choice((1, 2, 2, 2, 2, 3, 3, 4))
        parts = [self.random.choice(self.before) for _ in range(number - 1)]
        parts.append(self.random.choice(self.after))
        words = [part[0] for part in parts]
        named = number < 4 and self.random.random() < 0.7
        if number > 2 and self.random.random() < 0.5:
            # Words outside the list, as most tags have; only a person could name them.
            words[self.random.randrange(number - 1)] = self.word()
            named = False
        tag = BenchmarkTag("_".join(words), "general")
        if named:
            tag.japanese.append(("".join(p[1] for p in parts), "".join(p[2] for p in parts)))
        if self.random.random() < 0.3:
            tag.aliases.append(
                self.random.choice(
                    (
                        tag.name + "s",
                        "_".join(reversed(words)),
                        "_".join([*words[:-1], self.word()]),
                    )
                )
            )
        return tag

    def character(self) -> BenchmarkTag:
        tag = BenchmarkTag("", "character")
        if self.random.random() < 0.5:
            family, given = self.random.choice(self.families), self.random.choice(self.given)
            tag.name = f"{family[0]}_{given[0]}"
            if self.random.random() < 0.5:
                tag.japanese.append((family[1] + given[1], ""))
        else:
            tag.name = self.word() if self.random.random() < 0.5 else self.romaji(2, 5)
            if self.random.random() < 0.4:
                length = self.random.randint(3, 7)
                tag.japanese.append(("".join(self.random.choices(KATAKANA, k=length)), ""))
        if self.random.random() < 0.75:
            tag.name += f"_({self.random.choice(self.series)})"
        if self.random.random() < 0.2:
            tag.aliases.append("_".join(reversed(tag.name.split("_(")[0].split("_"))))
        return tag

    def artist(self) -> BenchmarkTag:
        name = self.romaji(2, 5) if self.random.random() < 0.6 else self.word()
        if self.random.random() < 0.4:
            name += "_" + self.romaji(1, 3)
        if self.random.random() < 0.2:
            name += str(self.random.randint(0, 9999))
        tag = BenchmarkTag(name, "artist")
        if self.random.random() < 0.3:
            tag.aliases.append(self.romaji(3, 5))
        return tag

    def copyright(self) -> BenchmarkTag:
        words = [self.word() for _ in range(self.random.randint(1, 4))]
        tag = BenchmarkTag("_".join(words), "copyright")
        if self.random.random() < 0.4:
            tag.aliases.append("".join(word[0] for word in words) + str(self.random.randint(1, 99)))
        if self.random.random() < 0.3:
            length = self.random.randint(4, 9)
            tag.japanese.append(("".join(self.random.choices(KATAKANA, k=length)), ""))
        return tag

    def meta(self) -> BenchmarkTag:
        return BenchmarkTag(f"{self.word()}_{self.word()}_(medium)", "meta")

    def tags(self, number: int) -> Iterator[BenchmarkTag]:
        seen: set[str] = set()
        makers = [getattr(self, kind) for kind, _ in KINDS_OF_TAGS]
        weights = [weight for _, weight in KINDS_OF_TAGS]
        while len(seen) < number:
            tag = self.random.choices(makers, weights)[0]()
            for _ in range(20):
                if tag.name not in seen:
                    break
                tag.name = f"{tag.name}_{self.word()}"
                tag.japanese.clear()
            if tag.name not in seen:
                seen.add(tag.name)
                yield tag


def synthetic_tags(number: int, seed: int = 7) -> list[BenchmarkTag]:
    """Return made-up tags, most posts first."""
    tags = list(Maker(seed).tags(number))
    pick = random.Random(seed + 1)
    for rank, tag in enumerate(tags, start=1):
        tag.posts = max(FEWEST_POSTS, int(MOST_POSTS / rank**0.9))
        tag.rating = pick.choices((0, 1, 2, 3), (92, 4, 2, 2))[0]
    return tags


def csv_tags(path: Path) -> list[BenchmarkTag]:
    """Return the tags of a tagcomplete CSV (name, category, count, aliases), most posts first."""
    categories = {code: name for name, code in CODES.items()}
    tags: list[BenchmarkTag] = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.reader(file):
            if len(row) < 3 or not row[2].isdigit():
                continue
            names = row[3].split(",") if len(row) > 3 and row[3] else []
            tag = BenchmarkTag(row[0], categories.get(int(row[1]), "unknown"), int(row[2]))
            tag.japanese = [(name, "") for name in names if not name.isascii()]
            tag.aliases = [name for name in names if name.isascii() and not name.startswith("/")]
            tags.append(tag)
    return sorted({tag.name: tag for tag in tags}.values(), key=lambda tag: -tag.posts)


def write_vocabulary(path: Path, tags: list[BenchmarkTag]) -> None:
    """Write a vocabulary without its search index."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;" + VOCABULARY_TABLES)
    connection.execute("BEGIN")
    connection.execute("INSERT INTO meta VALUES ('schema', ?)", (str(SCHEMA_VERSION),))
    names = {tag.name for tag in tags}
    explained = 0
    for number, tag in enumerate(tags, start=1):
        english = japanese = ""
        if tag.category == "general" and explained < EXPLAINED:
            explained += 1
            english = f"Somebody has {tag.name.replace('_', ' ')} in the picture"
            japanese = f"絵の中に{tag.japanese[0][0]}がある" if tag.japanese else ""
        connection.execute(
            "INSERT INTO tags VALUES (?, ?, 'danbooru', ?, ?, ?, ?, ?, '', '', ?, ?, 1)",
            (
                number,
                tag.name,
                tag.category,
                CODES.get(tag.category, 0),
                tag.posts,
                tag.rating,
                int(number % 200 == 0),
                english,
                japanese,
            ),
        )
        forms = [(tag.name, "tag", "")]
        forms += [
            (alias, "alias", "") for alias in dict.fromkeys(tag.aliases) if alias not in names
        ]
        forms += [(name, "other", "ja") for name, _ in tag.japanese]
        forms += [(reading, "reading", "ja") for _, reading in tag.japanese if reading]
        connection.executemany(
            "INSERT INTO forms (tag_id, text, kind, language, source_id) VALUES (?, ?, ?, ?, 1)",
            [(number, *form) for form in forms],
        )
    for statement in VOCABULARY_INDEXES.split(";\n"):
        connection.execute(statement)
    # The builder of a vocabulary makes this one earlier, because it needs it itself.
    connection.execute("CREATE UNIQUE INDEX tags_by_name ON tags (name)")
    connection.execute("COMMIT")
    connection.close()


def add_use_and_pairs(path: Path, seed: int = 3) -> None:
    """Let the person have used 500 tags, and give the 2,000 most popular tags 60 pairs each."""
    pick = random.Random(seed)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("BEGIN")
    (number,) = connection.execute("SELECT count(*) FROM tags").fetchone()
    now = time.time()
    for (name,) in connection.execute(
        "SELECT name FROM tags WHERE id % ? = 1 LIMIT 500", (max(1, number // 500),)
    ).fetchall():
        used = now - pick.random() * 60 * 86_400
        connection.execute(
            "INSERT OR REPLACE INTO usage VALUES (?, 'tag', ?, 0, ?)",
            (name, pick.randint(1, 40), used),
        )
    for first in range(1, 2001):
        for second in pick.sample(range(1, min(number, 20_000)), 60):
            connection.execute(
                "INSERT OR REPLACE INTO cooccurrence VALUES (?, ?, ?, 1)",
                (first, second, pick.randint(100, 5000)),
            )
    connection.execute("COMMIT")
    connection.close()


def add_index(path: Path) -> None:
    """Write the search index, as the builder of a vocabulary does last."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
    connection.execute("BEGIN")
    build_index(connection)
    connection.commit()
    connection.execute("ANALYZE")
    connection.close()
