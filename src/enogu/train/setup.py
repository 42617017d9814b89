"""What is known of a run before any model is loaded."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from enogu.config import Known, ProjectConfig, find_conflicts
from enogu.errors import ConfigError
from enogu.families.detect import BaseInfo, inspect_base
from enogu.families.vae_file import check_vae
from enogu.machine import Precision, Workplace, choose_workplace
from enogu.machine.parallel import rank
from enogu.project import Project
from enogu.project.prep import prepared_pictures
from enogu.tags.caption import CaptionRules
from enogu.train.feed import Feed, FeedEntry
from enogu.train.held_out import with_held_out
from enogu.train.prepare import Prepared, prepare
from enogu.train.samples import SamplePrompt, sample_prompts
from enogu.train.ways import Ways


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A run, worked out from headers, settings and pictures alone.

    Attributes:
        project: The project.
        config: All settings, with the real number of steps.
        info: What the base's headers say.
        place: Device, number format and threads.
        prepared: The pictures and their rectangles.
        rules: How captions are made.
        feed: The order of the pictures.
        samples: What is drawn while training; none when nothing is.
    """

    project: Project
    config: ProjectConfig
    info: BaseInfo
    place: Workplace
    prepared: Prepared
    rules: CaptionRules
    feed: Feed
    samples: tuple[SamplePrompt, ...] = ()

    @property
    def device(self) -> torch.device:
        """Where the base will run."""
        return self.place.device

    @property
    def precision(self) -> Precision:
        """Number format of the base, and why."""
        return self.place.precision


def open_setup(project: Project) -> Setup:
    """Look at base, machine and pictures of a project.

    Raises:
        BaseModelError: The base is missing, damaged, of an unknown family, or contradicts a
            setting.
        PictureError: There is no picture that can be read.
        ConfigError: A setting does not fit the base or the machine.
        PromptError: A sample cannot be drawn.
    """
    config = project.resolved.config
    info = inspect_base(
        project.base_reference,
        prediction=config.model.prediction,
        zero_terminal_snr=config.model.zero_terminal_snr,
    )
    if vae := project.model_settings.vae:
        check_vae(Path(vae), info.architecture)
    place = choose_workplace(config.machine, num_parameters=info.num_parameters["unet"])
    known = Known(
        prediction=info.prediction,
        zero_terminal_snr=info.zero_terminal_snr,
        num_timesteps=info.num_train_timesteps,
        resolution=info.native_resolution,
        device=place.device.type,
    )
    if found := find_conflicts(config, known):
        raise ConfigError("\n".join(found))
    ways = Ways(
        config,
        project.root,
        native_resolution=info.native_resolution,
        base_step=info.bucket_step,
    )
    side = ways.whole.bucket_rule.resolution.width
    prepared = prepare(project, ways, lambda records: prepared_pictures(project, records, side))
    prepared = with_held_out(prepared, project, config)
    feed = Feed(
        [
            FeedEntry(item.fit.bucket, item.record.repeats, item.record.is_reg)
            for item in prepared.all_items
        ],
        batch_size=config.train.batch_size * config.train.accumulate * config.machine.gpus,
        seed=config.train.seed,
    )
    config = settled(config, feed)
    if found := find_conflicts(config, known):
        raise ConfigError("\n".join(found))
    rules = ways.whole.rules
    samples: tuple[SamplePrompt, ...] = ()
    if config.samples.drawn:
        samples = sample_prompts(
            config,
            prepared,
            rules,
            root=project.root,
            title=info.title,
            downscale=info.downscale,
        )
    return Setup(
        project=project,
        config=config,
        info=info,
        place=place,
        prepared=prepared,
        rules=rules,
        feed=feed,
        samples=samples,
    )


def settled(config: ProjectConfig, feed: Feed) -> ProjectConfig:
    """Return the settings with what depends on the number of pictures as numbers of steps."""
    train = config.train
    if train.epochs is None and not train.warmup_share:
        return config
    steps = train.steps if train.epochs is None else train.epochs * feed.batches_per_epoch
    warmup = round(train.warmup_share * steps) if train.warmup_share else train.warmup_steps
    changes = {"steps": steps, "epochs": None, "warmup_steps": warmup, "warmup_share": 0.0}
    return config.model_copy(update={"train": train.model_copy(update=changes)})


def on_own_device(project: Project) -> Project:
    """Return the project with the device of this process."""
    config = project.resolved.config
    leads_on = torch.device(config.machine.device)
    if leads_on.type != "cuda":
        return project
    index = ((leads_on.index or 0) + rank()) % torch.cuda.device_count()
    machine = config.machine.model_copy(update={"device": f"cuda:{index}"})
    config = config.model_copy(update={"machine": machine})
    return replace(project, resolved=replace(project.resolved, config=config))
