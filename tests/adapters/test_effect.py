import pytest
import torch
from tests.adapters.kinds_helpers import LAYERS, TRAINED_OPTIONS, make_update

from enogu.adapters.effect import effect_of
from enogu.adapters.file import LayerNumbers

MEASURED = [name for name in TRAINED_OPTIONS if name not in ("loha mid", "lokr mid")]


def numbers_of(update):
    tensors = dict(update.file_tensors())
    alpha = tensors.pop("alpha", None)
    return LayerNumbers(tensors=tensors, alpha=None if alpha is None else float(alpha))


def true_difference(layer, update):
    return update.difference(torch.zeros_like(layer.weight)).detach().flatten(1)


@pytest.mark.parametrize("kind", MEASURED)
@pytest.mark.parametrize("form", ["linear", "1x1", "3x3"])
def test_norms_and_products_are_those_of_the_whole_difference(form, kind):
    layer = LAYERS[form]()
    one, two = make_update(layer, kind, seed=1), make_update(layer, kind, seed=2)
    a, b = effect_of(numbers_of(one)), effect_of(numbers_of(two))
    if a is None and "mid" in kind:
        pytest.skip("a linear layer has no middle factor")
    true_a, true_b = true_difference(layer, one), true_difference(layer, two)
    assert a.norm() == pytest.approx(float(true_a.norm()), rel=1e-5)
    assert a.inner(b) == pytest.approx(float((true_a * true_b).sum()), rel=1e-4, abs=1e-4)


def test_what_depends_on_the_base_is_not_measured():
    layer = LAYERS["linear"]()
    assert effect_of(numbers_of(make_update(layer, "lora", decompose="output"))) is None
