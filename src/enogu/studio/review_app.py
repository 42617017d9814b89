"""The review page over HTTP: every answer is one call of the desk."""

import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from enogu.errors import BusyError, EnoguError, PictureError, UserError
from enogu.pictures.box import Box
from enogu.pictures.steps import BACKGROUND, TRIM
from enogu.pictures.steps.background import MASK_FILE, PICTURE_FILE
from enogu.project.review import ReviewDesk, WallRow
from enogu.project.review.desk import PictureView
from enogu.studio.guard import Guard
from enogu.studio.views import after_view, full_view, mask_view, read_drawn_mask

STATIC: Final = Path(__file__).resolve().parent / "static"

_FOREVER: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
_Id = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Question(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class VerdictQuestion(_Question):
    """Give pictures a verdict."""

    ids: Annotated[list[_Id], Field(min_length=1, max_length=100_000)]
    verdict: str | None


class StepQuestion(_Question):
    """Answer what a step found in a picture."""

    id: _Id
    step: str
    answer: str


class CropQuestion(_Question):
    """Keep a part of a picture."""

    id: _Id
    box: list[int]


class RegionsQuestion(_Question):
    """Keep regions of a picture."""

    id: _Id
    regions: Annotated[list[list[str | int]], Field(max_length=200)]


def build_app(open_desk: Callable[[], AbstractContextManager[ReviewDesk]], token: str) -> FastAPI:
    """Make the page's program.

    Args:
        open_desk: Opens the desk when the program starts, in the thread that will use it.
        token: What the browser must know.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        with open_desk() as desk:
            app.state.desk = desk
            yield

    app = FastAPI(
        title="Enogu review", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None
    )
    page = (STATIC / "index.html").read_text(encoding="utf-8")
    app.add_middleware(Guard, token=token, page=page)
    app.add_exception_handler(EnoguError, _say_error)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/")
    async def index() -> HTMLResponse:
        return HTMLResponse(page)

    _add_questions(app)
    _add_pictures(app)
    return app


def _desk(request: Request) -> ReviewDesk:
    return request.app.state.desk


def _add_questions(app: FastAPI) -> None:
    # The desk is asked in the loop's own thread: its database belongs to one, and it is quick.
    @app.get("/api/wall")
    async def wall(request: Request) -> Response:
        desk = _desk(request)
        return JSONResponse(
            {
                "project": desk.project.name,
                "can_undo": desk.can_undo,
                "rows": [row_as_dict(row) for row in desk.rows()],
            }
        )

    @app.get("/api/picture/{picture_id}")
    async def picture(request: Request, picture_id: str) -> Response:
        desk = _desk(request)
        return JSONResponse(view_as_dict(desk, desk.view(picture_id)))

    @app.post("/api/verdict")
    async def verdict(request: Request, question: VerdictQuestion) -> Response:
        desk = _desk(request)
        desk.give(question.ids, question.verdict)
        return _changed(desk, question.ids)

    @app.post("/api/step")
    async def step(request: Request, question: StepQuestion) -> Response:
        desk = _desk(request)
        desk.answer(question.id, question.step, question.answer)
        return _changed(desk, [question.id])

    @app.post("/api/crop")
    async def crop(request: Request, question: CropQuestion) -> Response:
        desk = _desk(request)
        desk.draw_crop(question.id, question.box)
        return _changed(desk, [question.id])

    @app.post("/api/regions")
    async def regions(request: Request, question: RegionsQuestion) -> Response:
        desk = _desk(request)
        desk.draw_regions(question.id, [[*one] for one in question.regions])
        return _changed(desk, [question.id])

    @app.put("/api/mask/{picture_id}")
    async def mask(request: Request, picture_id: str) -> Response:
        desk = _desk(request)
        drawn = await run_in_threadpool(read_drawn_mask, await request.body())
        key = desk.draw_mask(picture_id, drawn)
        return _changed(desk, [picture_id], mask=key)

    @app.post("/api/undo")
    async def undo(request: Request) -> Response:
        desk = _desk(request)
        return _changed(desk, desk.undo())


def _add_pictures(app: FastAPI) -> None:
    @app.get("/thumbnail/{picture_id}")
    async def thumbnail(request: Request, picture_id: str) -> Response:
        desk = _desk(request)
        original = desk.original(picture_id)
        path = desk.thumbnails.path(picture_id)
        if not path.is_file():
            path = await run_in_threadpool(desk.thumbnails.make, picture_id, original)
        return FileResponse(path, media_type="image/jpeg", headers=_FOREVER)

    @app.get("/full/{picture_id}")
    async def full(request: Request, picture_id: str) -> Response:
        desk = _desk(request)
        data = await run_in_threadpool(full_view, desk.original(picture_id), desk.loader)
        return Response(data, media_type="image/jpeg", headers=_FOREVER)

    @app.get("/after/{picture_id}")
    async def after(request: Request, picture_id: str) -> Response:
        desk = _desk(request)
        data = await run_in_threadpool(
            after_view,
            desk.original(picture_id),
            desk.loader,
            _crop(desk, picture_id),
            _used_file(desk, picture_id, PICTURE_FILE, ("colour", "transparent")),
            _used_file(desk, picture_id, MASK_FILE, ("mask",)),
        )
        return Response(data, media_type="image/jpeg")

    @app.get("/mask/{picture_id}")
    async def mask(request: Request, picture_id: str) -> Response:
        path = _desk(request).file_of(picture_id, BACKGROUND, MASK_FILE)
        if path is None:
            raise PictureError("this picture has no mask")
        data = await run_in_threadpool(mask_view, path)
        return Response(data, media_type="image/png")


def _crop(desk: ReviewDesk, picture_id: str) -> Box | None:
    result = desk.step(picture_id, TRIM)
    if result is None or "box" not in result.values:
        return None
    return Box.from_json(result.values["box"], where=f"trim of {picture_id[:12]}")


def _used_file(desk: ReviewDesk, picture_id: str, role: str, uses: tuple[str, ...]) -> Path | None:
    """Return a file of the background step, if the settings use it and it is sure."""
    result = desk.step(picture_id, BACKGROUND)
    if result is None or result.verdict == "unsure":
        return None
    if desk.project.resolved.config.prep.background not in uses:
        return None
    return desk.file_of(picture_id, BACKGROUND, role)


def _changed(desk: ReviewDesk, picture_ids: list[str], **more: str) -> Response:
    rows = [row_as_dict(row) for row in desk.rows_of(picture_ids)]
    return JSONResponse({"can_undo": desk.can_undo, "rows": rows, **more})


async def _say_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, EnoguError)
    code = 409 if isinstance(error, BusyError) else 400 if isinstance(error, UserError) else 500
    return JSONResponse({"message": error.message, "hint": error.hint}, status_code=code)


def row_as_dict(row: WallRow) -> dict[str, object]:
    """Return a row as the page reads it."""
    return {
        "id": row.picture_id,
        "name": row.relative,
        "verdict": row.verdict,
        "doubts": list(row.doubts),
        "covered": row.covered,
        "unsure": row.is_unsure,
        "refusal": row.refusal,
    }


def view_as_dict(desk: ReviewDesk, view: PictureView) -> dict[str, object]:
    """Return a picture as the page reads it."""
    crop = _crop(desk, view.row.picture_id)
    steps: list[dict[str, Any]] = []
    for one in view.steps:
        values = dict(one.values)
        other = values.get("of")
        if isinstance(other, str):
            values["of_name"] = desk.name_of(other)
        steps.append(
            {
                "step": one.step,
                "verdict": one.verdict,
                "found": one.found,
                "decided": one.decided,
                "values": values,
                "mask": one.mask,
                "can_accept": one.can_accept,
                "regions": [
                    {"kind": kind, "box": list(box), "score": score}
                    for kind, box, score in one.regions
                ],
            }
        )
    return {
        **row_as_dict(view.row),
        "width": view.width,
        "height": view.height,
        "after": None if crop is None else [crop.width, crop.height],
        "caption": view.caption,
        "notes": list(view.notes),
        "twins": list(view.twins),
        "steps": steps,
    }
