"""`enogu pictures buckets`: what training will see of each picture, and what would lose less."""

from typing import Annotated

from cyclopts import Parameter
from rich.markup import escape
from rich.table import Table

from enogu.cli.common import Common, console, counted, print_json
from enogu.pictures.bucket_plan import (
    BucketPicture,
    BucketPlan,
    BucketProposal,
    CropProposal,
    plan_buckets,
    propose_crops,
    propose_rules,
)

_SHOWN = 8


def buckets(
    *,
    mode: Annotated[str | None, Parameter(show_default=False)] = None,
    common: Annotated[Common, Parameter(name="*")] = Common(),  # noqa: B008 frozen
) -> None:
    """Say what training will see of each picture; changes nothing.

    Example: enogu pictures buckets --mode list

    Args:
        mode: Try another rule: fit, list or no_upscale (sd-scripts), aspects (OneTrainer).
    """
    from enogu.families.detect import inspect_base
    from enogu.files import make_dirs
    from enogu.pictures.contact_sheet import contact_sheet
    from enogu.pictures.scan import scan_pictures
    from enogu.project.prep import prepared_pictures
    from enogu.train.ways import bucket_rule

    project = common.open_project(pictures__bucket_mode=mode)
    settings = project.resolved.config.pictures
    info = inspect_base(project.base_reference)
    rule = bucket_rule(
        settings, native_resolution=info.native_resolution, base_step=info.bucket_step
    )
    scan = scan_pictures(
        project.pictures_dir,
        leave_out=project.regularisation_dir,
        max_megapixels=settings.max_megapixels,
    )
    samples = prepared_pictures(project, scan.records, rule.resolution.width)
    plan = plan_buckets(samples.records, rule)
    rules = propose_rules(plan, base_step=info.bucket_step)
    crops = propose_crops(plan)
    sheet = None
    if plan.pictures:
        sheet = contact_sheet(
            [(one.record, one.fit) for one in plan.pictures],
            make_dirs(project.work_dir) / "buckets.png",
            background=settings.background,
            max_megapixels=settings.max_megapixels,
        )
    if common.json:
        print_json({**_as_dict(plan, rules, crops), "sheet": str(sheet) if sheet else None})
        return
    _show(plan, rules, crops)
    for note in samples.notes:
        console.print(f"[yellow]note[/] {escape(note)}")
    if sheet is not None:
        console.print(f"What is cut off, pale: {escape(str(sheet))}")


def _show(
    plan: BucketPlan,
    rules: tuple[BucketProposal, ...],
    crops: tuple[CropProposal, ...],
) -> None:
    table = Table(box=None)
    for heading in ("size", "pictures", "cut off (mean, worst)", "enlarged (most)"):
        table.add_column(heading, justify="right")
    for bucket, members in plan.by_bucket.items():
        lost = [one.fit.lost for one in members]
        enlarged = [one.fit.upscale for one in members if one.fit.upscale > 1]
        table.add_row(
            str(bucket),
            str(len(members)),
            f"{sum(lost) / len(lost):.0%}, {max(lost):.0%}",
            f"{len(enlarged)} ({max(enlarged):.2f}x)" if enlarged else "none",
        )
    console.print(table)
    console.print(
        f"{counted(len(plan.pictures), 'sample')} in {counted(len(plan.by_bucket), 'bucket')}; "
        f"{plan.mean_lost:.1%} of a picture is cut off on average"
    )
    worst = sorted(plan.pictures, key=lambda one: -one.fit.lost)[:_SHOWN]
    for one in worst:
        if one.fit.lost > 0.1:
            console.print(f"  loses {one.fit.lost:.0%}: {escape(one.record.name)}")
    for one in plan.cut_subjects[:_SHOWN]:
        seen = one.subject_seen or 0.0
        console.print(f"  [yellow]subject cut[/] ({seen:.0%} seen): {escape(one.record.name)}")
    single = plan.single
    if single:
        names = ", ".join(one.record.name for one in single[:5])
        more = f" and {len(single) - 5} more" if len(single) > 5 else ""
        console.print(f"alone in their bucket, so trained one at a time: {escape(names + more)}")
    for one in rules:
        words = " ".join(f"--set {name}={value}" for name, value in one.settings.items())
        console.print(
            f"[green]loses less[/]: {words} cuts {one.mean_lost:.1%} in "
            f"{counted(one.num_buckets, 'bucket')}"
        )
    for one in crops[:_SHOWN]:
        console.print(
            f"[green]shows more[/] ({one.seen_now:.0%} to {one.seen_then:.0%}): "
            f"enogu pictures trim {escape(one.record.relative)} --box {one.box}"
        )


def _as_dict(
    plan: BucketPlan,
    rules: tuple[BucketProposal, ...],
    crops: tuple[CropProposal, ...],
) -> dict[str, object]:
    return {
        "mode": plan.rule.mode,
        "resolution": plan.rule.resolution.width,
        "step": plan.rule.step,
        "mean_lost": round(plan.mean_lost, 4),
        "buckets": [
            {"width": bucket.width, "height": bucket.height, "pictures": len(members)}
            for bucket, members in plan.by_bucket.items()
        ],
        "single": [one.record.name for one in plan.single],
        "pictures": [_picture(one) for one in plan.pictures],
        "rules": [
            {
                "settings": one.settings,
                "mean_lost": round(one.mean_lost, 4),
                "enlarged": one.num_enlarged,
                "buckets": one.num_buckets,
            }
            for one in rules
        ],
        "crops": [
            {
                "name": one.record.name,
                "box": [*one.box],
                "seen_now": round(one.seen_now, 4),
                "seen_then": round(one.seen_then, 4),
            }
            for one in crops
        ],
    }


def _picture(one: BucketPicture) -> dict[str, object]:
    seen = one.subject_seen
    return {
        "name": one.record.name,
        "size": [one.record.width, one.record.height],
        "bucket": [*one.fit.bucket],
        "window": [*one.window],
        "scale": round(one.fit.scale, 4),
        "lost": round(one.fit.lost, 4),
        "subject_seen": None if seen is None else round(seen, 4),
    }
