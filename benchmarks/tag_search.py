"""How fast and how well tags are found: our search, tagcomplete's rule and a plain FTS5 table.

    python benchmarks/tag_search.py --sizes 150000 1000000 [--csv danbooru.csv] > table.md

Times are CPU times of the thread. Queries are run in rounds, and the least time of each query is
kept, so that other work on the machine counts less; between two rounds all other queries run.
"""

import argparse
import json
import os
import platform
import random
import re
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from enogu.tags.search import TagSearch
from enogu.tags.search.folding import fold
from enogu.tags.search.kana import kana_to_romaji
from enogu.tags.vocabulary import Vocabulary
from enogu.tags.vocabulary.opening import open_file
from tag_search_data import (
    BenchmarkTag,
    add_index,
    add_use_and_pairs,
    csv_tags,
    synthetic_tags,
    write_vocabulary,
)

LETTERS = "abcdefghijklmnopqrstuvwxyz"
HEPBURN = (("sy", "sh"), ("si", "shi"), ("ty", "ch"), ("ti", "chi"), ("tu", "tsu"), ("zy", "j"))
HEPBURN += (("zi", "ji"), ("hu", "fu"))


@dataclass(frozen=True)
class Query:
    text: str
    target: str


class Queries:
    """Draws queries whose targets are chosen in proportion to the square root of their posts."""

    def __init__(self, tags: Sequence[BenchmarkTag], number: int, seed: int = 11) -> None:
        self.random = random.Random(seed)
        self.number = number
        self.tags = [tag for tag in tags if tag.rating == 0]

    def draw(
        self, usable: Callable[[BenchmarkTag], bool], text: Callable[[BenchmarkTag], str]
    ) -> list[Query]:
        tags = [tag for tag in self.tags if usable(tag)]
        if not tags:
            return []
        weights = [tag.posts**0.5 for tag in tags]
        chosen = self.random.choices(tags, weights, k=self.number)
        return [Query(text(tag), tag.name) for tag in chosen]

    def classes(self) -> Iterator[tuple[str, list[Query]]]:
        def words(tag: BenchmarkTag) -> tuple[str, ...]:
            return fold(tag.name).words

        def long(tag: BenchmarkTag) -> bool:
            return tag.name.isascii() and len(tag.name) >= 6

        def read(tag: BenchmarkTag) -> bool:
            return tag.category == "general" and any(reading for _, reading in tag.japanese)

        def named(tag: BenchmarkTag) -> bool:
            return bool(tag.japanese) and len(tag.japanese[0][0]) >= 3

        yield "prefix", self.draw(long, lambda tag: tag.name[: self.random.randint(3, 6)])
        yield "whole name, other spelling", self.draw(long, self.respelt)
        yield (
            "words in another order",
            self.draw(lambda tag: len(set(words(tag))) >= 2, lambda tag: self.shuffled(words(tag))),
        )
        yield "infix", self.draw(long, self.fragment)
        yield (
            "initials",
            self.draw(
                lambda tag: len(words(tag)) >= 2,
                lambda tag: "".join(word[0] for word in words(tag)),
            ),
        )
        yield "typing error, whole", self.draw(long, lambda tag: self.misspelt(tag.name))
        yield (
            "typing error, unfinished",
            self.draw(lambda tag: long(tag) and len(tag.name) >= 8, self.unfinished),
        )
        yield (
            "Japanese, start",
            self.draw(named, lambda tag: tag.japanese[0][0][: self.random.randint(2, 3)]),
        )
        yield "Japanese, inside", self.draw(named, self.inside_japanese)
        yield "reading in kana", self.draw(read, lambda tag: tag.japanese[0][1])
        yield "reading in romaji", self.draw(read, lambda tag: self.romaji(tag.japanese[0][1]))
        yield (
            "half-composed kana",
            self.draw(lambda tag: read(tag) and len(tag.japanese[0][1]) >= 4, self.half_composed),
        )
        yield (
            "wildcard",
            self.draw(
                lambda tag: len(words(tag)) >= 2, lambda tag: f"{words(tag)[0]}*{words(tag)[-1]}"
            ),
        )

    def respelt(self, tag: BenchmarkTag) -> str:
        spoken = tag.name.replace("_", " ")
        wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else "　" for c in spoken)
        return self.random.choice((spoken, spoken.upper(), wide, spoken.replace(" ", "")))

    def shuffled(self, words: Sequence[str]) -> str:
        chosen = self.random.sample(list(dict.fromkeys(words)), 2)
        return f"{chosen[0]} {chosen[1][: max(3, len(chosen[1]) - 2)]}"

    def fragment(self, tag: BenchmarkTag) -> str:
        solid = fold(tag.name).compact
        length = min(self.random.randint(3, 6), len(solid) - 1)
        start = self.random.randint(1, len(solid) - length)
        return solid[start : start + length]

    def edited(self, text: str) -> str:
        place = self.random.randint(1, len(text) - 2)
        kind = self.random.choice(("drop", "add", "change", "swap"))
        if kind == "drop":
            return text[:place] + text[place + 1 :]
        if kind == "add":
            return text[:place] + self.random.choice(LETTERS) + text[place:]
        if kind == "change":
            return text[:place] + self.random.choice(LETTERS) + text[place + 1 :]
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]

    def misspelt(self, name: str) -> str:
        wrong = self.edited(name.replace("_", " "))
        # Every fourth long name gets a second error.
        return self.edited(wrong) if len(name) > 8 and self.random.random() < 0.25 else wrong

    def unfinished(self, tag: BenchmarkTag) -> str:
        share = self.random.uniform(0.6, 0.9)
        return self.edited(tag.name.replace("_", " ")[: max(6, int(len(tag.name) * share))])

    def inside_japanese(self, tag: BenchmarkTag) -> str:
        name = tag.japanese[0][0]
        length = min(self.random.randint(2, 3), len(name) - 1)
        start = self.random.randint(1, len(name) - length)
        return name[start : start + length]

    def romaji(self, reading: str) -> str:
        kunrei = kana_to_romaji(reading)
        if self.random.random() < 0.5:
            return kunrei
        for old, new in HEPBURN:
            kunrei = kunrei.replace(old, new)
        return kunrei

    def half_composed(self, tag: BenchmarkTag) -> str:
        reading = tag.japanese[0][1]
        cut = self.random.randint(2, len(reading) - 1)
        while reading[cut] in "ゃゅょっーぁぃぅぇぉん" and cut > 1:
            cut -= 1
        start = kana_to_romaji(reading[cut])[:1]
        return reading[:cut] + (start if start not in "aiueo" else "")


class Tagcomplete:
    """The rule of a1111-sd-webui-tagcomplete, written plainly: one regex over every row."""

    title = "tagcomplete's rule"

    def __init__(self, tags: Sequence[BenchmarkTag]) -> None:
        self.rows = [
            (tag.name, "\n".join([tag.name, *tag.aliases, *(name for name, _ in tag.japanese)]))
            for tag in tags
        ]

    def search(self, text: str) -> list[str]:
        find = re.compile("(^|[^a-zA-Z])" + re.escape(text), re.IGNORECASE | re.MULTILINE).search
        found: list[str] = []
        for name, row in self.rows:
            if find(row):
                found.append(name)
                if len(found) == 10:
                    break
        return found


class PlainFts5:
    """One FTS5 table of all forms; each word of the query is a prefix; popular forms first."""

    title = "plain FTS5"

    def __init__(self, tags: Sequence[BenchmarkTag]) -> None:
        started = time.process_time()
        self.connection = sqlite3.connect(":memory:")
        self.connection.execute(
            "CREATE VIRTUAL TABLE forms USING fts5(text, name UNINDEXED, "
            "prefix='2 3', tokenize=\"unicode61 separators '_'\")"
        )
        for tag in tags:
            forms = [tag.name, *tag.aliases, *(part for pair in tag.japanese for part in pair)]
            self.connection.executemany(
                "INSERT INTO forms VALUES (?, ?)", [(form, tag.name) for form in forms if form]
            )
        self.build_s = time.process_time() - started

    def search(self, text: str) -> list[str]:
        words = re.findall(r"\w+", text.replace("_", " "))
        if not words:
            return []
        rows = self.connection.execute(
            "SELECT name FROM forms WHERE forms MATCH ? ORDER BY rowid LIMIT 20",
            (" ".join(f'"{word}"*' for word in words),),
        )
        return list(dict.fromkeys(name for (name,) in rows))[:10]


class Ours:
    title = "enogu"

    def __init__(self, path: Path, in_prompt: Sequence[str] = ()) -> None:
        self.index = TagSearch(Vocabulary(open_file(path), path))
        self.in_prompt = in_prompt

    def search(self, text: str) -> list[str]:
        return [hit.name for hit in self.index.search(text, in_prompt=self.in_prompt)]


@dataclass(frozen=True)
class Result:
    p50_ms: float
    p99_ms: float
    hits: float

    def __str__(self) -> str:
        return f"{self.p50_ms:.2f} / {self.p99_ms:.2f} ({self.hits:.0%})"


def measure(
    search: Callable[[str], list[str]], classes: dict[str, list[Query]], rounds: int
) -> dict[str, Result]:
    best = {name: np.full(len(queries), np.inf) for name, queries in classes.items()}
    hits = {name: 0 for name in classes}
    for turn in range(rounds):
        for name, queries in classes.items():
            for place, query in enumerate(queries):
                started = time.thread_time_ns()
                found = search(query.text)
                spent = (time.thread_time_ns() - started) / 1e6
                best[name][place] = min(best[name][place], spent)
                if turn == 0:
                    hits[name] += query.target in found
    return {
        name: Result(
            float(np.quantile(best[name], 0.5)),
            float(np.quantile(best[name], 0.99)),
            hits[name] / max(1, len(queries)),
        )
        for name, queries in classes.items()
        if queries
    }


FRESH = """
import json, sys, time
from pathlib import Path
import numpy
from enogu.tags.search import TagSearch
from enogu.tags.vocabulary import Vocabulary
from enogu.tags.vocabulary.opening import open_file
if sys.argv[3] == "typo":
    import enogu.tags.search.typo
def resident():
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
before = resident()
started = time.process_time()
path = Path(sys.argv[1])
TagSearch(Vocabulary(open_file(path), path)).search(sys.argv[2])
spent = time.process_time() - started
print(json.dumps([spent * 1000, (resident() - before) / 2**20]))
"""


def first_query(path: Path, text: str, kind: str) -> tuple[float, float]:
    """Return CPU ms of opening and the first query in a fresh process, and MiB it added."""
    answers = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", FRESH, str(path), text, kind],
            check=True,
            capture_output=True,
            text=True,
        )
        answers.append(json.loads(done.stdout))
    return min(answers)[0], min(answers)[1]


def timed_build(path: Path) -> tuple[float, float]:
    """Return CPU seconds and peak MiB of building the index, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        started = time.process_time()
        add_index(path)
        spent = time.process_time() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        os.write(writing, json.dumps([spent, peak]).encode())
        os._exit(0)
    os.waitpid(child, 0)
    spent, peak = json.loads(os.read(reading, 4096))
    return spent, peak


def report(title: str, tags: Sequence[BenchmarkTag], arguments: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tags.db"
        write_vocabulary(path, list(tags))
        without = path.stat().st_size / 1e6
        build_s, build_mib = timed_build(path)
        size = path.stat().st_size / 1e6
        print(f"\n## {title}: {len(tags):,} tags\n")
        print(
            f"- Index built in {build_s:.2f} s CPU; peak memory of that process {build_mib:.0f} MiB"
        )
        print(f"- File {size:.1f} MB, of which the index {size - without:.1f} MB.")
        for name, text in (("hit", tags[0].name[:4]), ("typo", tags[0].name[:-2] + "qx")):
            spent, mib = first_query(path, text, name)
            print(f"- First query of a fresh process ({name}): {spent:.1f} ms CPU, {mib:.0f} MiB.")
        classes = dict(Queries(tags, arguments.queries).classes())
        results = {"enogu": measure(Ours(path).search, classes, arguments.rounds)}
        add_use_and_pairs(path)
        prompt = [tag.name for tag in tags[30:60]]
        with_prompt = measure(Ours(path, prompt).search, classes, arguments.rounds)
        results["enogu, 30 tags in the prompt, 500 used"] = with_prompt
        if not arguments.no_peers:
            fts = PlainFts5(tags)
            results[f"{fts.title} (built in {fts.build_s:.1f} s)"] = measure(
                fts.search, classes, arguments.rounds
            )
            some = {name: queries[: arguments.slow] for name, queries in classes.items()}
            rule = Tagcomplete(tags)
            results[f"{rule.title} ({arguments.slow} queries)"] = measure(rule.search, some, 1)
        print("\np50 / p99 in ms of CPU time (hit@10)\n")
        print("| class | " + " | ".join(results) + " |")
        print("|---" * (len(results) + 1) + "|")
        for name in classes:
            cells = [str(result.get(name, "-")) for result in results.values()]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[150_000, 1_000_000])
    parser.add_argument("--csv", type=Path, help="a tagcomplete CSV to measure as well")
    parser.add_argument("--queries", type=int, default=300, help="queries of each class")
    parser.add_argument("--slow", type=int, default=20, help="queries for tagcomplete's rule")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-peers", action="store_true")
    arguments = parser.parse_args()
    print(
        f"Python {platform.python_version()}, numpy {np.__version__}, "
        f"SQLite {sqlite3.sqlite_version}, {platform.machine()}, {os.cpu_count()} cores, "
        f"load {os.getloadavg()[0]:.1f}"
    )
    if arguments.csv:
        report(arguments.csv.name, csv_tags(arguments.csv), arguments)
    for size in arguments.sizes:
        report("synthetic", synthetic_tags(size), arguments)


if __name__ == "__main__":
    main()
