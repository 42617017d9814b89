"""`enogu adapter`: merging, resizing, extracting and converting adapter files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter
from rich.markup import escape

from enogu.cli.common import Common, console, counted, gib, print_json
from enogu.cli.draw_command import parse_lora
from enogu.errors import ConfigError
from enogu.project import find_adapter

if TYPE_CHECKING:
    from enogu.adapters.tools import RankRule, ToolResult
    from enogu.families.base import Base

adapter_app = App(name="adapter", help="Merge, resize, extract and convert adapter files.")

Format = Literal["fp16", "bf16", "fp32"]
Rule = Literal["sv_ratio", "sv_cumulative", "sv_fro"]


@adapter_app.command
def merge(
    adapters: list[str],
    *,
    out: Path,
    into: str | None = None,
    blocks: Annotated[list[str] | None, Parameter(negative=())] = None,
    base: str | None = None,
    rank: int = 64,
    conv_rank: int | None = None,
    rule: Rule | None = None,
    goal: float = 0.0,
    dtype: Format = "fp16",
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Merge adapters into one LoRA, or into a base with --into.

    Example: enogu adapter merge style.safetensors:0.6 hero.safetensors:0.8 --out both.safetensors

    Args:
        adapters: Adapter files or run folders, each with its weight: FILE:0.8.
        out: The file to write.
        into: A base: its weights with the adapters in them are written instead of a LoRA.
        blocks: Strengths by block of the adapter at the same place: IN04=0.5,MID=0 or one number
            per block. May be given once per adapter. Needs --base.
        base: The base the adapters are for; needed for kinds whose effect depends on it.
        rank: Rank of the merged LoRA; the sum of all ranks makes it exact.
        conv_rank: Rank of its 3x3 convolutions.
        rule: Let each layer choose its rank up to --rank: see `enogu adapter resize`.
        goal: Goal of the rule.
        dtype: Number format of the file.
    """
    from enogu.adapters.blocks import BlockLayout
    from enogu.adapters.tools import MergeSource, merge_adapters, merge_into_base, parse_blocks

    files = [
        (find_adapter(Path(name).expanduser()), weight)
        for name, weight in map(parse_lora, adapters)
    ]
    if into is not None:
        if blocks or base is not None:
            raise ConfigError("--into takes the adapters whole: leave out --blocks and --base")
        from enogu.adapters.file import SAVE_DTYPES
        from enogu.families.load import load_base

        warnings = merge_into_base(load_base(into), files, out, SAVE_DTYPES[dtype])
        _tell(common, {"base": str(out), "warnings": warnings}, f"Wrote the base {out}")
        return
    texts = blocks or []
    if len(texts) > len(files):
        raise ConfigError(f"--blocks is given {len(texts)} times for {len(files)} adapters")
    loaded = _base(base)
    if texts and loaded is None:
        raise ConfigError("--blocks needs --base, which says what belongs to which block")
    by_place = [
        parse_blocks(text, BlockLayout.of_base(loaded)) if loaded is not None else {}
        for text in texts
    ]
    by_place += [{}] * (len(files) - len(texts))
    sources = [
        MergeSource(path=path, weight=weight, blocks=strengths)
        for (path, weight), strengths in zip(files, by_place, strict=True)
    ]
    result = merge_adapters(
        sources, out, _rule(rank, conv_rank, rule, goal), base=loaded, dtype=dtype
    )
    _show(common, result)


@adapter_app.command
def resize(
    adapter: Path,
    *,
    out: Path,
    rank: int = 16,
    conv_rank: int | None = None,
    rule: Rule | None = None,
    goal: float = 0.0,
    cut: bool = False,
    base: str | None = None,
    dtype: Format = "fp16",
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Write an adapter of any kind as a LoRA of another rank, by its singular values.

    Example: enogu adapter resize big.safetensors --out small.safetensors --rank 16

    Args:
        adapter: An adapter file or run folder.
        out: The file to write.
        rank: The rank, or the largest one when a rule chooses.
        conv_rank: The same for 3x3 convolutions.
        rule: Choose a rank per layer: sv_ratio keeps singular values above the largest divided by
            the goal, sv_fro a share of the norm, sv_cumulative a share of the sum of values.
        goal: Goal of the rule: above 1 for sv_ratio, else a share such as 0.9.
        cut: Take the first ranks of a DyLoRA as they are.
        base: The base the adapter is for; needed for kinds whose effect depends on it.
        dtype: Number format of the file.
    """
    from enogu.adapters.tools import cut_dylora, resize_adapter

    path = find_adapter(adapter.expanduser())
    if cut:
        if rule is not None or conv_rank is not None or base is not None:
            raise ConfigError("--cut takes --rank alone: leave out --rule, --conv-rank and --base")
        _show(common, cut_dylora(path, out, rank))
        return
    rank_rule = _rule(rank, conv_rank, rule, goal)
    _show(common, resize_adapter(path, out, rank_rule, base=_base(base), dtype=dtype))


@adapter_app.command
def extract(
    original: str,
    tuned: str,
    *,
    out: Path,
    rank: int = 16,
    conv_rank: int | None = None,
    rule: Rule | None = None,
    goal: float = 0.0,
    least: float = 1e-4,
    dtype: Format = "fp16",
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Write what one base has learnt beyond another as a LoRA.

    Example: enogu adapter extract base.safetensors tuned.safetensors --out learnt.safetensors

    Args:
        original: The base the LoRA will be used on.
        tuned: The base that learnt something.
        out: The file to write.
        rank: The rank, or the largest one when a rule chooses.
        conv_rank: Also take the 3x3 convolutions, with this rank.
        rule: Choose a rank per layer: see `enogu adapter resize`.
        goal: Goal of the rule.
        least: Layers that differ by no more than this are left out.
        dtype: Number format of the file.
    """
    from enogu.adapters.tools import extract_adapter
    from enogu.families.load import load_base

    result = extract_adapter(
        load_base(original, parts=("unet", "text_encoders")),
        load_base(tuned, parts=("unet", "text_encoders")),
        out,
        _rule(rank, conv_rank, rule, goal),
        convolutions=conv_rank is not None,
        least=least,
        dtype=dtype,
    )
    _show(common, result)


@adapter_app.command
def convert(
    adapter: Path,
    *,
    out: Path,
    to: Literal["kohya", "diffusers", "lycoris"],
    base: str = "mini",
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Write an adapter under the names of other programs; no number is changed.

    Example: enogu adapter convert hero.safetensors --to diffusers --out hero-diffusers.safetensors

    Args:
        adapter: An adapter file or run folder.
        out: The file to write.
        to: kohya (A1111, ComfyUI, sd-scripts), diffusers (PEFT), or lycoris (LyCORIS alone).
        base: The base it is for, which knows its layers by all names.
    """
    from enogu.adapters.tools import convert_adapter
    from enogu.families.load import load_base

    path = find_adapter(adapter.expanduser())
    loaded = load_base(base, parts=("unet", "text_encoders"))
    _show(common, convert_adapter(path, out, to, base=loaded))


def _base(reference: str | None) -> "Base | None":
    if reference is None:
        return None
    from enogu.families.load import load_base

    return load_base(reference, parts=("unet", "text_encoders"))


def _rule(rank: int, conv_rank: int | None, rule: Rule | None, goal: float) -> "RankRule":
    from enogu.adapters.tools import RankRule

    return RankRule(rank=rank, conv_rank=conv_rank, rule=rule, goal=goal)


def _show(common: Common, result: "ToolResult") -> None:
    saved = result.saved
    ranks = ", ".join(f"{rank} ({count})" for rank, count in result.ranks.items())
    text = f"Wrote {saved.path}, {gib(saved.num_bytes)}: {counted(result.layers, 'layer')}"
    if ranks:
        text += f", ranks {ranks}, {result.kept:.1%} of the norm kept"
    values: dict[str, object] = {
        "path": str(saved.path),
        "num_bytes": saved.num_bytes,
        "model_hash": saved.model_hash,
        "layers": result.layers,
        "ranks": {str(rank): count for rank, count in result.ranks.items()},
        "kept": result.kept,
        "warnings": list(result.warnings),
    }
    _tell(common, values, text)


def _tell(common: Common, values: dict[str, object], text: str) -> None:
    if common.json:
        print_json(values)
    else:
        console.print(escape(text))
