"""`enogu demo`: the main job from beginning to end on drawings the package makes."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape

from enogu.cli.common import Common, console
from enogu.project import create_project, find_adapter, open_project

DEMO_CONCEPT = "hoshina"
DEMO_PICTURES = 24
DEMO_SEED = 7


def demo(
    folder: Path = Path("enogu-demo"),
    *,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> int:
    """Draw pictures of a new character, train a LoRA on them, and draw with it.

    Needs no download and no GPU. Stopped half-way, the same command goes on.

    Example: enogu demo

    Args:
        folder: Where the project is made.
    """
    from enogu.cli.train_command import run_training
    from enogu.draw.job import draw_pictures
    from enogu.files import make_dirs
    from enogu.train.forecast import forecast
    from enogu.train.plan import write_contact_sheet
    from enogu.train.setup import open_setup
    from enogu.world.concepts import write_dataset, write_everyday_pictures

    root = folder.absolute()
    if not (root / "enogu.toml").is_file():
        drawings = root.with_name(f"{root.name}-drawings")
        everyday = root.with_name(f"{root.name}-regularisation")
        console.print(
            f"Drawing {DEMO_PICTURES} pictures of the character {DEMO_CONCEPT}, and as many of "
            "others that hold the base's own ideas in place …"
        )
        write_dataset(drawings, DEMO_CONCEPT, DEMO_PICTURES, DEMO_SEED)
        write_everyday_pictures(everyday, DEMO_PICTURES, DEMO_SEED)
        create_project(
            root,
            drawings,
            base="mini",
            trigger=DEMO_CONCEPT,
            assignments=[f"pictures.regularisation=../{everyday.name}", *common.set],
        )
    project = open_project(root, common.assignments())
    setup = open_setup(project)
    write_contact_sheet(setup, make_dirs(project.work_dir) / "contact-sheet.png")
    prediction = forecast(setup)
    console.print(
        f"Training: {project.resolved.config.train.steps} steps, about "
        f"{prediction.seconds / 60:.0f} min, {prediction.peak_bytes / 2**20:.0f} MiB"
    )
    code = run_training(project, as_json=common.json)
    if code:
        return code
    adapter = find_adapter(project.runs_dir / "latest")
    drawn = make_dirs(root / "drawn")
    for name, loras in (("with-lora", [(adapter, 1.0)]), ("without-lora", [])):
        paths = [drawn / f"{name}-{seed}.png" for seed in range(1, 5)]
        draw_pictures(
            project.resolved.config,
            project.base_reference,
            f"{DEMO_CONCEPT}, 1girl, smile, blue background",
            loras=loras,
            seeds=range(1, 5),
            size=None,
            paths=paths,
        )
    console.print(f"Pictures: {escape(str(drawn))}")
    console.print(f"Open {escape(str(project.runs_dir))}/…/report.html in a browser.")
    return 0
