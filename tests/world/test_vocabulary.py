from enogu.tags.vocabulary import Vocabulary
from enogu.world.axes import KNOWN_TAGS


def test_every_tag_of_the_drawn_world_is_an_embedded_word(tmp_path, monkeypatch):
    monkeypatch.setenv("ENOGU_DATA_DIR", str(tmp_path))
    with Vocabulary.open() as words:
        unknown = sorted(tag for tag in KNOWN_TAGS if words.resolve(tag).how != "tag")
    assert unknown == []
