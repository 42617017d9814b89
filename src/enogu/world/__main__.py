"""`python -m enogu.world draw|dataset|train|card|tags`: the drawn world from the command line."""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from enogu.errors import EnoguError
from enogu.files import atomic_path, make_dirs

MINI_DIR = Path(__file__).resolve().parents[1] / "families" / "mini"


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all five commands."""
    parser = argparse.ArgumentParser(prog="python -m enogu.world", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    draw = commands.add_parser("draw", help="draw characters from tags, by code")
    draw.add_argument("tags", help='for example "1girl, red hair, witch hat, smile"')
    draw.add_argument("-n", "--count", type=int, default=1, help="pictures (default 1)")
    draw.add_argument("--seed", type=int, default=0)
    draw.add_argument("--size", type=int, default=128, help="pixels (default 128)")
    draw.add_argument("--out", type=Path, default=Path("."), help="folder (default: here)")
    dataset = commands.add_parser("dataset", help="write a training folder of a held-out concept")
    dataset.add_argument("out", type=Path)
    dataset.add_argument(
        "--concept", default="hoshina", help="hoshina, rukemi, aizome, or everyday"
    )
    dataset.add_argument("-n", "--count", type=int, default=20)
    dataset.add_argument("--seed", type=int, default=0)
    dataset.add_argument("--size", type=int, default=128)
    train = commands.add_parser("train", help="make mini from nothing; run again to go on")
    train.add_argument("--work", type=Path, default=Path("build/mini"), help="pool and states")
    train.add_argument("--out", type=Path, default=MINI_DIR, help="the diffusers folder")
    train.add_argument("--pictures", type=int, default=24_000)
    for stage, seconds in (("vae", 900.0), ("text", 110.0), ("unet", 5600.0)):
        train.add_argument(
            f"--{stage}-seconds", type=float, default=seconds, help=f"CPU-seconds ({seconds:.0f})"
        )
    train.add_argument(
        "--threads", type=int, help="default: all cores; 1 wastes least on a shared machine"
    )
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--fp32", action="store_true", help="for CPUs without bf16 instructions")
    card = commands.add_parser("card", help="measure mini and write its model card")
    card.add_argument("--mini", type=Path, default=MINI_DIR)
    card.add_argument("--work", type=Path, default=Path("build/mini"))
    card.add_argument("--grid", type=Path, default=None, help="PNG of truth above model")
    card.add_argument("-n", "--count", type=int, default=128, help="prompts to judge")
    commands.add_parser("tags", help="list the tags the world knows")
    return parser


def _draw(options: argparse.Namespace) -> None:
    from enogu.world.drawing import draw

    tags = options.tags.split(",")
    make_dirs(options.out)
    for i in range(options.count):
        path = options.out / f"world_{options.seed + i:04d}.png"
        with atomic_path(path) as temporary:
            draw(tags, options.seed + i, options.size).save(temporary, format="PNG")
        print(path)


def _dataset(options: argparse.Namespace) -> None:
    from enogu.world.concepts import EVERYDAY, write_dataset, write_everyday_pictures

    out, count, seed, size = options.out, options.count, options.seed, options.size
    if options.concept == EVERYDAY:
        paths = write_everyday_pictures(out, count, seed, size=size)
    else:
        paths = write_dataset(out, options.concept, count, seed, size=size)
    print(f"wrote {len(paths)} pictures with captions to {options.out}")


def _train(options: argparse.Namespace) -> None:
    import torch

    from enogu.machine import keep_freed_memory, probe_machine
    from enogu.world.architecture import MiniShape
    from enogu.world.mini import MiniBudget, train_mini
    from enogu.world.training_state import Budget

    torch.set_num_threads(options.threads or probe_machine().physical_cores)
    keep_freed_memory()
    budget = MiniBudget(
        pictures=options.pictures,
        vae=Budget(cpu_seconds=options.vae_seconds),
        text=Budget(cpu_seconds=options.text_seconds),
        diffusion=Budget(cpu_seconds=options.unet_seconds),
    )
    size = train_mini(
        options.work,
        options.out,
        budget=budget,
        shape=MiniShape(),
        seed=options.seed,
        bf16=not options.fp32,
    )
    print(f"wrote {size / 1e6:.1f} MB to {options.out}")


def _card(options: argparse.Namespace) -> None:
    from enogu.world.card import write_card

    print(write_card(options.mini, options.work, grid_path=options.grid, count=options.count))


def _tags(options: argparse.Namespace) -> None:
    from enogu.world.axes import KNOWN_TAGS

    del options
    print("\n".join(sorted(KNOWN_TAGS)))


_COMMANDS = {"draw": _draw, "dataset": _dataset, "train": _train, "card": _card, "tags": _tags}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code."""
    options = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    try:
        _COMMANDS[options.command](options)
    except EnoguError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("stopped; the same command goes on from the last saved state", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
