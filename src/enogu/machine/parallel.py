"""Training in several processes: each takes a part of every batch, gradients are averaged.

On a CPU two processes of one thread each are worth far more than one process of two threads: the
networks are small, and between the products that threads share much runs on one of them alone.
Without a process group everything here does nothing.
"""

import contextlib
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, multiprocessing, nn

from enogu.errors import EnoguError, RunError

_PATIENCE = timedelta(days=7)
"""How long a process waits for the others: process 0 draws samples and saves meanwhile."""

_BACKENDS = {"cpu": "gloo", "cuda": "cpu:gloo,cuda:nccl"}
"""How processes exchange tensors of a device."""


def run_together(work: Callable[[], None], count: int) -> None:
    """Run `work` in `count` processes that train together, and return when all are done.

    Args:
        work: Can be pickled. With a count of 1 it runs right here.
        count: Processes, 1 or more.
    """
    if count == 1:
        work()
        return
    with tempfile.TemporaryDirectory() as folder:
        address = f"file://{folder}/meeting"
        multiprocessing.spawn(_join, args=(address, count, work), nprocs=count)


def _join(number: int, address: str, count: int, work: Callable[[], None]) -> None:
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=address, rank=number, world_size=count)
    try:
        work()
    finally:
        distributed.destroy_process_group()


@contextlib.contextmanager
def leading(
    work: Callable[[], None], count: int, *, device: str = "cpu", threads: int = 1
) -> Generator[None]:
    """Be process 0 of `count` that train together, while the others do `work`.

    Ctrl-C reaches this process alone; it tells the others with the next exchange. Whatever ends
    the block, no other process outlives it.

    Args:
        work: Can be pickled; done by every other process.
        count: Processes in all; with 1 nothing happens.
        device: ``cpu`` or ``cuda``: what is exchanged.
        threads: CPU threads of each other process.

    Raises:
        RunError: Another process broke; the message is its own.
    """
    if count == 1:
        yield
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with _interrupts_ignored():
            others = [
                _start(number, count, folder, device, threads, work) for number in range(1, count)
            ]
        try:
            _wait_until_ready(others, folder)
            _join_group(0, count, folder, device)
            yield
        except RuntimeError as error:
            if not _has_broken(others):
                raise
            # The exchange broke off. What the other process said is the reason.
            raise _what_broke(folder, others) from error
        finally:
            if _active():
                distributed.destroy_process_group()
            for process in others:
                process.join(10)
                process.kill()


def _start(
    number: int, count: int, folder: Path, device: str, threads: int, work: Callable[[], None]
) -> Any:  # noqa: ANN401  a process of torch's own multiprocessing has no public type
    context = multiprocessing.get_context("spawn")
    arguments = (number, count, folder, device, threads, work)
    process = context.Process(target=_follow, args=arguments, daemon=True)
    process.start()
    return process


def _follow(
    number: int, count: int, folder: Path, device: str, threads: int, work: Callable[[], None]
) -> None:
    torch.set_num_threads(threads)
    try:
        (folder / f"ready-{number}").touch()
        _join_group(number, count, folder, device)
        work()
    except Exception as error:
        said = (
            error.message if isinstance(error, EnoguError) else f"{type(error).__name__}: {error}"
        )
        (folder / f"broke-{number}").write_text(said, encoding="utf-8")
        sys.exit(1)
    finally:
        if _active():
            distributed.destroy_process_group()


def _join_group(number: int, count: int, folder: Path, device: str) -> None:
    distributed.init_process_group(
        _BACKENDS[device],
        init_method=f"file://{folder}/meeting",
        rank=number,
        world_size=count,
        timeout=_PATIENCE,
    )


def _wait_until_ready(others: list[Any], folder: Path) -> None:
    """Wait until every process has started, or one has broken before it could join."""
    while len(list(folder.glob("ready-*"))) < len(others):
        if any(process.exitcode is not None for process in others):
            raise _what_broke(folder, others)
        time.sleep(0.05)


def _has_broken(others: list[Any]) -> bool:
    """Return whether another process ended in an error; gives each a moment to end."""
    for process in others:
        process.join(2)
    return any(process.exitcode for process in others)


def _what_broke(folder: Path, others: list[Any]) -> RunError:
    count = len(others) + 1
    said = [
        f"process {file.name.removeprefix('broke-')} of {count}: {file.read_text('utf-8')}"
        for file in sorted(folder.glob("broke-*"))
    ]
    return RunError(
        "; ".join(said) or "another process of this run ended without a word",
        hint="The last saved state is kept; the same command goes on from it.",
    )


@contextlib.contextmanager
def _interrupts_ignored() -> Generator[None]:
    """Let processes that are started now ignore Ctrl-C, which a terminal sends to all of them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def rank() -> int:
    """Return the number of this process, 0 for the one that saves and reports."""
    return distributed.get_rank() if _active() else 0


def num_processes() -> int:
    """Return how many processes train together."""
    return distributed.get_world_size() if _active() else 1


def part_of(step: int) -> int:
    """Return the number of this process's part of batch `step`: no two parts are alike."""
    return step * num_processes() + rank()


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace every gradient by its mean over the processes."""
    if _active():
        gradients = [p.grad for p in parameters if p.grad is not None]
        _exchange(gradients, num_processes())


def sum_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """Replace every gradient of a trained parameter by its sum over the processes.

    A process that had no part of the batch takes part with zeros.
    """
    if not _active():
        return
    trained = [p for p in parameters if p.requires_grad]
    for parameter in trained:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
    _exchange([p.grad for p in trained if p.grad is not None], 1)


def _exchange(gradients: list[Tensor], divisor: int) -> None:
    # One message instead of hundreds.
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= divisor
    start = 0
    for gradient in gradients:
        gradient.copy_(flat[start : start + gradient.numel()].view_as(gradient))
        start += gradient.numel()


def total(value: float) -> float:
    """Return the sum of `value` over the processes."""
    if not _active():
        return value
    number: Tensor = torch.tensor([value], dtype=torch.float64)
    distributed.all_reduce(number)
    return float(number)


def first_then_others(work: Callable[[], None]) -> None:
    """Run `work` in process 0 while the others wait."""
    if rank() == 0:
        work()
    if _active():
        distributed.barrier()


def _active() -> bool:
    return distributed.is_available() and distributed.is_initialized()
