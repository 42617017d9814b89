"""Starting the page: a free port of this machine, a fresh token, and the browser."""

import contextlib
import functools
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager

import uvicorn

from enogu.errors import RunError
from enogu.project.review import ReviewDesk
from enogu.studio.review_app import build_app

HOST = "127.0.0.1"


@contextlib.contextmanager
def listening(port: int) -> Generator[socket.socket]:
    """Take a port of this machine; 0 takes a free one.

    Raises:
        RunError: The port is taken.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            # From here on whoever connects waits until the page is served, and is not refused.
            listener.listen()
        except OSError as error:
            raise RunError(
                f"port {port} of this machine cannot be used ({error.strerror})",
                hint="Choose another one, or leave --port out to take a free one.",
            ) from error
        yield listener


def serve_review(
    open_desk: Callable[[], AbstractContextManager[ReviewDesk]],
    *,
    port: int = 0,
    say_address: Callable[[str], None],
    open_browser: bool = True,
) -> None:
    """Serve the review page until Ctrl-C.

    Args:
        open_desk: Opens the desk.
        port: Port of 127.0.0.1; 0 for a free one.
        say_address: Called with the address once the page answers.
        open_browser: Open it in the person's browser.

    Raises:
        RunError: The port is taken.
        UserError: What opening the desk raises.
    """
    token = secrets.token_urlsafe(24)
    # Once here, so that what is wrong with the project is said before anything starts.
    with contextlib.ExitStack() as stack, listening(port) as listener:
        desk = stack.enter_context(open_desk())
        app = build_app(functools.partial(contextlib.nullcontext, desk), token)
        config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="on")
        server = uvicorn.Server(config)
        address = f"http://{HOST}:{listener.getsockname()[1]}/?token={token}"
        watcher = threading.Thread(
            target=_when_started, args=(server, address, say_address, open_browser), daemon=True
        )
        watcher.start()
        # Ctrl-C is how it ends; uvicorn raises it again after it has closed.
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def _when_started(
    server: uvicorn.Server,
    address: str,
    say_address: Callable[[str], None],
    open_browser: bool,
) -> None:
    waiting = threading.Event()
    while not server.started:
        if server.should_exit:
            return
        waiting.wait(0.02)
    say_address(address)
    if open_browser:
        webbrowser.open(address)
