import pytest
import torch
from tests.adapters.kinds_helpers import randomise

from enogu.adapters import AdapterSpec, StepNoise, inject_adapter, load_adapter, save_adapter
from enogu.adapters.kinds import DyLoRA
from enogu.adapters.start import adapter_of_file, continue_from, merge_attached, merge_files
from enogu.errors import AdapterError
from enogu.families.testing import build_tiny_base, unet_inputs

ATTENTION = ("*mid_block*attn*",)
CONVOLUTIONS = ("*mid_block*",)

SPECS = {
    "lora": {},
    "lora mid": {"mid": True, "conv_rank": 2, "targets": CONVOLUTIONS},
    "loha": {"kind": "loha", "conv_rank": 2, "targets": CONVOLUTIONS},
    "lokr": {"kind": "lokr", "conv_rank": 2, "targets": CONVOLUTIONS},
    "dora": {"decompose": "output", "conv_rank": 2, "targets": CONVOLUTIONS},
    "dora on loha": {"kind": "loha", "decompose": "input"},
    "dylora": {"kind": "dylora"},
}


def spec(**options):
    return AdapterSpec(**{"rank": 2, "alpha": 1, "targets": ATTENTION} | options)


def trained(base, **options):
    adapter = inject_adapter(base, spec(**options))
    for number, layer in enumerate(adapter.layers.values()):
        randomise(layer.update, number, 0.6)
    return adapter


def answer(base):
    with torch.no_grad():
        return base.unet(**unet_inputs(base)).sample


def saved(path, adapter):
    save_adapter(adapter.state_dict(), path, {}, "fp32")
    return path


@pytest.mark.parametrize("family", ["sd1", "sdxl"])
@pytest.mark.parametrize("kind", SPECS)
def test_a_saved_adapter_of_each_kind_draws_the_same_when_loaded(tmp_path, kind, family):
    source = build_tiny_base(family)
    plain = answer(source)
    if family == "sdxl" and SPECS[kind].get("targets") == CONVOLUTIONS:
        options = SPECS[kind] | {"targets": ("*middle_block*",)}
    else:
        options = SPECS[kind]
    if family == "sdxl" and "targets" not in options:
        options = options | {"targets": ("*middle_block*attn*",)}
    adapter = trained(source, **options)
    expected = answer(source)
    assert not torch.allclose(expected, plain, atol=1e-3)
    target = build_tiny_base(family)
    loaded = load_adapter(target, saved(tmp_path / "a.safetensors", adapter))
    # PEFT-like sums and cached lengths: within fp32 rounding of values near 1.
    torch.testing.assert_close(answer(target), expected, rtol=1e-4, atol=1e-4)
    merge_attached(loaded)
    assert not loaded.attached
    torch.testing.assert_close(answer(target), expected, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", SPECS)
def test_going_on_from_a_file_gives_the_same_adapter_with_its_alphas(tmp_path, kind):
    source = build_tiny_base("sd1")
    adapter = trained(source, **SPECS[kind])
    path = saved(tmp_path / "a.safetensors", adapter)
    base = build_tiny_base("sd1")
    fresh = inject_adapter(base, spec(**SPECS[kind] | {"alpha": 7}))
    assert continue_from(fresh, base, path) == []
    for key, tensor in fresh.state_dict().items():
        assert torch.equal(tensor, adapter.state_dict()[key]), key
    assert all(parameter.requires_grad for parameter in fresh.parameters())


def test_layers_that_the_file_lacks_start_from_nothing(tmp_path):
    path = saved(tmp_path / "a.safetensors", trained(build_tiny_base("sd1")))
    base = build_tiny_base("sd1")
    wide = inject_adapter(base, spec(targets=()))
    (warning,) = continue_from(wide, base, path)
    assert warning.startswith(f"{len(wide.layers) - 8} layers are not in a.safetensors")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"rank": 4}, "LoRA of rank 2 in the file and LoRA of rank 4 here"),
        ({"kind": "loha"}, "LoRA of rank 2 in the file and LoHa of rank 2 here"),
        ({"targets": ("*attn1*",)}, "layers that are not trained here"),
    ],
)
def test_a_file_that_does_not_fit_the_settings_is_refused(tmp_path, options, words):
    path = saved(tmp_path / "a.safetensors", trained(build_tiny_base("sd1")))
    base = build_tiny_base("sd1")
    fresh = inject_adapter(base, spec(**options))
    with pytest.raises(AdapterError, match=words):
        continue_from(fresh, base, path)


@pytest.mark.parametrize("kind", SPECS)
def test_sizes_can_be_taken_from_the_file(tmp_path, kind):
    adapter = trained(build_tiny_base("sd1"), **SPECS[kind])
    path = tmp_path / "a.safetensors"
    save_adapter(adapter.state_dict(), path, {}, "fp16")
    own = adapter_of_file(build_tiny_base("sd1"), path, spec(rank=9, targets=()))
    assert own.layers.keys() == adapter.layers.keys()
    assert {parameter.dtype for parameter in own.parameters()} == {torch.float32}
    assert all(parameter.requires_grad for parameter in own.parameters())
    for key, tensor in own.state_dict().items():
        torch.testing.assert_close(tensor, adapter.state_dict()[key].half().float())


def test_lora_can_go_on_as_dylora(tmp_path):
    path = saved(tmp_path / "a.safetensors", trained(build_tiny_base("sd1")))
    noise = StepNoise(seed=0, rank_unit=1)
    own = adapter_of_file(build_tiny_base("sd1"), path, spec(kind="dylora", noise=noise))
    assert {type(layer.update) for layer in own.layers.values()} == {DyLoRA}


def test_kinds_that_are_only_read_are_not_trained(tmp_path):
    name = "lora_unet_mid_block_attentions_0_proj_in"
    import safetensors.torch

    path = tmp_path / "a.safetensors"
    safetensors.torch.save_file({f"{name}.diff": torch.zeros(32, 32, 1, 1)}, path)
    with pytest.raises(AdapterError, match="full difference, which is applied but not trained"):
        adapter_of_file(build_tiny_base("sd1"), path, spec())


def test_files_are_merged_with_their_strengths(tmp_path):
    paths = [
        saved(tmp_path / f"{kind}.safetensors", trained(build_tiny_base("sd1"), **SPECS[kind]))
        for kind in ("lora", "loha")
    ]
    base, other = build_tiny_base("sd1"), build_tiny_base("sd1")
    for path, weight in zip(paths, (0.5, -1.0), strict=True):
        load_adapter(base, path, weight)
    assert merge_files(other, list(zip(paths, (0.5, -1.0), strict=True))) == []
    torch.testing.assert_close(answer(other), answer(base), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", SPECS)
def test_each_kind_learns(kind):
    base = build_tiny_base("sd1")
    inputs = unet_inputs(base)
    noise = StepNoise(seed=0, rank_unit=1) if kind == "dylora" else None
    adapter = inject_adapter(base, spec(**SPECS[kind], noise=noise))
    goal = answer(base) + 0.05
    optimizer = torch.optim.AdamW(adapter.parameters(), lr=3e-2)
    losses = []
    for step in range(6):
        with adapter.training_step(step):
            loss = (base.unet(**inputs).sample - goal).square().mean()
            loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


def test_norms_are_limited_and_counted():
    base = build_tiny_base("sd1")
    adapter = trained(base)
    before = [float(layer.update.norm().detach()) for layer in adapter.layers.values()]
    limit = sorted(before)[len(before) // 2]
    report = adapter.limit_norms(limit)
    after = [float(layer.update.norm().detach()) for layer in adapter.layers.values()]
    assert report.scaled == sum(norm > limit for norm in before) > 0
    assert after == pytest.approx([min(norm, limit) for norm in before], rel=1e-4)
    assert report.largest == pytest.approx(limit)
    assert report.mean == pytest.approx(sum(after) / len(after), rel=1e-4)


def test_a_part_can_be_frozen():
    adapter = trained(build_tiny_base("sd1"), targets=(), train_text_encoder=True)
    adapter.freeze("text_encoder")
    assert not any(parameter.requires_grad for parameter in adapter.parameters("text_encoder"))
    assert all(parameter.requires_grad for parameter in adapter.parameters("unet"))
