import functools

import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")

TOKEN = "a-token"
ADDRESS = "http://127.0.0.1:8000"


@pytest.fixture
def review_client(reviewed_project):
    """A browser that has opened the address with the token."""
    from fastapi.testclient import TestClient

    from enogu.project.review import open_desk
    from enogu.studio.review_app import build_app

    project, _ = reviewed_project
    app = build_app(functools.partial(open_desk, project), TOKEN)
    with TestClient(app, base_url=ADDRESS, headers={"X-Enogu": "1"}) as client:
        assert client.get(f"/?token={TOKEN}").status_code == 200
        yield client
