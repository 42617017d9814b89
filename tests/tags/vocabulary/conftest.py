import pytest


@pytest.fixture(autouse=True)
def data_dir(tmp_path, monkeypatch):
    """The person's own vocabulary, in a folder of the test alone."""
    folder = tmp_path / "data"
    monkeypatch.setenv("ENOGU_DATA_DIR", str(folder))
    return folder
