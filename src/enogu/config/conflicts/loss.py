"""Conflicts of what is minimised: predictions, noise levels, noise, masks, priors."""

from typing import TYPE_CHECKING

from enogu.config.conflicts.row import Conflict, Known

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig


def _prediction(config: "ProjectConfig", known: Known) -> str | None:
    """Return what the base predicts, where base or settings say so."""
    stated = config.model.prediction
    return known.prediction or (None if stated == "auto" else stated)


def _zero_snr_needs_v(config: "ProjectConfig", known: Known) -> str | None:
    terminal = known.zero_terminal_snr or config.model.zero_terminal_snr == "on"
    if not terminal or _prediction(config, known) != "epsilon":
        return None
    return (
        "model.zero_terminal_snr = 'on' needs v-prediction, but model.prediction is "
        "'epsilon': at the last timestep there is no signal left to predict noise from"
    )


def _v_scale_needs_v(config: "ProjectConfig", known: Known) -> str | None:
    loss = config.train.loss
    if not loss.scale_v_pred_loss_like_noise_pred or _prediction(config, known) != "epsilon":
        return None
    return (
        "train.loss.scale_v_pred_loss_like_noise_pred weighs a v-prediction loss, but the base "
        "predicts noise ('epsilon'); switch it off"
    )


def _v_like_needs_epsilon(config: "ProjectConfig", known: Known) -> str | None:
    share = config.train.loss.v_pred_like_loss
    if not share or _prediction(config, known) != "v_prediction":
        return None
    return f"train.loss.v_pred_like_loss is {share:g}, but the base predicts v already; set it to 0"


def _range_not_empty(config: "ProjectConfig", known: Known) -> str | None:
    loss = config.train.loss
    if loss.timestep_min < loss.timestep_max:
        return None
    return (
        f"train.loss.timestep_min {loss.timestep_min} must be below train.loss.timestep_max "
        f"{loss.timestep_max}"
    )


def _range_fits_base(config: "ProjectConfig", known: Known) -> str | None:
    top = config.train.loss.timestep_max
    if known.num_timesteps is None or top <= known.num_timesteps:
        return None
    return (
        f"train.loss.timestep_max is {top}, but this base has {known.num_timesteps} timesteps; "
        f"set it to {known.num_timesteps} or below"
    )


def _huber_scale_is_read(config: "ProjectConfig", known: Known) -> str | None:
    loss = config.train.loss
    if loss.type == "l2" or loss.huber_schedule != "snr" or loss.huber_scale == 1:
        return None
    return (
        f"train.loss.huber_scale is {loss.huber_scale:g}, which the Huber schedule 'snr' does not "
        "read; leave it at 1, or set train.loss.huber_schedule to 'constant' or 'exponential'"
    )


def _offset_options_need_offset(config: "ProjectConfig", known: Known) -> str | None:
    loss = config.train.loss
    if loss.noise_offset > 0:
        return None
    if loss.noise_offset_random_strength:
        return (
            "train.loss.noise_offset_random_strength draws between 0 and train.loss.noise_offset, "
            "which is 0; set it to 0.05 or so, or switch the random strength off"
        )
    if loss.adaptive_noise_scale:
        return (
            f"train.loss.adaptive_noise_scale is {loss.adaptive_noise_scale:g}, but it only "
            "changes train.loss.noise_offset, which is 0; set it to 0.05 or so"
        )
    return None


def _offset_or_zero_snr(config: "ProjectConfig", known: Known) -> str | None:
    loss = config.train.loss
    terminal = known.zero_terminal_snr or config.model.zero_terminal_snr == "on"
    if not terminal or not (loss.noise_offset or loss.multires_noise_iterations):
        return None
    name = "noise_offset" if loss.noise_offset else "multires_noise_iterations"
    return (
        f"train.loss.{name} makes up for a schedule that leaks brightness, but with zero terminal "
        f"SNR none leaks and sampling starts from plain noise; set train.loss.{name} to 0"
    )


def _offset_or_multires(config: "ProjectConfig", known: Known) -> str | None:
    loss = config.train.loss
    if not (loss.noise_offset and loss.multires_noise_iterations):
        return None
    return (
        f"train.loss.noise_offset {loss.noise_offset:g} and train.loss.multires_noise_iterations "
        f"{loss.multires_noise_iterations} both add coarse noise, and the second rescales the "
        "first; choose one"
    )


def _perturbation_needs_gamma(config: "ProjectConfig", known: Known) -> str | None:
    loss = config.train.loss
    if not loss.ip_noise_gamma_random_strength or loss.ip_noise_gamma > 0:
        return None
    return (
        "train.loss.ip_noise_gamma_random_strength draws between 0 and train.loss.ip_noise_gamma, "
        "which is 0; set it to 0.1 or so, or switch the random strength off"
    )


def _masks_are_used(config: "ProjectConfig", known: Known) -> str | None:
    if config.train.loss.masked:
        return None
    if config.pictures.alpha_as_mask:
        return (
            "pictures.alpha_as_mask is on but train.loss.masked is off, so the masks would "
            "be ignored; switch one of them"
        )
    if config.train.loss.masked_prior:
        return (
            f"train.loss.masked_prior is {config.train.loss.masked_prior:g} but train.loss.masked "
            "is off, so nothing is hidden; switch one of them"
        )
    return None


def _base_prior_needs_trigger(config: "ProjectConfig", known: Known) -> str | None:
    if not config.train.loss.base_prior or config.captions.trigger.strip():
        return None
    return (
        f"train.loss.base_prior is {config.train.loss.base_prior:g}, which holds what the base "
        "draws without the trigger word, but captions.trigger is empty: the same captions would "
        "be taught and held at once; set a trigger word"
    )


def _one_prior(config: "ProjectConfig", known: Known) -> str | None:
    pictures = config.pictures
    named = [one.folder for one in pictures.subsets if one.regularisation]
    named += [] if pictures.regularisation is None else [pictures.regularisation]
    if not config.train.loss.base_prior or not named:
        return None
    return (
        f"train.loss.base_prior and regularisation pictures ({named[0]!r}) both hold the base's "
        "ideas in place; choose one"
    )


LOSS_CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        "zero-snr-needs-v",
        ("model.zero_terminal_snr", "model.prediction"),
        "At the last timestep of zero terminal SNR there is no signal, so a prediction of the "
        "noise says nothing and its loss weights are not finite.",
        _zero_snr_needs_v,
    ),
    Conflict(
        "v-scale-needs-v",
        ("train.loss.scale_v_pred_loss_like_noise_pred", "model.prediction"),
        "The weight turns the profile of a v loss into that of a noise loss; a noise loss has it.",
        _v_scale_needs_v,
    ),
    Conflict(
        "v-like-needs-epsilon",
        ("train.loss.v_pred_like_loss", "model.prediction"),
        "The share of a v loss is added to a noise loss; a v loss is one already.",
        _v_like_needs_epsilon,
    ),
    Conflict(
        "timestep-range-is-empty",
        ("train.loss.timestep_min", "train.loss.timestep_max"),
        "No timestep would be left to train.",
        _range_not_empty,
    ),
    Conflict(
        "timestep-range-beyond-base",
        ("train.loss.timestep_max",),
        "A base knows the timesteps of its own schedule only.",
        _range_fits_base,
    ),
    Conflict(
        "huber-scale-without-reader",
        ("train.loss.huber_scale", "train.loss.huber_schedule"),
        "The SNR schedule has its own range from 1 to the constant and reads no scale.",
        _huber_scale_is_read,
    ),
    Conflict(
        "offset-options-without-offset",
        (
            "train.loss.noise_offset",
            "train.loss.noise_offset_random_strength",
            "train.loss.adaptive_noise_scale",
        ),
        "Both options change a noise offset that is there; alone they would do nothing.",
        _offset_options_need_offset,
    ),
    Conflict(
        "offset-with-zero-snr",
        (
            "train.loss.noise_offset",
            "train.loss.multires_noise_iterations",
            "model.zero_terminal_snr",
        ),
        "Offset and multi-resolution noise make up for a schedule that leaks brightness at its "
        "end; with zero terminal SNR it does not, and the noise of training would differ from "
        "that of drawing.",
        _offset_or_zero_snr,
    ),
    Conflict(
        "offset-with-multires",
        ("train.loss.noise_offset", "train.loss.multires_noise_iterations"),
        "Both add coarse noise; the second divides the sum by its deviation and so weakens the "
        "first.",
        _offset_or_multires,
    ),
    Conflict(
        "perturbation-without-strength",
        ("train.loss.ip_noise_gamma", "train.loss.ip_noise_gamma_random_strength"),
        "A random strength between 0 and 0 is none.",
        _perturbation_needs_gamma,
    ),
    Conflict(
        "masks-that-are-ignored",
        ("pictures.alpha_as_mask", "train.loss.masked", "train.loss.masked_prior"),
        "Masks would be made, or held to, and then not used.",
        _masks_are_used,
    ),
    Conflict(
        "base-prior-without-trigger",
        ("train.loss.base_prior", "captions.trigger"),
        "The captions without the trigger are held at the base's own answer; without a trigger "
        "these are the captions that are taught.",
        _base_prior_needs_trigger,
    ),
    Conflict(
        "two-priors",
        ("train.loss.base_prior", "pictures.regularisation"),
        "Regularisation pictures and the base's own output do the same work twice.",
        _one_prior,
    ),
)
