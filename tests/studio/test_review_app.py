import io

import numpy as np
import pytest
from PIL import Image


def wall(client):
    return {row["name"][9]: row for row in client.get("/api/wall").json()["rows"]}


def png(pixels):
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def opened(answer):
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


@pytest.fixture
def ids(reviewed_project):
    return reviewed_project[1]


def test_the_wall_says_what_is_unsure_and_covered(review_client):
    rows = wall(review_client)
    assert [name for name, row in rows.items() if row["unsure"]] == ["a", "b"]
    assert [name for name, row in rows.items() if row["covered"]] == ["c"]


def test_a_verdict_and_undo(review_client, ids):
    both = [ids["a"], ids["b"]]
    answer = review_client.post("/api/verdict", json={"ids": both, "verdict": "leave-out"}).json()
    assert answer["can_undo"]
    assert {row["verdict"] for row in answer["rows"]} == {"leave-out"}
    answer = review_client.post("/api/undo", json={}).json()
    assert {row["id"] for row in answer["rows"]} == set(both)
    assert not answer["can_undo"]
    assert review_client.post("/api/undo", json={}).json()["rows"] == []


def test_boxes_and_answers_change_what_a_picture_says(review_client, ids):
    here = ids["a"]
    review_client.post("/api/step", json={"id": here, "step": "trim", "answer": "accept"})
    view = review_client.get(f"/api/picture/{here}").json()
    assert view["after"] == [50, 35]
    review_client.post("/api/crop", json={"id": here, "box": [0, 0, 40, 60]})
    regions = [["head", 1, 2, 30, 40]]
    review_client.post("/api/regions", json={"id": here, "regions": regions})
    view = review_client.get(f"/api/picture/{here}").json()
    steps = {one["step"]: one for one in view["steps"]}
    assert (view["after"], steps["regions"]["values"]["drawn"]) == ([40, 60], regions)
    assert opened(review_client.get(f"/after/{here}")).size == (40, 60)


def test_a_mask_is_drawn_and_shown_again(review_client, ids):
    mask = np.zeros((60, 80), dtype=np.uint8)
    mask[:, 40:] = 255
    answer = review_client.put(f"/api/mask/{ids['d']}", content=png(mask))
    # No step has looked at this picture, so there is nothing yet that the mask could replace.
    assert answer.status_code == 200
    answer = review_client.put(f"/api/mask/{ids['a']}", content=png(mask))
    assert answer.status_code == 200
    steps = review_client.get(f"/api/picture/{ids['a']}").json()["steps"]
    assert answer.json()["mask"] == next(s["mask"] for s in steps if s["step"] == "background")
    assert (np.asarray(opened(review_client.get(f"/mask/{ids['a']}"))) == mask).all()


def test_pictures_are_shown_upright_and_small_ones_as_they_are(review_client, ids):
    assert opened(review_client.get(f"/full/{ids['a']}")).size == (80, 60)
    thumbnail = review_client.get(f"/thumbnail/{ids['a']}")
    assert opened(thumbnail).size == (80, 60)
    assert "immutable" in thumbnail.headers["cache-control"]


def test_what_the_desk_refuses_is_said_with_its_hint(review_client, ids):
    answer = review_client.post("/api/crop", json={"id": ids["a"], "box": [0, 0, 999, 9]})
    assert answer.status_code == 400
    assert "80x60" in answer.json()["message"]
    assert review_client.get(f"/full/{'0' * 64}").status_code == 400
    assert review_client.get(f"/mask/{ids['b']}").status_code == 400


@pytest.mark.parametrize(
    ("path", "question"),
    [
        ("verdict", {"ids": [], "verdict": "keep"}),
        ("verdict", {"ids": ["../../etc/passwd"], "verdict": "keep"}),
        ("step", {"id": "0" * 64, "step": "trim", "answer": "accept", "more": 1}),
        ("crop", {"id": "0" * 64, "box": ["a"]}),
    ],
)
def test_questions_of_another_form_are_refused(review_client, path, question):
    assert review_client.post(f"/api/{path}", json=question).status_code == 422


@pytest.mark.parametrize("data", [b"", b"no picture", png(np.zeros((10, 1700), dtype=np.uint8))])
def test_a_mask_that_is_no_mask_is_refused(review_client, ids, data):
    assert review_client.put(f"/api/mask/{ids['a']}", content=data).status_code == 400


@pytest.mark.parametrize("path", ["/static/../guard.py", "/static/%2e%2e/guard.py", "/docs"])
def test_nothing_but_the_page_is_served(review_client, path):
    assert review_client.get(path).status_code == 404
