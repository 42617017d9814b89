"""Who may ask: only the person's own browser, on this machine, with the token of this start.

Other pages in the same browser can send requests to this one. They cannot read the cookie, cannot
send the own header without being asked first, and cannot pretend another name of the machine.
"""

import base64
import hashlib
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

OWN_HEADER: Final = "x-enogu"
_MOST_BYTES: Final = 64 << 20
_IMPORT_MAP: Final = re.compile(r'<script type="importmap">(.*?)</script>', re.DOTALL)


class Guard:
    """Lets requests through that carry the token, and closes the page to everything foreign.

    Args:
        app: What is guarded.
        token: Given once in the address, then kept in a cookie.
        page: The HTML of the page; its import map is the only inline script allowed.
    """

    def __init__(self, app: ASGIApp, token: str, page: str) -> None:
        self._app = app
        self._token = token
        self._policy = content_policy(page)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        target = self._app if refusal is None else refusal

        async def send_closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = self._policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await target(scope, receive, send_closed)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host.rpartition(":")[0] not in ("127.0.0.1", "localhost", "[::1]"):
            # A foreign name that leads to this machine would make its page ours.
            return _no(f"this page has another address than {host!r}")
        cookie = cookie_name(host)
        query = parse_qs(scope["query_string"].decode("latin-1"))
        given = query.pop("token", [""])[0]
        if scope["path"] == "/" and given:
            if not secrets.compare_digest(given.encode(), self._token.encode()):
                return _no("the token in the address is not that of this start")
            rest = f"?{urlencode(query, doseq=True)}" if query else ""
            answer = RedirectResponse(f"/{rest}", status_code=303)
            answer.set_cookie(cookie, self._token, httponly=True, samesite="strict", path="/")
            return answer
        kept = _cookies(headers.get("cookie", "")).get(cookie, "")
        if not secrets.compare_digest(kept.encode(), self._token.encode()):
            return _no("open the address that enogu pictures review printed; it holds the token")
        if scope["method"] not in ("GET", "HEAD"):
            if OWN_HEADER not in headers or headers.get("origin", f"http://{host}") != (
                f"http://{host}"
            ):
                return _no("changes are made by this page alone")
            length = headers.get("content-length", "")
            if not length.isdigit() or int(length) > _MOST_BYTES:
                return JSONResponse(
                    {"message": f"the request says no size or more than {_MOST_BYTES} bytes"},
                    status_code=413,
                )
        return None


def cookie_name(host: str) -> str:
    """Return the name of the cookie; browsers share cookies between ports of a machine."""
    return f"enogu-{host.rpartition(':')[2]}"


def content_policy(page: str) -> str:
    """Return what the page may load: itself, and its import map by its hash."""
    maps = _IMPORT_MAP.findall(page)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'"
        for one in maps
    )
    return (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _cookies(text: str) -> dict[str, str]:
    try:
        return {name: one.value for name, one in SimpleCookie(text).items()}
    except CookieError:
        return {}


def _no(reason: str) -> Response:
    return PlainTextResponse(f"Not allowed: {reason}.\n", status_code=403)
