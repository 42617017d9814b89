import pytest
import torch

from enogu.adapters import AdapterSpec, inject_adapter, load_adapter, save_adapter
from enogu.adapters.layers import AdapterLayer
from enogu.adapters.shapes import fit_factor
from enogu.errors import AdapterError
from enogu.families.testing import build_tiny_base


@pytest.fixture
def base():
    return build_tiny_base("sd1")


@pytest.fixture
def inputs():
    generator = torch.Generator().manual_seed(3)
    return {
        "sample": torch.randn(1, 4, 8, 8, generator=generator),
        "timestep": torch.tensor([500]),
        "encoder_hidden_states": torch.randn(1, 5, 32, generator=generator),
    }


def answer(base, inputs):
    with torch.no_grad():
        return base.unet(**inputs).sample


def train_randomly(adapter, seed=0):
    """Give the up factors numbers, as training would."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for layer in adapter.layers.values():
            layer.update.lora_up.normal_(std=0.5, generator=generator)
    return adapter


def save(adapter, path):
    save_adapter(adapter.state_dict(), path, {}, "fp32")
    return path


@pytest.fixture
def files(tmp_path):
    """Two different adapters for the base."""
    paths = []
    for seed in (1, 2):
        adapter = inject_adapter(
            build_tiny_base("sd1"), AdapterSpec(rank=2, alpha=2, conv_rank=2, seed=seed)
        )
        paths.append(save(train_randomly(adapter, seed), tmp_path / f"{seed}.safetensors"))
    return paths


def test_eject_gives_back_the_same_objects_and_bits(base, inputs):
    before = dict(base.unet.named_modules())
    expected = answer(base, inputs)
    adapter = train_randomly(inject_adapter(base, AdapterSpec(rank=2, alpha=2, conv_rank=2)))
    assert not torch.equal(answer(base, inputs), expected)
    adapter.eject()
    after = dict(base.unet.named_modules())
    assert list(after) == list(before)
    assert all(after[name] is before[name] for name in before)
    assert torch.equal(answer(base, inputs), expected)
    adapter.eject()
    assert torch.equal(answer(base, inputs), expected)


def test_attaching_twice_attaches_nothing_new(base, inputs):
    adapter = train_randomly(inject_adapter(base, AdapterSpec(rank=2, alpha=2)))
    expected = answer(base, inputs)
    adapter.attach()
    count = sum(isinstance(module, AdapterLayer) for module in base.unet.modules())
    assert count == len(adapter.layers)
    assert torch.equal(answer(base, inputs), expected)
    adapter.eject()
    assert not adapter.attached
    adapter.attach()
    assert adapter.attached
    assert torch.equal(answer(base, inputs), expected)


def test_disabled_and_multiplier(base, inputs):
    plain = answer(base, inputs)
    adapter = train_randomly(inject_adapter(base, AdapterSpec(rank=2, alpha=2)))
    full = answer(base, inputs)
    with adapter.disabled():
        assert torch.equal(answer(base, inputs), plain)
        with adapter.disabled():
            assert torch.equal(answer(base, inputs), plain)
        assert torch.equal(answer(base, inputs), plain)
    assert torch.equal(answer(base, inputs), full)
    adapter.set_multiplier(0)
    assert torch.equal(answer(base, inputs), plain)
    adapter.set_multiplier(0.5)
    half = answer(base, inputs)
    assert not torch.equal(half, plain)
    assert not torch.equal(half, full)


def test_disabled_ends_with_an_error_too(base):
    adapter = inject_adapter(base, AdapterSpec(rank=2, alpha=2))
    with pytest.raises(KeyError), adapter.disabled():
        raise KeyError
    assert all(layer.enabled for layer in adapter.layers.values())


@pytest.mark.parametrize("first_out", [0, 1])
def test_stacked_adapters_leave_in_any_order(base, inputs, files, first_out):
    plain = answer(base, inputs)
    alone = []
    for path in files:
        adapter = load_adapter(base, path)
        alone.append(answer(base, inputs))
        adapter.eject()
    adapters = [load_adapter(base, path) for path in files]
    both = answer(base, inputs)
    assert not any(torch.equal(both, one) for one in alone)
    adapters[first_out].eject()
    assert torch.equal(answer(base, inputs), alone[1 - first_out])
    adapters[1 - first_out].eject()
    assert torch.equal(answer(base, inputs), plain)
    assert not any(isinstance(module, AdapterLayer) for module in base.unet.modules())


def test_stacked_adapters_are_weighted_one_by_one(base, inputs, files):
    first, second = (load_adapter(base, path, weight=0.7) for path in files)
    second.set_multiplier(0)
    only_first = answer(base, inputs)
    second.eject()
    assert torch.equal(answer(base, inputs), only_first)
    first.set_multiplier(0.2)
    assert not torch.equal(answer(base, inputs), only_first)


def test_an_adapter_can_be_trained_on_top_of_a_loaded_one(base, inputs, files):
    loaded = load_adapter(base, files[0])
    expected = answer(base, inputs)
    trained = inject_adapter(base, AdapterSpec(rank=2, alpha=2))
    assert len(trained.layers) == 192
    assert torch.equal(answer(base, inputs), expected)
    base.unet(**inputs).sample.sum().backward()
    assert all(layer.update.lora_up.grad is not None for layer in trained.layers.values())
    assert all(layer.update.lora_up.grad is None for layer in loaded.layers.values())
    later = load_adapter(base, files[1])
    assert all(parameter.requires_grad for parameter in trained.parameters())
    assert not any(parameter.requires_grad for parameter in later.parameters())


def test_parameters_by_part(base):
    adapter = inject_adapter(base, AdapterSpec(rank=2, alpha=2, train_text_encoder=True))
    unet, text = adapter.parameters("unet"), adapter.parameters("text_encoder")
    assert (len(unet), len(text)) == (2 * 192, 2 * 18)
    assert [id(p) for p in adapter.parameters()] == [id(p) for _, p in adapter.named_parameters()]
    assert {id(p) for p in (*unet, *text)} == {id(p) for p in adapter.parameters()}


@pytest.mark.parametrize("family", ["sd1", "sd2", "sdxl"])
def test_state_returns_bit_for_bit(family):
    options = {"rank": 3, "alpha": 2.5, "conv_rank": 2, "train_text_encoder": True}
    adapter = train_randomly(
        inject_adapter(build_tiny_base(family), AdapterSpec(seed=1, **options))
    )
    state = {key: tensor.clone() for key, tensor in adapter.state_dict().items()}
    other = inject_adapter(build_tiny_base(family), AdapterSpec(seed=2, **options))
    other.load_state_dict(state)
    for key, tensor in other.state_dict().items():
        assert torch.equal(tensor, state[key]), key
        assert tensor.dtype == torch.float32
    for name, layer in other.layers.items():
        assert torch.equal(layer.update.lora_down, adapter.layers[name].update.lora_down)


def test_a_state_that_does_not_belong_is_refused_and_changes_nothing(base):
    adapter = inject_adapter(base, AdapterSpec(rank=2, alpha=2))
    before = {key: tensor.clone() for key, tensor in adapter.state_dict().items()}
    wrong = {key: tensor + 1 for key, tensor in before.items()}
    first = next(key for key in wrong if key.endswith("lora_down.weight"))
    wrong[first] = torch.zeros(1, 1)
    wrong["extra"] = wrong.pop(next(key for key in wrong if key.endswith("lora_up.weight")))
    with pytest.raises(AdapterError, match=r"1 missing.*1 not known: extra.*1 misshapen"):
        adapter.load_state_dict(wrong)
    assert all(torch.equal(t, before[key]) for key, t in adapter.state_dict().items())


@pytest.mark.parametrize(
    ("have", "want", "fits"),
    [
        ((4, 8), (4, 8, 1, 1), True),
        ((4, 8, 1, 1), (4, 8), True),
        ((1, 8), (1, 8, 1, 1), True),
        ((4, 1), (1, 4), False),
        ((4, 8, 3, 3), (4, 8), False),
        ((4, 8), (4, 9), False),
        ((32,), (4, 8), False),
    ],
)
def test_factors_fit_only_when_the_numbers_mean_the_same(have, want, fits):
    factor = fit_factor(torch.zeros(have), want)
    assert (factor is not None and tuple(factor.shape) == want) if fits else factor is None
