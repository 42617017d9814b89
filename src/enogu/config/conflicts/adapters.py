"""Which settings of the adapter contradict each other; rows of the one table of conflicts."""

from typing import TYPE_CHECKING

from enogu.config.conflicts.row import Conflict, Known

if TYPE_CHECKING:
    from enogu.config.project import ProjectConfig


def _lokr_options(config: "ProjectConfig", known: Known) -> str | None:
    adapter = config.train.adapter
    used = [name for name in ("full_matrix", "decompose_both") if getattr(adapter, name)]
    used += ["factor"] if adapter.factor != -1 else []
    if adapter.kind == "lokr" or not used:
        return None
    return (
        f"train.adapter.{used[0]} is an option of kind 'lokr', but train.adapter.kind is "
        f"{adapter.kind!r}; set the kind to 'lokr', or leave the option as it was"
    )


def _lokr_whole_or_split(config: "ProjectConfig", known: Known) -> str | None:
    adapter = config.train.adapter
    if not (adapter.full_matrix and adapter.decompose_both):
        return None
    return (
        "train.adapter.full_matrix leaves both matrices whole, train.adapter.decompose_both splits "
        "both; choose one"
    )


def _dylora_is_cut(config: "ProjectConfig", known: Known) -> str | None:
    adapter = config.train.adapter
    if adapter.kind != "dylora":
        return None
    if adapter.decompose != "off":
        return (
            f"train.adapter.decompose is {adapter.decompose!r}, but the ranks of kind 'dylora' are "
            "to be cut out one by one, and trained lengths belong to all of them together; set it "
            "to 'off'"
        )
    if adapter.mid:
        return (
            "train.adapter.mid mixes the ranks, but those of kind 'dylora' are to be cut out one "
            "by one; switch it off"
        )
    return None


def _unit(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    unit = train.adapter.unit
    if unit == 1:
        return None
    if train.adapter.kind != "dylora":
        return (
            f"train.adapter.unit is {unit}, which only kind 'dylora' reads; train.adapter.kind is "
            f"{train.adapter.kind!r}"
        )
    for name in ("rank", "conv_rank", "text_encoder_rank"):
        rank = getattr(train, name)
        if rank is not None and rank % unit:
            return (
                f"train.{name} {rank} is no multiple of train.adapter.unit {unit}, in steps of "
                "which the ranks are cut"
            )
    return None


def _dropout_needs_middle(config: "ProjectConfig", known: Known) -> str | None:
    adapter = config.train.adapter
    if not adapter.dropout or adapter.kind not in ("loha", "lokr"):
        return None
    return (
        f"train.adapter.dropout is {adapter.dropout:g}, but kind {adapter.kind!r} has no narrow "
        "middle to drop from; use train.adapter.rank_dropout or module_dropout"
    )


def _up_rate_needs_up(config: "ProjectConfig", known: Known) -> str | None:
    adapter = config.train.adapter
    if adapter.up_rate == 1 or adapter.kind in ("lora", "dylora"):
        return None
    return (
        f"train.adapter.up_rate is {adapter.up_rate:g}, but kind {adapter.kind!r} has not one "
        "matrix that starts at zero and one that does not; set it to 1"
    )


def _mid_needs_convolutions(config: "ProjectConfig", known: Known) -> str | None:
    if not config.train.adapter.mid or config.train.conv_rank is not None:
        return None
    return (
        "train.adapter.mid splits 3x3 convolutions, which are adapted only with train.conv_rank; "
        "set it as well"
    )


def _sizes_need_file(config: "ProjectConfig", known: Known) -> str | None:
    adapter = config.train.adapter
    if not adapter.start_sizes or adapter.start:
        return None
    return "train.adapter.start_sizes reads the file in train.adapter.start, which is empty"


def _weights_need_adapters(config: "ProjectConfig", known: Known) -> str | None:
    adapter = config.train.adapter
    weights, files = len(adapter.base_adapter_weights), len(adapter.base_adapters)
    if weights <= files:
        return None
    return (
        f"train.adapter.base_adapter_weights has {weights} numbers for {files} "
        "train.adapter.base_adapters"
    )


def _blocks_need_unet(config: "ProjectConfig", known: Known) -> str | None:
    if config.train.unet or not config.train.blocks.used:
        return None
    return "train.blocks are those of the UNet, but train.unet is off; set train.unet = true"


def _conv_blocks_need_rank(config: "ProjectConfig", known: Known) -> str | None:
    blocks = config.train.blocks
    if config.train.conv_rank is not None or not (blocks.conv_ranks or blocks.conv_alphas):
        return None
    name = "conv_ranks" if blocks.conv_ranks else "conv_alphas"
    return f"train.blocks.{name} is set but train.conv_rank is not: set conv_rank as well"


def _text_options_need_text(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if train.text_encoder:
        return None
    for name in ("text_encoder_stop", "text_encoder_2_learning_rate"):
        if getattr(train, name) is not None:
            return (
                f"train.{name} is set, but the text encoders are not trained; set "
                "train.text_encoder = true as well"
            )
    return None


def _text_stop_in_run(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if train.text_encoder_stop is None or train.text_encoder_stop < train.steps:
        return None
    return (
        f"train.text_encoder_stop {train.text_encoder_stop} must be below train.steps "
        f"{train.steps}; leave it empty to train the text encoders to the end"
    )


def _rounds_add_up(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if train.rounds == 1:
        return None
    begin = f"train.rounds is {train.rounds}, but "
    if train.adapter.kind != "lora":
        return begin + (
            f"the sum of several adapters of train.adapter.kind {train.adapter.kind!r} is none of "
            "that kind; set the kind to 'lora'"
        )
    if train.adapter.decompose != "off":
        return begin + (
            f"with train.adapter.decompose {train.adapter.decompose!r} the lengths of each round "
            "belong to the weights of that round; set it to 'off'"
        )
    if train.adapter.mid:
        return begin + (
            "the middle factors of train.adapter.mid cannot stand side by side; switch it off"
        )
    if train.adapter.start:
        return begin + (
            f"each round begins with a fresh adapter, and train.adapter.start names "
            f"{train.adapter.start}; name it in train.adapter.base_adapters to train on top of it"
        )
    return None


def _rounds_hold_no_base(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    if train.rounds == 1:
        return None
    for name in ("base_prior", "masked_prior"):
        if getattr(train.loss, name):
            return (
                f"train.loss.{name} holds the base's own answer, but with train.rounds "
                f"{train.rounds} the base is another one after each round; set one of them back "
                "(regularisation pictures do the same work)"
            )
    return None


def _rounds_have_steps(config: "ProjectConfig", known: Known) -> str | None:
    train = config.train
    # With epochs the number of steps is known only when the pictures have been counted.
    if train.rounds == 1 or train.epochs is not None:
        return None
    shortest = train.steps // train.rounds
    if train.warmup_steps < shortest:
        return None
    return (
        f"train.rounds {train.rounds} in {train.steps} steps are {shortest} steps each, no more "
        f"than train.warmup_steps {train.warmup_steps}, which begin every round; set fewer rounds"
    )


ADAPTER_CONFLICTS: tuple[Conflict, ...] = (
    Conflict(
        "lokr-options-of-others",
        (
            "train.adapter.kind",
            "train.adapter.factor",
            "train.adapter.full_matrix",
            "train.adapter.decompose_both",
        ),
        "Only LoKr has a small and a large matrix that could be sized or split.",
        _lokr_options,
    ),
    Conflict(
        "lokr-whole-and-split",
        ("train.adapter.full_matrix", "train.adapter.decompose_both"),
        "One keeps both matrices whole, the other splits both.",
        _lokr_whole_or_split,
    ),
    Conflict(
        "dylora-that-cannot-be-cut",
        ("train.adapter.kind", "train.adapter.decompose", "train.adapter.mid"),
        "A rank that shares trained lengths or a middle factor with the others is no adapter of "
        "its own.",
        _dylora_is_cut,
    ),
    Conflict(
        "dylora-unit",
        (
            "train.adapter.unit",
            "train.adapter.kind",
            "train.rank",
            "train.conv_rank",
            "train.text_encoder_rank",
        ),
        "Ranks are cut in whole units, and only those of DyLoRA.",
        _unit,
    ),
    Conflict(
        "dropout-without-middle",
        ("train.adapter.dropout", "train.adapter.kind"),
        "LoHa and LoKr have no narrow middle between two matrices.",
        _dropout_needs_middle,
    ),
    Conflict(
        "up-rate-without-up",
        ("train.adapter.up_rate", "train.adapter.kind"),
        "LoHa and LoKr are products of more matrices.",
        _up_rate_needs_up,
    ),
    Conflict(
        "mid-without-convolutions",
        ("train.adapter.mid", "train.conv_rank"),
        "The middle factor belongs to 3x3 convolutions, which are not adapted without a rank.",
        _mid_needs_convolutions,
    ),
    Conflict(
        "sizes-without-file",
        ("train.adapter.start_sizes", "train.adapter.start"),
        "The sizes would be read from a file that is not named.",
        _sizes_need_file,
    ),
    Conflict(
        "weights-without-adapters",
        ("train.adapter.base_adapter_weights", "train.adapter.base_adapters"),
        "A strength needs a file to be the strength of.",
        _weights_need_adapters,
    ),
    Conflict(
        "blocks-without-unet",
        ("train.unet", "train.blocks.down"),
        "Blocks are those of the UNet.",
        _blocks_need_unet,
    ),
    Conflict(
        "conv-blocks-without-rank",
        ("train.blocks.conv_ranks", "train.blocks.conv_alphas", "train.conv_rank"),
        "Without a rank no 3x3 convolution is adapted.",
        _conv_blocks_need_rank,
    ),
    Conflict(
        "text-options-without-text",
        (
            "train.text_encoder",
            "train.text_encoder_stop",
            "train.text_encoder_2_learning_rate",
        ),
        "The text encoders are not trained.",
        _text_options_need_text,
    ),
    Conflict(
        "text-stop-after-the-end",
        ("train.text_encoder_stop", "train.steps"),
        "The run would end before.",
        _text_stop_in_run,
    ),
    Conflict(
        "rounds-that-do-not-add-up",
        (
            "train.rounds",
            "train.adapter.kind",
            "train.adapter.decompose",
            "train.adapter.mid",
            "train.adapter.start",
        ),
        "The adapters of all rounds become one; only plain LoRA adds up to LoRA.",
        _rounds_add_up,
    ),
    Conflict(
        "rounds-that-hold-the-base",
        ("train.rounds", "train.loss.base_prior", "train.loss.masked_prior"),
        "After the first round the base holds what was learnt, and is no measure of itself.",
        _rounds_hold_no_base,
    ),
    Conflict(
        "rounds-without-steps",
        ("train.rounds", "train.steps", "train.warmup_steps"),
        "A round would be over before its warm-up is.",
        _rounds_have_steps,
    ),
)
