import json

import pytest

from enogu.pictures.prompts.comfy_graph import graph_prompts


def node(kind, **inputs):
    return {"class_type": kind, "inputs": inputs}


BASIC = {
    "3": node("KSampler", positive=["6", 0], negative=["7", 0], model=["4", 0], seed=1),
    "4": node("CheckpointLoaderSimple", ckpt_name="x.safetensors"),
    "6": node("CLIPTextEncode", text="1girl, hat", clip=["4", 1]),
    "7": node("CLIPTextEncode", text="lowres", clip=["4", 1]),
    "9": node("CLIPTextEncode", text="not linked", clip=["4", 1]),
}


def prompts(graph):
    return graph_prompts(json.dumps(graph))


def test_the_texts_that_reach_the_sampler_are_found():
    assert prompts(BASIC) == ("1girl, hat", "lowres")


def test_texts_are_followed_through_other_nodes():
    graph = {
        **BASIC,
        "3": node("KSamplerAdvanced", positive=["20", 0], negative=["20", 1]),
        "20": node("ControlNetApplyAdvanced", positive=["21", 0], negative=["7", 0]),
        "21": node("ConditioningConcat", conditioning_to=["6", 0], conditioning_from=["22", 0]),
        "22": node("CLIPTextEncode", text=["23", 0]),
        "23": node("PrimitiveString", value="blue sky"),
    }
    assert prompts(graph) == ("1girl, hat, blue sky", "lowres")


def test_text_that_is_thrown_away_does_not_count():
    graph = {
        "1": node("CLIPTextEncode", text="hat"),
        "2": node("ConditioningZeroOut", conditioning=["1", 0]),
        "3": node("KSampler", positive=["1", 0], negative=["2", 0]),
    }
    assert prompts(graph) == ("hat", "")


def test_guiders_and_two_text_encoders_are_understood():
    graph = {
        "1": node("CLIPTextEncodeSDXL", text_g="hat", text_l="hat"),
        "2": node("BasicGuider", conditioning=["1", 0]),
        "3": node("SamplerCustomAdvanced", guider=["2", 0]),
    }
    assert prompts(graph) == ("hat", "")


def test_the_same_text_for_two_samplers_counts_once():
    assert prompts({**BASIC, "30": BASIC["3"]}) == ("1girl, hat", "lowres")


def test_loops_and_dangling_links_end():
    graph = {
        "1": node("ConditioningCombine", conditioning_1=["1", 0], conditioning_2=["2", 0]),
        "2": node("CLIPTextEncode", text="hat"),
        "3": node("KSampler", positive=["1", 0], negative=["99", 0]),
    }
    assert prompts(graph) == ("hat", "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "7",
        "null",
        "[" * 100_000,
        '{"3": 7}',
        '{"3": {"class_type": 5, "inputs": 6}}',
        '{"3": {"class_type": "KSampler", "inputs": {"positive": [[], 0]}}}',
        json.dumps({"3": node("KSampler", positive=["6", 0])}),
    ],
)
def test_what_is_no_graph_gives_nothing(text):
    assert graph_prompts(text) is None
