import dataclasses

import pytest
import torch

from enogu.errors import ConfigError
from enogu.machine import Accelerator, choose_device, choose_precision, probe_machine

CPU = torch.device("cpu")
BIG = 860_000_000


@pytest.fixture(scope="module")
def machine():
    return probe_machine()


def with_gpu(machine, capability):
    gpu = Accelerator(device="cuda:0", title="GPU", memory_bytes=8 << 30, capability=capability)
    return dataclasses.replace(machine, accelerators=(gpu,))


def test_probe_finds_this_machine(machine):
    assert machine.physical_cores >= 1
    assert 0 < machine.available_bytes <= machine.memory_bytes
    assert machine.versions["torch"] == torch.__version__


@pytest.mark.parametrize(
    ("cores", "busy", "said"), [(2, 1.5, True), (2, 0.5, False), (1, 5.0, False), (16, 3.0, False)]
)
def test_busy_cores_are_mentioned_where_threads_would_wait(machine, cores, busy, said):
    machine = dataclasses.replace(machine, physical_cores=cores, busy_cores=busy)
    assert (machine.busy_note is not None) == said
    assert not said or "machine.threads=1" in machine.busy_note


@pytest.mark.parametrize(
    ("features", "parameters", "expected"),
    [
        ({"avx2", "avx512f", "avx512_bf16", "amx_bf16"}, BIG, "bf16"),
        ({"avx2", "avx512f", "avx512_bf16"}, BIG, "bf16"),
        ({"avx2", "avx512f"}, BIG, "fp32"),
        ({"avx2", "avx512f", "amx_bf16"}, 4_000_000, "fp32"),
    ],
)
def test_cpu_precision_follows_features_and_size(machine, features, parameters, expected):
    machine = dataclasses.replace(machine, cpu_features=frozenset(features), accelerators=())
    chosen = choose_precision("auto", machine, CPU, num_parameters=parameters)
    assert chosen.name == expected
    assert chosen.reason


@pytest.mark.parametrize(("capability", "expected"), [((9, 0), "bf16"), ((7, 5), "fp32")])
def test_cuda_precision_follows_capability(machine, capability, expected):
    chosen = choose_precision(
        "auto", with_gpu(machine, capability), torch.device("cuda:0"), num_parameters=BIG
    )
    assert chosen.name == expected


def test_asked_precision_is_taken(machine):
    assert choose_precision("bf16", machine, CPU, num_parameters=1).dtype == torch.bfloat16


def test_fp16_on_cpu_is_refused(machine):
    with pytest.raises(ConfigError, match="no fp16 arithmetic"):
        choose_precision("fp16", machine, CPU, num_parameters=BIG)


def test_device_that_is_not_there_is_refused(machine):
    machine = dataclasses.replace(machine, accelerators=())
    assert choose_device("auto", machine) == CPU
    with pytest.raises(ConfigError, match="only cpu can be used"):
        choose_device("cuda", machine)
    assert choose_device("auto", with_gpu(machine, (9, 0))) == torch.device("cuda:0")
