import functools

import numpy as np
import pytest
from PIL import Image

from enogu.pictures.chain import Bounds
from enogu.pictures.records import LEAVE_OUT, USE_STEP, Decision, Decisions, Records
from enogu.pictures.tagging import Limits, NamedTagger, TaggerSource
from enogu.project import open_project
from enogu.project.caption_pictures import keep_written, plan_captions, tag_pictures
from enogu.tags.dataset import apply_edits, undo_edit
from enogu.tags.tagger import FakeTagger

SCORES = {"1girl": 0.9, "long hair": 0.6, "hat": 0.3, "^_^": 0.5, "star (symbol)": 0.4}


class Counting(FakeTagger):
    calls = 0

    def tag(self, pictures):
        type(self).calls += len(pictures)
        return super().tag(pictures)


def open_fake(scores):
    return NamedTagger(tagger=Counting([scores]))


def source(scores=SCORES, name="fake"):
    return TaggerSource(name=name, digest=str(scores), open=functools.partial(open_fake, scores))


@pytest.fixture
def project(tmp_path):
    """Three pictures: one with a caption, one without, one with an empty one."""
    root = tmp_path / "project"
    (root / "pictures" / "sub").mkdir(parents=True)
    (root / "enogu.toml").write_text("version = 1\n", encoding="utf-8")
    for number, name in enumerate(("a", "sub/b", "c")):
        pixels = np.full((20, 30, 3), 40 * number, dtype=np.uint8)
        Image.fromarray(pixels).save(root / "pictures" / f"{name}.png")
    (root / "pictures" / "a.txt").write_text("mychar, Hat\n", encoding="utf-8")
    (root / "pictures" / "c.txt").write_text("", encoding="utf-8")
    Counting.calls = 0
    return open_project(root)


def texts(project):
    return {
        path.relative_to(project.pictures_dir).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(project.pictures_dir.rglob("*.txt"))
    }


def caption(project, limits=None, tagger=None):
    tagger = tagger or source()
    tag_pictures(project, tagger, bounds=Bounds(workers=1))
    plan = plan_captions(project, tagger.name, limits or Limits())
    keep_written(project, plan)
    apply_edits(plan.edit, project.work_dir / "captions", "r")
    return plan


def undo(project):
    undo_edit(project.pictures_dir, project.work_dir / "captions")


FOUND = "1girl, long hair, ^_^, star (symbol)"


def test_the_persons_tags_come_first_and_files_are_made(project):
    plan = caption(project)
    assert plan.num_new == 1
    assert texts(project) == {
        "a.txt": f"mychar, Hat, {FOUND}\n", "c.txt": FOUND, "sub/b.txt": f"{FOUND}\n",
    }  # fmt: skip


def test_how_much_of_it_the_person_wrote_too_is_told(project):
    (project.pictures_dir / "a.txt").write_text("mychar, long hair, ^_^", encoding="utf-8")
    assert caption(project).agreement == pytest.approx(2 / 4)
    # What the tagger itself brought is no agreement.
    assert caption(project).agreement == pytest.approx(2 / 4)


def test_limits_are_moved_without_reading_again(project):
    caption(project)
    assert Counting.calls == 3
    caption(project, Limits(general=0.55))
    assert texts(project)["sub/b.txt"] == "1girl, long hair\n"
    caption(project, Limits(general=0.2))
    assert texts(project)["sub/b.txt"] == "1girl, long hair, ^_^, star (symbol), hat\n"
    assert texts(project)["a.txt"].startswith("mychar, Hat, 1girl")
    assert Counting.calls == 3


def test_scores_are_kept_beside_tags_with_their_source(project):
    tag_pictures(project, source(), bounds=Bounds(workers=1))
    with Records(project.work_dir) as records:
        for entry in records.files():
            result = records.results(entry.picture_id)["tags:fake"]
            assert {one.tag: one.score for one in result.tags} == SCORES
            assert {one.source for one in result.tags} == {"fake"}


def test_a_higher_limit_never_takes_what_the_person_wrote(project):
    (project.pictures_dir / "a.txt").write_text("long hair, mychar", encoding="utf-8")
    caption(project)
    caption(project, Limits(general=0.85))
    assert texts(project)["a.txt"] == "long hair, mychar, 1girl"


def test_a_tag_that_the_person_took_out_stays_out(project):
    caption(project)
    path = project.pictures_dir / "sub" / "b.txt"
    path.write_text("1girl, ^_^, mine\n", encoding="utf-8")
    caption(project, Limits(general=0.2))
    assert texts(project)["sub/b.txt"] == "1girl, ^_^, mine, hat\n"


def test_undo_is_no_refusal(project):
    before = texts(project)
    caption(project)
    undo(project)
    assert texts(project) == before
    caption(project, Limits(general=0.55))
    caption(project, Limits(general=0.35))
    undo(project)
    undo(project)
    assert texts(project) == before
    caption(project)
    assert texts(project)["sub/b.txt"] == f"{FOUND}\n"


def test_a_second_tagger_adds_and_takes_only_its_own(project):
    caption(project)
    other = source({"smile": 0.9, "long hair": 0.9}, "other")
    caption(project, tagger=other)
    assert texts(project)["a.txt"] == f"mychar, Hat, {FOUND}, smile\n"
    caption(project, Limits(general=0.95), other)
    assert texts(project)["a.txt"] == f"mychar, Hat, {FOUND}\n"


def test_no_empty_file_is_made_and_none_becomes_empty(project):
    caption(project)
    plan = caption(project, Limits(general=0.95))
    assert set(plan.nothing) == {"pictures/sub/b.png", "pictures/c.png"}
    assert texts(project)["sub/b.txt"] == f"{FOUND}\n"
    (project.pictures_dir / "sub" / "b.txt").unlink()
    caption(project, Limits(general=0.95))
    assert "sub/b.txt" not in texts(project)


def test_two_pictures_with_one_caption_are_left_alone(project):
    Image.new("RGB", (9, 9)).save(project.pictures_dir / "a.jpg")
    plan = caption(project)
    assert plan.shared == ("pictures/a.jpg", "pictures/a.png")
    assert texts(project)["a.txt"] == "mychar, Hat\n"


def test_pictures_that_are_left_out_get_no_caption(project):
    tag_pictures(project, source(), bounds=Bounds(workers=1))
    with Records(project.work_dir) as records:
        ids = {entry.relative: entry.picture_id for entry in records.files()}
    Decisions(project.root / "decisions.jsonl").add(
        [Decision(picture_id=ids["pictures/sub/b.png"], step=USE_STEP, verdict=LEAVE_OUT)]
    )
    plan = caption(project)
    assert plan.left_out == 1
    assert "sub/b.txt" not in texts(project)


def test_two_files_of_one_content_each_keep_their_history(project):
    data = (project.pictures_dir / "a.png").read_bytes()
    (project.pictures_dir / "twin.png").write_bytes(data)
    caption(project)
    assert texts(project)["twin.txt"] == f"{FOUND}\n"
    caption(project, Limits(general=0.55))
    assert texts(project)["twin.txt"] == "1girl, long hair\n"
    assert texts(project)["a.txt"] == "mychar, Hat, 1girl, long hair\n"
