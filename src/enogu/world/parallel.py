"""Training in several processes: each takes a part of every batch, gradients are averaged.

On a CPU two processes of one thread each are worth far more than one process of two threads: the
networks are small, and between the products that threads share much runs on one of them alone.
Without a process group everything here does nothing.
"""

import tempfile
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, distributed, multiprocessing, nn


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
    if not _active():
        return
    gradients = [p.grad for p in parameters if p.grad is not None]
    # One message instead of hundreds.
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= num_processes()
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
