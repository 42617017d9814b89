import base64
import hashlib
import re

import pytest

from enogu.studio.guard import content_policy
from enogu.studio.review_app import STATIC


def test_the_token_opens_the_page_and_is_then_a_cookie(review_client):
    answer = review_client.get("/?token=a-token&lang=ja", follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/?lang=ja")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert cookie.startswith("enogu-8000=")
    assert "token" not in str(review_client.get("/").url)


@pytest.mark.parametrize("path", ["/", "/api/wall", "/static/review.js", "/?token=wrong"])
def test_without_the_token_nothing_is_told(review_client, path):
    review_client.cookies.clear()
    answer = review_client.get(path)
    assert answer.status_code == 403
    assert "my-character" not in answer.text


@pytest.mark.parametrize("host", ["evil.example:8000", "127.0.0.1.evil.example:8000", ""])
def test_another_name_of_the_machine_is_refused(review_client, host):
    assert review_client.get("/", headers={"host": host}).status_code == 403


def test_other_pages_cannot_change_anything(review_client, reviewed_project):
    question = {"ids": [reviewed_project[1]["a"]], "verdict": "keep"}
    foreign = review_client.post(
        "/api/verdict", json=question, headers={"origin": "http://evil.example"}
    )
    assert foreign.status_code == 403
    del review_client.headers["X-Enogu"]
    assert review_client.post("/api/verdict", json=question).status_code == 403
    assert not (reviewed_project[0].root / "decisions.jsonl").exists()


def test_a_request_without_a_size_or_with_a_huge_one_is_refused(review_client):
    def endless():
        yield b"x"

    assert review_client.post("/api/undo", content=endless()).status_code == 413
    huge = {"content-length": str(1 << 40)}
    assert review_client.post("/api/undo", content=b"", headers=huge).status_code == 413


def test_the_page_may_load_nothing_from_elsewhere(review_client):
    answer = review_client.get("/")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    # The import map is the only script in the page; the policy names it by its hash.
    inline = re.findall(r"<script(?![^>]*src)[^>]*>(.*?)</script>", answer.text, re.DOTALL)
    assert len(inline) == 1
    digest = base64.b64encode(hashlib.sha256(inline[0].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in policy


def test_a_changed_import_map_changes_the_policy():
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    assert content_policy(page) != content_policy(page.replace("preact", "other"))
