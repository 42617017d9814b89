import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.pictures.chain.steps import CutStep, LookStep, counted

from enogu.errors import StorageError
from enogu.files import sha256_file
from enogu.pictures.chain import Bounds, Loader, look_at_files, run_chain, runner
from enogu.pictures.records import SKIP, Decision, Decisions, ListedFiles, Records
from enogu.pictures.records import derived as derived_module


class Project:
    """A folder of pictures with its records, and the chain over it."""

    def __init__(self, root):
        self.root = root
        self.counter = root / "counter"
        self.steps = (CutStep(self.counter), LookStep(self.counter))
        self.decisions = Decisions(root / "decisions.jsonl")
        (root / "pictures").mkdir()

    def draw(self, name, size=(40, 24), colour=None):
        path = self.root / "pictures" / name
        number = len(list(path.parent.iterdir()))
        Image.new("RGB", size, colour or (number, 50, 200)).save(path)
        return path

    def run(self, *, steps=None, loader=None, only=None, **options):
        with Records(self.root / "work") as records:
            paths = sorted((self.root / "pictures").iterdir())
            look_at_files(self.root, paths, records)
            entries = ListedFiles(records)
            if only is not None:
                entries = [entry for entry in entries if entry.relative == f"pictures/{only}"]
            return run_chain(
                self.root,
                entries,
                steps or self.steps,
                records,
                self.decisions,
                loader=loader or Loader(),
                **options,
            )

    def ran(self):
        """How often each step ran since the last call."""
        if not self.counter.exists():
            return {}
        found = counted(self.counter)
        shutil.rmtree(self.counter)
        return found

    def results(self, name):
        with Records(self.root / "work") as records:
            return records.results(sha256_file(self.root / "pictures" / name))


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path)


def test_each_step_sees_what_the_steps_it_needs_made_of_the_picture(project):
    project.draw("a.png")
    run = project.run()
    assert (run.outcome, run.looked_at, run.unchanged, run.refused) == ("finished", 1, 0, ())
    results = project.results("a.png")
    assert results["look"].values["size"] == [36, 20]
    assert results["look"].values["earlier"] == ["cut"]
    with Records(project.root / "work") as records:
        kept = records.derived.read(results["look"].files["first"])
        facts = records.facts(results["look"].picture_id)
    assert kept.shape == (20, 36)
    assert (facts.width, facts.height, facts.format, facts.orientation) == (40, 24, "PNG", 1)


def test_a_step_that_needs_nothing_sees_the_original(project):
    project.draw("a.png")
    project.run(steps=(project.steps[0], LookStep(project.counter, needs=())))
    assert project.results("a.png")["look"].values["size"] == [40, 24]


def test_nothing_runs_twice(project):
    for name in ("a.png", "b.png"):
        project.draw(name)
    project.run()
    assert project.ran() == {"cut": 2, "look": 2}
    run = project.run()
    assert (run.looked_at, run.unchanged) == (0, 2)
    assert project.ran() == {}


def test_pictures_are_decoded_once_for_all_steps(project, monkeypatch):
    from enogu.pictures.chain import worker

    project.draw("a.png")
    read = []
    original = worker.read_picture
    monkeypatch.setattr(worker, "read_picture", lambda *a, **k: read.append(a) or original(*a, **k))
    project.run()
    assert len(read) == 1


def test_equal_files_are_looked_at_once(project):
    project.draw("a.png", colour=(1, 2, 3))
    project.draw("b.png", colour=(1, 2, 3))
    assert project.run().looked_at == 1
    assert project.results("b.png") == project.results("a.png")


def test_a_changed_file_runs_alone(project):
    for name in ("a.png", "b.png"):
        project.draw(name)
    project.run()
    project.ran()
    project.draw("a.png", colour=(9, 9, 9))
    os.utime(project.root / "pictures" / "a.png", ns=(1, 1))
    assert project.run().looked_at == 1
    assert project.ran() == {"cut": 1, "look": 1}


def test_a_renamed_file_keeps_its_results(project):
    path = project.draw("a.png")
    project.run()
    path.rename(path.with_name("z.png"))
    assert project.run().unchanged == 1


class TestWhatDepends:
    @pytest.fixture(autouse=True)
    def ran_once(self, project):
        project.draw("a.png")
        project.run()
        project.ran()

    def test_a_setting_runs_its_step_and_those_behind_it(self, project):
        project.run(steps=(CutStep(project.counter, margin=3), project.steps[1]))
        assert project.ran() == {"cut": 1, "look": 1}
        assert project.results("a.png")["look"].values["size"] == [34, 18]

    def test_a_new_version_that_finds_the_same_stops_there(self, project):
        project.run(steps=(replace(project.steps[0], version=2), project.steps[1]))
        assert project.ran() == {"cut": 1}
        assert project.results("a.png")["cut"].version == 2

    def test_a_later_step_does_not_run_the_earlier(self, project):
        project.run(steps=(project.steps[0], LookStep(project.counter, version=2)))
        assert project.ran() == {"look": 1}

    def test_another_background_runs_all(self, project):
        project.run(loader=Loader(background="#000000"))
        assert project.ran() == {"cut": 1, "look": 1}

    def test_a_derived_file_that_is_gone_is_made_again(self, project):
        shutil.rmtree(project.root / "work" / "derived")
        project.run()
        assert project.ran() == {"look": 1}

    def test_the_whole_work_folder_can_be_made_again(self, project):
        before = project.results("a.png")
        shutil.rmtree(project.root / "work")
        project.run()
        assert project.results("a.png") == before

    def test_one_picture_can_be_run_again(self, project):
        project.draw("b.png")
        project.run()
        project.ran()
        project.run(only="a.png", again=frozenset({"cut"}))
        assert project.ran() == {"cut": 1}

    def test_what_a_person_decided_counts_and_can_be_taken_back(self, project):
        picture_id = project.results("a.png")["cut"].picture_id
        project.decisions.add(
            [
                Decision(
                    picture_id=picture_id, step="cut", verdict="cut", values={"box": [0, 0, 9, 7]}
                )
            ]
        )
        project.run()
        assert project.ran() == {"look": 1}
        assert project.results("a.png")["look"].values["size"] == [9, 7]
        project.decisions.add([Decision(picture_id=picture_id, step="cut", verdict=SKIP)])
        project.run()
        assert project.results("a.png")["look"].values["size"] == [40, 24]
        assert project.results("a.png")["look"].values["earlier"] == []
        project.decisions.take_back("cut", [picture_id])
        project.run()
        assert project.results("a.png")["look"].values["size"] == [36, 20]
        assert project.ran() == {"look": 2}


class TestRefused:
    def test_bad_pictures_are_listed_and_never_stop_the_rest(self, project):
        project.draw("good.png")
        project.draw("odd.png", size=(33, 24))
        (project.root / "pictures" / "text.png").write_text("hello")
        (project.root / "pictures" / "text2.png").write_text("hello")
        run = project.run()
        refused = dict(run.refused)
        assert refused.pop("pictures/odd.png") == "x: cannot be cut"
        assert list(refused) == ["pictures/text.png", "pictures/text2.png"]
        assert all("is a text file" in reason for reason in refused.values())
        with Records(project.root / "work") as records:
            refusals = {entry.relative: entry.refusal for entry in records.files()}
        assert refusals["pictures/good.png"] is None
        assert "text file" in refusals["pictures/text2.png"]

    def test_a_picture_that_was_mended_is_taken(self, project):
        path = project.root / "pictures" / "a.png"
        path.write_text("hello")
        assert len(project.run().refused) == 1
        project.draw("a.png")
        assert project.run().refused == ()

    def test_a_picture_too_large_is_not_decoded(self, project, png_bomb):
        png_bomb.rename(project.root / "pictures" / "bomb.png")
        ((_, reason),) = project.run().refused
        assert "900 megapixels" in reason


class TestStopping:
    def test_a_stop_keeps_what_is_done_and_the_next_run_goes_on(self, project):
        for number in range(5):
            project.draw(f"{number}.png")
        seen = []
        run = project.run(progress=lambda *step: seen.append(step), stop=lambda: len(seen) >= 2)
        assert (run.outcome, run.looked_at) == ("stopped", 2)
        assert seen == [(1, 5, "pictures/0.png"), (2, 5, "pictures/1.png")]
        run = project.run()
        assert (run.outcome, run.looked_at, run.unchanged) == ("finished", 3, 2)
        assert project.ran() == {"cut": 5, "look": 5}

    def test_a_full_disk_keeps_what_is_done(self, project, monkeypatch):
        for number in range(3):
            project.draw(f"{number}.png")
        writes = []
        original = derived_module.write_bytes_atomic

        def write(path, data):
            writes.append(path)
            if len(writes) == 3:
                raise StorageError(f"cannot write {path}: the disk is full")
            original(path, data)

        monkeypatch.setattr(derived_module, "write_bytes_atomic", write)
        with pytest.raises(StorageError, match="the disk is full"):
            project.run()
        monkeypatch.undo()
        assert project.run().unchanged == 2


class TestProcesses:
    def test_give_the_same_as_one_after_the_other(self, project):
        for number in range(9):
            project.draw(f"{number}.png")
        (project.root / "pictures" / "text.png").write_text("hello")
        one = project.run(bounds=Bounds(workers=1))
        results = [project.results(f"{number}.png") for number in range(9)]
        assert project.ran() == {"cut": 9, "look": 9}
        shutil.rmtree(project.root / "work")
        two = project.run(bounds=Bounds(workers=2, memory_bytes=1, work_per_process=1))
        assert two == one
        assert [project.results(f"{number}.png") for number in range(9)] == results
        assert project.ran() == {"cut": 9, "look": 9}


def test_a_step_before_what_it_needs_is_our_own_fault(project):
    with pytest.raises(ValueError, match=r"needs \['cut'\]"):
        runner.check_order((LookStep(project.counter),))
    with pytest.raises(ValueError, match="there twice"):
        runner.check_order((project.steps[0], project.steps[0]))


def test_pixels_are_named_alike_however_they_were_saved(project):
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), dtype=np.uint8)
    for name in ("a.png", "b.bmp", "c.webp"):
        options = {"lossless": True} if name == "c.webp" else {}
        Image.fromarray(noise).save(project.root / "pictures" / name, **options)
    project.run()
    with Records(project.root / "work") as records:
        found = [records.facts(entry.picture_id) for entry in records.files()]
    assert len({one.id for one in found}) == 3
    assert len({one.pixels_id for one in found}) == 1
