import pytest

from enogu.pictures.records import FileEntry, ListedFiles, Records, listed


def entry(relative, picture="a"):
    return FileEntry(relative=relative, picture_id=picture * 64, num_bytes=1, modified_ns=2)


@pytest.fixture
def records(tmp_path):
    with Records(tmp_path) as records:
        yield records


@pytest.fixture
def put(records):
    def put(*entries):
        with records.changing():
            for one in entries:
                records.put_file(one)

    return put


def names(entries):
    return [one.relative for one in entries]


def test_only_the_files_of_the_folder_are_there(records, put):
    put(*(entry(name) for name in ("p/b", "p/a", "p/reg/c", "p0", "pp/d", "p.png", "q/a")))
    assert names(ListedFiles(records, "p")) == ["p/a", "p/b", "p/reg/c"]
    assert names(ListedFiles(records, "p", without="p/reg")) == ["p/a", "p/b"]
    assert len(ListedFiles(records, "p", without="p/reg")) == 2
    assert len(ListedFiles(records)) == 7
    assert not ListedFiles(records, "r")


def test_a_folder_name_is_no_pattern(records, put):
    put(entry("a_b/1"), entry("aXb/2"), entry("100%/3"))
    assert names(ListedFiles(records, "a_b")) == ["a_b/1"]
    assert names(ListedFiles(records, "100%")) == ["100%/3"]


def test_is_a_sequence(records, put):
    entries = [entry(f"p/{number}") for number in range(7)]
    put(*entries)
    files = ListedFiles(records, "p")
    assert (files[0], files[-1], files[6]) == (entries[0], entries[6], entries[6])
    assert files[::3] == tuple(entries[::3])
    assert files[1:-2] == tuple(entries[1:-2])
    for place in (7, -8):
        with pytest.raises(IndexError, match=f"number {place}, only 7"):
            files[place]
    with pytest.raises(ValueError, match="-1"):
        files[::-1]


def test_goes_on_while_the_records_change(records, put, monkeypatch):
    monkeypatch.setattr(listed, "_PAGE", 2)
    put(*(entry(f"p/{number}") for number in range(5)))
    seen = []
    for one in ListedFiles(records, "p"):
        seen.append(one.relative)
        put(FileEntry(relative=one.relative, picture_id="b" * 64, num_bytes=3, modified_ns=4))
    assert seen == [f"p/{number}" for number in range(5)]


def test_the_first_file_of_each_picture(records, put):
    put(
        entry("other/0", "a"),
        entry("p/1", "b"),
        entry("p/2", "a"),
        entry("p/3", "b"),
        entry("p/4", "a"),
        entry("p/reg/0", "c"),
        entry("p/x", "c"),
    )
    assert names(ListedFiles(records, "p").first_of_each()) == ["p/1", "p/2", "p/reg/0"]
    learnt = ListedFiles(records, "p", without="p/reg")
    assert names(learnt.first_of_each()) == ["p/1", "p/2", "p/x"]
    assert names(learnt.of_picture("a" * 64)) == ["p/2", "p/4"]
    assert names(learnt.of_picture("c" * 64)) == ["p/x"]
