"""What a computation keeps and takes, found by running it on the meta device, without memory."""

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class StepTrace:
    """One forward pass without memory: bytes that autograd keeps of it, and its operations."""

    saved_bytes: int
    flops: float


def trace_forward(run: Callable[[], object], known: Iterable[Tensor]) -> StepTrace:
    """Call `run` on the meta device with gradients on, and count.

    Args:
        run: Called once.
        known: Tensors that exist anyway and are not counted.
    """
    counter = FlopCounterMode(display=False)
    with counter, _FusedAttention(counted=True):
        kept = saved_bytes(run, known)
    return StepTrace(kept, counter.get_total_flops())


def saved_bytes(run: Callable[[], object], known: Iterable[Tensor]) -> int:
    """Return how many bytes autograd keeps for the way back when `run()` is called.

    Args:
        run: Called once, with gradients on.
        known: Tensors that exist anyway and are not counted.
    """
    exist = {_storage_id(value) for value in known}
    kept: dict[int, Any] = {}

    def pack(value: Tensor) -> Tensor:
        storage = value.untyped_storage()
        if (identity := _storage_id(value)) not in exist:
            # The storage itself is held, so that its address cannot be used again meanwhile.
            kept[identity] = storage
        return value

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda value: value):
        run()
    return sum(storage.nbytes() for storage in kept.values())


def peak_bytes(run: Callable[[], object]) -> int:
    """Return the most bytes that `run` holds at once, without gradients, on the meta device.

    Counted is what it makes; what exists before is not.
    """
    with torch.no_grad(), _FusedAttention(counted=False), _LiveBytes() as live:
        run()
    return live.peak


class _LiveBytes(TorchDispatchMode):
    """Counts the bytes of storages made inside it while they are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.peak = 0

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401  torch gives an operation no public type
        types: Any,  # noqa: ANN401
        args: Any = (),  # noqa: ANN401
        kwargs: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        before = {
            _storage_id(value) for value in tree_iter((args, kwargs)) if isinstance(value, Tensor)
        }
        result = func(*args, **(kwargs or {}))
        for value in tree_iter(result):
            if isinstance(value, Tensor) and _storage_id(value) not in before:
                self._count(value.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        size = storage.nbytes()
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._release, size)

    def _release(self, size: int) -> None:
        self.now -= size


class _FusedAttention(TorchFunctionMode):
    """Attention as the devices compute it: never all scores at once.

    On the meta device torch would take the plain way and keep a score for every pair of tokens,
    which neither the CPU nor a GPU does.

    Args:
        counted: Whether its products are done, so that their operations are counted.
    """

    def __init__(self, *, counted: bool) -> None:
        super().__init__()
        self._counted = counted

    def __torch_function__(
        self,
        func: Any,  # noqa: ANN401
        types: Any,  # noqa: ANN401
        args: Any = (),  # noqa: ANN401
        kwargs: Any = None,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        if func is torch.nn.functional.scaled_dot_product_attention:
            named = kwargs or {}
            names = ("query", "key", "value")
            q, k, v = (
                args[place] if place < len(args) else named[name]
                for place, name in enumerate(names)
            )
            return cast(Tensor, _Attend.apply(q, k, v, self._counted))
        return func(*args, **(kwargs or {}))


class _Attend(torch.autograd.Function):
    """Keeps what fused attention keeps: its inputs and its output."""

    @staticmethod
    def forward(ctx: Any, q: Tensor, k: Tensor, v: Tensor, counted: bool) -> Tensor:  # noqa: ANN401
        """Return a tensor of the shape of the output."""
        if counted:
            torch.matmul(torch.matmul(q, k.transpose(-1, -2)), v)
        out = q.new_empty(*q.shape[:-1], v.shape[-1])
        ctx.save_for_backward(q, k, v, out)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:  # noqa: ANN401
        """Never called: a trace has no way back."""
        raise NotImplementedError


def _storage_id(value: Tensor) -> int:
    # Tensors without memory all have the data pointer 0; only the storage object tells them apart.
    return value.untyped_storage()._cdata  # pyright: ignore[reportPrivateUsage]
