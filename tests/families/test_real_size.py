"""Random checkpoints of the real sizes: write, load, count, one step. Slow; run with -m slow."""

import resource

import pytest
import torch

from enogu.families.denoise import SizeConditioning, predict
from enogu.families.detect import inspect_base
from enogu.families.load import load_base
from enogu.families.testing import write_random_single_file
from enogu.families.text import encode_texts
from enogu.families.tokenizers import build_byte_tokenizer

GIB = 1 << 30


class Square:
    width = height = 128


SIZE = SizeConditioning(original=Square(), crop_top=0, crop_left=0, target=Square())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "unet_parameters", "max_gib"),
    [("sd1", 859_520_964, 3.2), ("sdxl", 2_567_463_684, 8.0)],
)
def test_a_real_size_single_file_loads_and_steps(tmp_path, family, unet_parameters, max_gib):
    path = tmp_path / f"{family}.safetensors"
    write_random_single_file(family, path, torch.bfloat16)
    build_byte_tokenizer(49408).save_pretrained(str(tmp_path / "tokens"))
    info = inspect_base(path)
    assert info.spec.name == family
    assert info.num_parameters["unet"] == unet_parameters
    base = load_base(path, dtype=torch.bfloat16, tokenizer=tmp_path / "tokens")
    with torch.no_grad():
        features = encode_texts(base, ["1girl"])
        output = predict(base, torch.randn(1, 4, 16, 16), torch.tensor([500]), features, [SIZE])
    assert torch.isfinite(output).all()
    # one checkpoint in memory, not two: ru_maxrss is the peak of the whole process in KiB
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 < max_gib * GIB
