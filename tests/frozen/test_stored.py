import pytest
import torch
from torch import nn

from enogu.frozen import StoredLinear, pack_frozen, store_frozen
from enogu.frozen.stored import StoredWeight


def model():
    torch.manual_seed(0)
    return (
        nn.Sequential(
            nn.Conv2d(8, 64, 3, stride=2, padding=1),
            nn.GroupNorm(4, 64),
            nn.Conv2d(64, 64, 1),
            nn.Flatten(2),
            nn.Linear(64, 96),
            nn.Linear(96, 4),
        )
        .requires_grad_(False)
        .eval()
    )


def answer(layers, dtype=torch.float32):
    x = torch.linspace(-1, 1, 2 * 8 * 15 * 16, dtype=dtype).reshape(2, 8, 15, 16)
    x.requires_grad_()
    out = layers(x)
    out.square().sum().backward()
    return out.detach(), x.grad


@pytest.fixture
def fetches(monkeypatch):
    """Count how often weights come from where they wait, as from another device."""
    seen = []
    dense = StoredWeight.dense

    def counted(self, device):
        seen.append(self.waits)
        # A copy, as from another device: nothing may depend on the tensor being the kept one.
        return dense(self, device).clone()

    monkeypatch.setattr(StoredWeight, "dense", counted)
    return seen


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_waiting_weights_give_bit_equal_results_and_move_once_each_way(fetches, dtype):
    expected = answer(model().to(dtype), dtype)
    layers = model().to(dtype)
    report = store_frozen(layers, waiting=1.0)
    found = answer(layers, dtype)
    assert all(torch.equal(one, two) for one, two in zip(expected, found, strict=True))
    assert report.num_waiting == report.num_layers == 3
    assert fetches == [True] * 6
    assert report.device_bytes == 0
    assert report.waiting_bytes == report.plain_bytes


def test_largest_weights_wait_first():
    layers = model()
    report = store_frozen(layers, waiting=0.4)
    assert report.num_waiting == 1
    assert isinstance(layers[4], StoredLinear)
    assert report.largest_bytes == 96 * 64 * 4


def test_a_checkpointed_layer_is_fetched_for_its_second_pass_too(fetches):
    layers = model()
    store_frozen(layers, waiting=1.0)
    x = torch.ones(1, 8, 15, 16, requires_grad=True)
    torch.utils.checkpoint.checkpoint(layers, x, use_reentrant=False).sum().backward()
    # Autograd stops the second forward pass when it has what it needs, here before nothing.
    assert 6 <= len(fetches) <= 9


@pytest.mark.parametrize("form, error", [("int8", 1 / 254), ("fp8", 1 / 16)])
def test_short_formats_round_each_number_by_no_more_than_half_a_level(form, error):
    weight = torch.randn(32, 200, generator=torch.Generator().manual_seed(1))
    weight[3] *= 1e-3
    stored = StoredWeight(weight, form, waits=False)
    found = stored.dense(weight.device)
    top = weight.abs().amax(1, keepdim=True)
    if form == "int8":
        assert ((found - weight).abs() <= error * top * 1.001).all()
    else:
        # e4m3 has three bits after the point; below 2^-6 of its range steps are even.
        bound = torch.maximum(weight.abs() * error, top / 448 * 2**-10)
        assert ((found - weight).abs() <= bound * 1.001).all()
    assert stored.nbytes == 32 * 200 + 32 * 4


def test_rows_of_int8_keep_their_length_in_bf16():
    weight = torch.randn(64, 4096, generator=torch.Generator().manual_seed(2)).bfloat16()
    found = StoredWeight(weight, "int8", waits=False).dense(weight.device)
    slope = (found.float() * weight.float()).sum(1) / weight.float().square().sum(1)
    # A scale rounded to bf16 after the levels were chosen would change the length of a row by up
    # to 1/512, half of that in the median. No row may be off by more than bf16 itself, 1/256.
    assert (slope - 1).abs().median() < 4e-4
    assert (slope - 1).abs().max() < 1 / 256


def test_an_int8_model_answers_nearly_as_the_plain_one():
    out, grad = answer(model())
    layers = model()
    report = store_frozen(layers, form="int8")
    found, found_grad = answer(layers)
    assert (found - out).norm() < 0.02 * out.norm()
    assert (found_grad - grad).norm() < 0.02 * grad.norm()
    assert report.device_bytes < 0.3 * report.plain_bytes


def test_stored_layers_follow_to_a_device_but_waiting_ones_stay():
    stays, moves = model(), model()
    store_frozen(stays, waiting=1.0)
    store_frozen(moves, form="int8")
    stays.to("meta")
    moves.to(device="meta", dtype=torch.float32)
    assert not stays[4].stored.kept.is_meta and stays[4].bias.is_meta
    assert moves[4].stored.kept.is_meta and moves[4].stored.kept.dtype is torch.int8


def test_trained_and_small_layers_stay_and_packing_leaves_stored_ones_alone():
    layers = model()
    layers[2].weight.requires_grad_()
    report = store_frozen(layers, form="fp8")
    assert report.num_layers == 2
    assert type(layers[2]) is nn.Conv2d and type(layers[5]) is nn.Linear
    pack_frozen(layers, dtype=torch.float32)
    assert isinstance(layers[4], StoredLinear)


def test_nothing_is_touched_when_nothing_is_asked_for():
    layers = model()
    assert store_frozen(layers).num_layers == 0
    assert type(layers[4]) is nn.Linear
    assert layers.state_dict().keys() == model().state_dict().keys()


def test_state_dict_holds_the_whole_weight():
    layers = model()
    store_frozen(layers, waiting=1.0)
    for name, value in model().state_dict().items():
        assert torch.equal(layers.state_dict()[name], value)
