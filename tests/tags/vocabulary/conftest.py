import pytest

from enogu.tags.vocabulary import sources
from enogu.tags.vocabulary.embedded_words import EMBEDDED_COLUMNS, read_embedded_claims

FEW_WORDS = """\
long_hair	5000000	ロングヘア	ろんぐへあ	longhair		Long hair.	長い髪。
smile	2000000	笑顔	えがお			A smile.	笑った顔。
animal_ears	1000000	獣耳	けものみみ			Ears of an animal.	動物の耳。
cat_ears	500000	猫耳	ねこみみ	nekomimi	animal_ears	Ears of a cat.	猫の耳。
"""


@pytest.fixture(autouse=True)
def data_dir(tmp_path, monkeypatch):
    """The person's own vocabulary, in a folder of the test alone."""
    folder = tmp_path / "data"
    monkeypatch.setenv("ENOGU_DATA_DIR", str(folder))
    return folder


@pytest.fixture
def few_words(tmp_path_factory, monkeypatch):
    """Four embedded words in the place of thousands, so that a build takes no time."""
    folder = tmp_path_factory.mktemp("embedded")
    header = "\t".join(EMBEDDED_COLUMNS)
    (folder / "hair.tsv").write_text(f"{header}\n{FEW_WORDS}", encoding="utf-8")
    (folder / "groups.toml").write_text('[hair]\nen = "Hair"\nja = "髪"\n', encoding="utf-8")
    monkeypatch.setattr(sources, "read_embedded_claims", lambda: read_embedded_claims(folder))
