"""A whole run: caches, base, adapter, loop, files. The same call goes on where it was stopped."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal

from enogu import __version__
from enogu.adapters import AdapterSet, adapter_metadata, save_adapter
from enogu.adapters.file import SAVE_DTYPES
from enogu.config import MachineConfig
from enogu.families.base import Base
from enogu.families.spec import ALL_PARTS, Part
from enogu.files import make_dirs, storage_errors
from enogu.frozen import pack_frozen
from enogu.machine import peak_memory_bytes, return_freed_memory
from enogu.machine.parallel import leading, total
from enogu.project import Project
from enogu.project.runs import RunFolder
from enogu.train.adapter import attach_adapter, merged_adapters, starting_hashes
from enogu.train.advice import advise
from enogu.train.batch import BatchSource
from enogu.train.choose_run import RunChoice, choose_run
from enogu.train.content_cache import ContentCache
from enogu.train.ema import EmaWeights
from enogu.train.events import Event, EventLog, SilentLog, read_events
from enogu.train.facts import training_facts
from enogu.train.fit import Fit, fit_into_memory
from enogu.train.forecast import Forecast, held_while_training
from enogu.train.held import TILE_PX, hold_unet, loads_on
from enogu.train.held_out import measured_items
from enogu.train.identity import run_digest
from enogu.train.latent_cache import LatentCache
from enogu.train.load_base import load_base, text_hash, vae_hash
from enogu.train.loop import Observer, Trainer
from enogu.train.loss_scale import LossScale
from enogu.train.meter import Meter
from enogu.train.optimizers import build_optimizer, rates_of, set_rates, weights_for_use
from enogu.train.resume import resume_with_changes, why_other
from enogu.train.rounding import in_full_precision
from enogu.train.rounds import Rounds
from enogu.train.sample_scores import Judging, score_of_file
from enogu.train.samples import Sample, SampleDrawer
from enogu.train.saving import SaveTimes, is_of_a_step, sample_due, superseded
from enogu.train.setup import on_own_device, open_setup
from enogu.train.state import load_state, restore_optimizer, save_state
from enogu.train.tensorboard import TensorBoardWriter
from enogu.train.text_cache import TextCache
from enogu.train.validation import Validator

Stage = Literal["look", "latents", "captions", "load", "samples", "train"]
StageObserver = Callable[[Stage, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, kw_only=True)
class TrainResult:
    """How a `train` call ended.

    Attributes:
        run: The run folder.
        outcome: ``finished`` now, ``stopped`` half-way, or ``nothing`` to do because it was
            finished before.
        step: Steps done.
        adapter: The newest adapter file, when one was saved.
        note: A sentence for the person.
    """

    run: RunFolder
    outcome: Literal["finished", "stopped", "nothing"]
    step: int
    adapter: Path | None
    note: str


def train_project(
    project: Project,
    *,
    new: bool = False,
    resume: Path | None = None,
    judging: Judging | None = None,
    observe: Observer = lambda event: None,
    stage: StageObserver = lambda name, done, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> TrainResult:
    """Train the project's adapter, or go on with an interrupted run.

    Args:
        project: The project with its settings.
        new: Begin a new run even when there is one to go on with.
        resume: Go on with this run under the present settings, whatever they were before.
        judging: Counts the wished tags in the samples; None counts none.
        observe: Told every event.
        stage: Told the progress of everything before and between the steps.
        stop: Asked after every step; True saves and ends.

    Raises:
        BusyError: Another process works in the project.
        UserError: Something about settings, pictures or base is wrong; the message says what.
        NonFiniteError: The training broke down; the last good state is kept.
        StorageError: The disk is full; the last good state is kept.
    """
    with project.lock():
        started = time.time()
        stage("look", 0, 1)
        fit = fit_into_memory(open_setup(project))
        setup = fit.setup
        setup.place.occupy()
        base = load_base(setup, ())
        digest = run_digest(
            setup.config,
            setup.prepared,
            base_hash=vae_hash(base, setup),
            precision=setup.precision.name,
            starting_hashes=starting_hashes(project),
        )
        if resume is not None:
            resumption = resume_with_changes(project, resume, setup, base.content_hash)
            choice = RunChoice(
                resumption.run,
                "resume",
                resumption.step,
                resumption.note(),
                changes=resumption.changes,
            )
        else:
            choice = choose_run(
                project.runs_dir, digest, new=new, why_other=lambda run: why_other(run, setup)
            )
        stage("look", 1, 1)
        if choice.action == "finished":
            adapter = choice.run.newest_adapter()
            return TrainResult(
                run=choice.run,
                outcome="nothing",
                step=choice.step,
                adapter=adapter,
                note=choice.note,
            )
        session = _Session(fit, choice, base, digest, started, stage, observe, judging)
        return session.run(stop)


def follow_run(project: Project, choice: RunChoice, digest: str, needs: Forecast) -> None:
    """Take part in a run that another process leads; nothing is written.

    Args:
        project: With the settings of the leading process, all choices made.
        choice: The run and where it stands.
        digest: What makes this run this run.
        needs: What the run needs.
    """
    setup = open_setup(on_own_device(project))
    setup.place.occupy()
    fit = Fit(setup=setup, forecast=needs)
    base = load_base(setup, ())
    _Session(
        fit, choice, base, digest, time.time(), lambda name, done, total: None, lambda event: None
    ).follow()


class _Session:
    """The parts of one run, put together."""

    def __init__(
        self,
        fit: Fit,
        choice: RunChoice,
        base: Base,
        digest: str,
        started: float,
        stage: StageObserver,
        observe: Observer,
        judging: Judging | None = None,
    ) -> None:
        self.judging = judging
        self.fit = fit
        self.setup = fit.setup
        self.config = fit.setup.config
        self.choice = choice
        self.base = base
        self.digest = digest
        self.started = started
        self.stage = stage
        self.observe = observe
        self.log = EventLog(choice.run.events_path)
        self.rounds = Rounds(choice.run.rounds_dir, fit.setup.config.train)
        self.merged = merged_adapters(fit.setup.project)
        self.learnt: list[tuple[Path, float]] = []
        self.saved: Path | None = None
        self.board: TensorBoardWriter | None = None

    def run(self, stop: Callable[[], bool]) -> TrainResult:
        self._begin()
        try:
            return self._run(stop)
        finally:
            if self.board is not None:
                self.board.close()

    def follow(self) -> None:
        """Do the steps as a process that only follows."""
        self.log = SilentLog(self.choice.run.events_path)
        latents, text = self._fill_caches()
        for trainer in self._trainers(latents, text):
            finished = trainer.run(
                save=lambda trainer: None,
                sample=lambda trainer: None,
                save_due=lambda step: False,
                sample_due=lambda step: False,
                observe=lambda event: None,
                stop=lambda: False,
            )
            del trainer  # its base must be gone before the next is loaded
            if not finished:
                break

    def _run(self, stop: Callable[[], bool]) -> TrainResult:
        latents, text = self._fill_caches()
        return_freed_memory()
        settings = self.config.model_copy(update={"machine": self._machine_of_others()})
        project = replace(
            self.setup.project, resolved=replace(self.setup.project.resolved, config=settings)
        )
        with leading(
            partial(follow_run, project, self.choice, self.digest, self.fit.forecast),
            self.config.machine.gpus,
            device=self.setup.device.type,
            threads=self.setup.place.threads,
        ):
            return self._train(latents, text, stop)

    def _machine_of_others(self) -> MachineConfig:
        """Return the section ``machine`` with every choice made: others make none of their own."""
        changes = {"precision": self.setup.precision.name, "device": str(self.setup.device)}
        return self.config.machine.model_copy(update=changes)

    def _train(
        self, latents: LatentCache, text: TextCache | None, stop: Callable[[], bool]
    ) -> TrainResult:
        finished, step, early = True, self.choice.step, False
        for trainer in self._trainers(latents, text):
            finished = self._train_round(trainer, latents, text, stop)
            step, early = trainer.step, trainer.ended_early
            del trainer  # its base must be gone before the next is loaded
            if not finished:
                break
        peak = peak_memory_bytes(self.setup.device)
        self._record(
            "end" if finished else "stop",
            step=step,
            peak_bytes=peak,
            seconds=round(time.time() - self.started, 1),
            **({"early": True} if early else {}),
        )
        return TrainResult(
            run=self.choice.run,
            outcome="finished" if finished else "stopped",
            step=step,
            adapter=self.saved,
            note=self.choice.note,
        )

    def _train_round(
        self,
        trainer: Trainer,
        latents: LatentCache,
        text: TextCache | None,
        stop: Callable[[], bool],
    ) -> bool:
        """Train to the end of a round; return whether it was reached."""
        drawer = self._drawer(trainer.adapter)
        meter = self._meter(latents, text)
        try:
            return trainer.run(
                save=self._save,
                sample=lambda trained: self._sample(drawer, trained),
                save_due=SaveTimes(self.config.train, self.setup.feed).due,
                sample_due=lambda step: sample_due(self.config.samples, self.setup.feed, step),
                measure=meter.measure if meter is not None else None,
                measure_every=self.config.validation.every,
                observe=self._told,
                stop=stop,
            )
        except Exception as error:
            self._record("error", step=trainer.step, message=str(error))
            raise

    def _trainers(self, latents: LatentCache, text: TextCache | None) -> Iterator[Trainer]:
        """Yield one trainer for each round that is left, each with the base as it is by then."""
        looked_at, step, last = self.base, self.choice.step, False
        while not last:
            self.base = looked_at
            return_freed_memory()
            self._load(step, needs_text=text is None)
            trainer = self._trainer(latents, text, step)
            yield trainer
            step = trainer.step
            last = step == self.config.train.steps or trainer.ended_early
            del trainer
            # Nobody reads the adapter of a round before the process that leads has written it.
            total(0.0)

    def _record(self, event: str, **values: object) -> Event:
        entry = self.log.write(event, **values)
        self._told(entry)
        return entry

    def _told(self, entry: Event) -> None:
        if self.board is not None:
            self.board.write(entry)
        self.observe(entry)

    def _begin(self) -> None:
        run = self.choice.run
        if self.choice.action == "resume":
            self.log.rewind(self.choice.step)
            self._open_board()
            self._record("resume", step=self.choice.step, steps=self.config.train.steps)
            if self.choice.changes is not None:
                self._record_changes(self.choice.changes)
            return
        prediction = self.fit.forecast
        self._open_board()
        run.write_config(self.config)
        self._record(
            "start",
            digest=self.digest,
            version=__version__,
            base=self.base.title,
            base_hash=self.base.content_hash,
            precision=self.setup.precision.name,
            precision_reason=self.setup.precision.reason,
            pictures=len(self.setup.prepared.items),
            steps=self.config.train.steps,
            forecast_peak_bytes=prediction.peak_bytes,
            forecast_seconds=prediction.seconds,
            forecast_seconds_per_step=prediction.seconds_per_step,
            memory_settings={
                name: value
                for measure in self.fit.measures
                for name, value in measure.settings.items()
            },
        )

    def _record_changes(self, changes: Mapping[str, tuple[object, object]]) -> None:
        self.choice.run.write_config(self.config)
        self._record(
            "change",
            step=self.choice.step,
            digest=self.digest,
            steps=self.config.train.steps,
            pictures=len(self.setup.prepared.items),
            changes={name: list(pair) for name, pair in changes.items()},
        )

    def _open_board(self) -> None:
        folder = self.config.train.tensorboard
        if folder:
            run = self.choice.run
            place = self.setup.project.root / Path(folder).expanduser() / run.name
            self.board = TensorBoardWriter(run, place)

    def _fill_caches(self) -> tuple[LatentCache, TextCache | None]:
        """Make missing latents and text features, holding only the part that is needed."""
        setup, config, base = self.setup, self.config, self.base
        cache = ContentCache(setup.project.work_dir / "cache")
        _, held_out = measured_items(setup.prepared, config.validation)
        items = (*setup.prepared.all_items, *held_out)
        latents = LatentCache(
            cache,
            config.pictures,
            base_hash=vae_hash(base, setup),
            dtype=base.vae_dtype,
            downscale=base.downscale,
            masks=config.train.loss.masked,
            tile_px=TILE_PX if config.machine.vae_tiling else None,
        )
        if latents.missing(items):
            with_vae = self._load_part("vae")
            pack_frozen(with_vae.vae, dtype=with_vae.vae_dtype)
            latents.fill(with_vae, items, lambda done, total: self.stage("latents", done, total))
        if config.train.text_encoder:
            return latents, None
        text = TextCache(
            cache,
            setup.rules,
            seed=config.train.seed,
            num_variants=config.captions.variants,
            base_hash=text_hash(base, setup),
            dtype=base.dtype,
            clip_skip=config.model.clip_skip,
        )
        if config.train.loss.base_prior:
            items = (*items, *(item.general_twin(setup.rules) for item in items))
        wanted = [text.empty(), *(text.variants(item) for item in items)]
        if text.missing(wanted):
            with_text = self._load_part("text_encoders")
            for encoder in with_text.text_encoders:
                pack_frozen(encoder, dtype=with_text.dtype)
            text.fill(with_text, wanted, lambda done, total: self.stage("captions", done, total))
        return latents, text

    def _load_part(self, part: Part) -> Base:
        self.stage("load", 0, 1)
        return load_base(self.setup, (part,))

    def _load(self, step: int, *, needs_text: bool) -> None:
        """Load what the loop needs: the UNet, and the rest when samples or training ask for it.

        Args:
            step: Steps done; rounds that are over by then are merged.
            needs_text: Whether the text encoders are trained.
        """
        parts: list[Part] = ["unet", *held_while_training(self.setup)]
        assert needs_text <= ("text_encoders" in parts)
        self.stage("load", 0, 1)
        looked_at = self.base
        self.learnt = self.rounds.files(step)
        device = loads_on(self.config.machine, self.setup.device)
        self.base = load_base(self.setup, parts, device=device, learnt=self.learnt)
        # The files are gigabytes and their hash is known already.
        self.base.hash_content = lambda: looked_at.content_hash
        self.stage("load", 1, 1)

    def _trainer(self, latents: LatentCache, text: TextCache | None, step: int) -> Trainer:
        setup, config, rounds = self.setup, self.config, self.rounds
        number = rounds.next(step)
        adapter = attach_adapter(self.base, config, setup.project.root, round_number=number)
        if config.train.adapter_dtype == "bf16":
            for parameter in adapter.parameters():
                parameter.data = parameter.data.bfloat16()
        hold_unet(self.base, config.machine, setup.device)
        pack_frozen(self.base.unet, dtype=self.base.dtype)
        if config.train.gradient_checkpointing:
            self.base.unet.enable_gradient_checkpointing()
        groups = adapter.parameter_groups(up_rate=config.train.adapter.up_rate)
        optimizer = build_optimizer(config.train, groups)
        ema = EmaWeights(adapter, config.train.ema) if config.train.ema else None
        scale = LossScale() if setup.precision.name == "fp16" else None
        state = load_state(self.choice.run.state_path) if step else None
        if state is not None:
            scale = scale and (state.loss_scale or scale)
        if state is not None and not rounds.is_over(step):
            adapter.load_state_dict(state.adapter)
            fresh = rates_of(optimizer) if self.choice.changes is not None else None
            # Its numbers are fp32; torch would give them the format of the weights.
            with in_full_precision(adapter.parameters(), config.train.seed, state.step):
                restore_optimizer(optimizer, state.optimizer)
            if fresh is not None:
                set_rates(optimizer, fresh)
            if ema is not None:
                ema.load_state_dict(state.ema)
        source = BatchSource(
            config,
            setup.prepared.all_items,
            num_regularisation=len(setup.prepared.regularisation),
            feed=setup.feed,
            latents=latents,
            text=text,
            rules=setup.rules,
            device=setup.device,
        )
        return Trainer(
            base=self.base,
            adapter=adapter,
            optimizer=optimizer,
            source=source,
            config=config,
            log=self.log,
            digest=self.digest,
            step=step,
            first=rounds.ends[number - 1] if number else 0,
            end=rounds.end(step),
            ema=ema,
            loss_scale=scale,
        )

    def _meter(self, latents: LatentCache, text: TextCache | None) -> Meter | None:
        if not self.config.validation.used:
            return None
        validator = Validator(
            self.base,
            self.config,
            self.setup.prepared,
            latents=latents,
            text=text,
            rules=self.setup.rules,
        )
        return Meter(validator, self.log, self._record, patience=self.config.validation.patience)

    def _drawer(self, adapter: AdapterSet) -> SampleDrawer | None:
        if not self.config.samples.drawn:
            return None
        return SampleDrawer(
            self.base,
            adapter,
            self.setup.samples,
            folder=self.choice.run.samples_dir,
            title=self.setup.project.adapter_name,
            dtype=SAVE_DTYPES[self.config.train.save_dtype],
            merged=self.merged,
        )

    def _sample(self, drawer: SampleDrawer | None, trainer: Trainer) -> None:
        if drawer is None:
            return
        self.stage("samples", 0, 1)
        with self._parts_for_samples(), trainer.weights_for_samples():
            samples: list[Sample] = drawer.draw(trainer.step)
        prompts = {prompt.name: prompt.text for prompt in self.setup.samples}
        for sample in samples:
            score = score_of_file(self.judging, sample.path, prompts[sample.name])
            self._record(
                "sample", step=sample.step, name=sample.name, file=sample.path.name, **score
            )
        self.stage("samples", 1, 1)

    @contextlib.contextmanager
    def _parts_for_samples(self) -> Generator[None]:
        """Hold the parts that samples need and training does not, where those are parked."""
        missing: list[Part] = [part for part in ALL_PARTS if not self.base.has(part)]
        if not missing:
            yield
            return
        loaded = load_base(self.setup, missing, learnt=self.learnt)
        self.base.borrow(loaded, missing)
        try:
            yield
        finally:
            for part in missing:
                self.base.drop(part)
            return_freed_memory()

    def _save(self, trainer: Trainer) -> None:
        last = trainer.step == self.config.train.steps or trainer.ended_early
        name = self.setup.project.adapter_name
        path = self.choice.run.adapter_path(name, None if last else trainer.step)
        facts = training_facts(
            self.config,
            self.base,
            self.setup.prepared,
            self.setup.feed,
            precision=self.setup.precision,
            output_name=path.stem,
            step=trainer.step,
            started_at=self.started,
            num_rounds=self.rounds.trained(trainer.step) + 1,
            merged=self.merged,
        )
        metadata = adapter_metadata(facts, private=self.config.train.private_metadata)
        save_dtype = self.config.train.save_dtype
        with weights_for_use(trainer.optimizer):
            tensors = trainer.adapter.state_dict()
            if self.rounds.is_over(trainer.step):
                self.rounds.keep(trainer.step, tensors, metadata)
            summed = self.rounds.with_earlier(trainer.step, tensors)
            saved = save_adapter(summed, path, metadata, save_dtype)
        if trainer.ema is not None:
            beside = make_dirs(self.choice.run.ema_dir) / path.name
            with trainer.ema.in_place():
                summed = self.rounds.with_earlier(trainer.step, trainer.adapter.state_dict())
                save_adapter(summed, beside, metadata, save_dtype)
        save_state(self.choice.run.state_path, trainer.state())
        self.saved = path
        self._record("save", step=trainer.step, file=path.name, model_hash=saved.model_hash)
        self._give_up(path)

    def _give_up(self, newest: Path) -> None:
        """Delete adapters of this run that the settings do not keep."""
        train = self.config.train
        if train.keep_last is None:
            return
        run, given_up = self.choice.run, list[str]()
        events = read_events(self.log.path)
        saves = [
            event
            for event in events
            if event["event"] == "save" and is_of_a_step(str(event["file"]))
        ]
        best = advise(events).file
        for name in superseded(saves, keep_last=train.keep_last, keep_every=train.keep_every):
            path = run.path / Path(name).name
            if path != newest and name != best and path.is_file():
                with storage_errors(path):
                    path.unlink()
                    (run.ema_dir / path.name).unlink(missing_ok=True)
                given_up.append(path.name)
        if given_up:
            self._record("prune", files=given_up)
