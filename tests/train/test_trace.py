import torch
from torch.nn.functional import scaled_dot_product_attention

from enogu.train.trace import peak_bytes, saved_bytes, trace_forward


def test_saved_bytes_are_those_that_autograd_keeps():
    for device in ("cpu", "meta"):
        x = torch.zeros(3, 8, device=device)
        weight = torch.nn.Parameter(torch.zeros(4, 8, device=device))

        def run(x=x, weight=weight):
            # exp keeps its result; the product keeps x and the weight, which exists anyway.
            return (x @ weight.T).exp().sum()

        assert saved_bytes(run, [weight]) == 4 * (3 * 8 + 3 * 4)


def test_peak_counts_what_lives_at_once():
    x = torch.zeros(1000, device="meta")

    def run():
        a = x + 1
        b = a + 1
        del a
        c = b.view(10, 100) + 1
        return c.sum()

    assert 8000 <= peak_bytes(run) <= 8008


def test_attention_keeps_no_scores_but_its_products_are_counted():
    q = torch.zeros(1, 2, 512, 8, device="meta", requires_grad=True)
    trace = trace_forward(lambda: scaled_dot_product_attention(q, q, value=q), [q])
    assert trace.saved_bytes == 4 * 2 * 512 * 8
    assert trace.flops == 2 * 2 * (2 * 512 * 512 * 8)
    assert peak_bytes(lambda: scaled_dot_product_attention(q, q, q)) == 4 * 2 * 512 * 8
