import pytest
import torch

from enogu.adapters import AdapterSpec, inject_adapter
from enogu.errors import ProjectError
from enogu.families.testing import build_tiny_base
from enogu.train.ema import EmaWeights


@pytest.fixture
def adapter():
    return inject_adapter(
        build_tiny_base("sd1"), AdapterSpec(rank=1, alpha=1.0, targets=("*attn2_to_q",))
    )


def set_all(adapter, number):
    with torch.no_grad():
        for _, value in adapter.named_parameters():
            value.fill_(number)


def test_the_mean_follows_the_closed_form(adapter):
    set_all(adapter, 0.0)
    ema, expected = EmaWeights(adapter, 0.25), 0.0
    for step, number in enumerate((1.0, 3.0, -2.0), start=1):
        set_all(adapter, number)
        ema.update(step)
        decay = min(0.25, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * number
    for value in ema.state_dict().values():
        assert float(value.flatten()[0]) == pytest.approx(expected, rel=1e-6)


def test_the_weights_come_back_exactly(adapter):
    ema = EmaWeights(adapter, 0.9)
    before = {name: value.detach().clone() for name, value in adapter.named_parameters()}
    set_all(adapter, 5.0)
    with ema.in_place():
        for name, value in adapter.named_parameters():
            assert torch.equal(value, before[name])
    assert all(float(value.detach().min()) == 5.0 for _, value in adapter.named_parameters())


def test_the_mean_of_another_adapter_is_refused(adapter):
    with pytest.raises(ProjectError, match="this adapter"):
        EmaWeights(adapter, 0.9).load_state_dict({})
