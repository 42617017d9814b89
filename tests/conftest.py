import os
import socket
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real drawings with captions and golden values; tests that need them are skipped without."""
    folder = Path(os.environ.get("ENOGU_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no shared data at {folder}; set ENOGU_SHARED_DATA to its folder")
    return folder


@pytest.fixture(autouse=True)
def own_data_folder(tmp_path_factory, monkeypatch):
    """No test may read or write the person's vocabulary; the embedded one is built once."""
    monkeypatch.setenv("ENOGU_DATA_DIR", str(tmp_path_factory.getbasetemp() / "data"))


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """No test may reach the network: a hub that answers would hide a missing local file."""

    def refuse(self, address, *args):
        if self.family == socket.AF_UNIX:
            return original(self, address, *args)
        raise OSError(f"tests must not connect to {address!r}")

    original = socket.socket.connect
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
