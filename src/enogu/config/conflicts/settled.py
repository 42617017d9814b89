"""Conflicts of other trainers that cannot arise here, and why."""

SETTLED: tuple[tuple[str, str], ...] = (
    (
        "Cached latents permit flip only, no colour changes and no random crop.",
        "Flip is the only change of pictures while training; both ways are cached "
        "(`pictures.flip`).",
    ),
    (
        "Cached text features exclude shuffling, caption dropout and tag dropout.",
        "Features of `captions.variants` versions of each caption are kept and one is drawn at "
        "every step; whole-caption dropout is drawn anew. Training the text encoders switches "
        "the cache off by itself.",
    ),
    (
        "min-SNR and debiased estimation together multiply silently.",
        "`train.loss.weighting` is a choice of one.",
    ),
    (
        "Class words of a folder count only for pictures without a caption file.",
        "The same here, and the plan counts the pictures without a caption.",
    ),
    (
        "An abbreviated or misspelt option is taken as another one, or not at all.",
        "An unknown setting is an error that names the nearest known ones.",
    ),
    (
        "The wrong prediction type ruins a training without a word.",
        "The base is asked; a setting that contradicts what it states is refused.",
    ),
    (
        "xformers needs a CUDA build.",
        "Attention is torch's own on every device.",
    ),
)
"""What goes wrong elsewhere, and how it is settled here."""
