"""The package as a user meets it, on the bundled keyword spotter: `python -m pytest python/tests`."""

import csv
import threading
from pathlib import Path

import numpy as np
import pytest

import sluice

KWS = Path(__file__).parents[2] / "examples" / "kws"


@pytest.fixture(scope="module")
def model():
    return sluice.load(KWS / "kws_mlp_w3a3.onnx")


@pytest.fixture(scope="module")
def codes():
    return np.load(KWS / "samples.npy")


def labels():
    with open(KWS / "labels.csv", newline="") as file:
        return list(csv.DictReader(file))


def test_a_model_says_what_it_is(model):
    assert model.name == "kws_mlp_w3a3"
    assert model.quantized and model.why_not_quantized is None
    assert model.outputs[0].shape == (12,)
    assert any(node.operation == "matMul" and node.weights for node in model.nodes)
    assert "MatMul" in str(model) and "<table>" in model._repr_html_()
    assert "threshold" in model.text(after="") or "quantize" in model.text()


def test_predictions_are_the_boards_answers(model, codes):
    y = model.predict(codes, input_codes=True)
    assert y.shape == (len(codes), 12) and y.dtype == np.float64
    boards = [int(row["pynq_z2_argmax"]) for row in labels()]
    assert y.argmax(axis=1).tolist() == boards[: len(codes)]


def test_integer_engine_and_float_reference_agree(model):
    x = np.random.default_rng(1).uniform(-1, 1, size=(8, *model.inputs[0].shape))
    np.testing.assert_allclose(model.predict(x), model.predict(x, engine="float"), rtol=1e-9, atol=1e-9)


def test_codes_out_are_integers_at_the_hardwares_port(model, codes):
    out = model.predict(codes[:4], input_codes=True, output_codes=True)
    assert out.dtype == np.int64 and out.shape[0] == 4


def test_a_trace_has_every_tensor_and_ends_in_the_prediction(model):
    x = np.random.default_rng(2).uniform(-1, 1, size=(3, *model.inputs[0].shape))
    trace = model.trace(x)
    assert set(trace) >= {model.outputs[0].name, model.inputs[0].name}
    np.testing.assert_array_equal(trace[model.outputs[0].name], model.predict(x, engine="float"))
    lowered = model.trace(x, lowered=True)
    assert any(values.dtype == np.int64 for values in lowered.values())


def test_threads_predict_at_once(model, codes):
    expected = model.predict(codes, input_codes=True)
    results = [None] * 4

    def work(i):
        results[i] = model.predict(codes, input_codes=True, threads=1)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    for result in results:
        np.testing.assert_array_equal(result, expected)


def test_bytes_and_paths_are_models(model):
    again = sluice.from_onnx((KWS / "kws_mlp_w3a3.onnx").read_bytes())
    assert len(again.nodes) == len(model.nodes)


def test_a_wrong_shape_is_said_with_both_shapes(model):
    with pytest.raises(sluice.InputError, match="x\\[None\\]"):
        model.predict(np.zeros(model.inputs[0].shape))
    with pytest.raises(ValueError, match="takes arrays of shape"):
        model.predict(np.zeros((2, 7)))


def test_errors_are_those_of_the_command_line(tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\x08\x07not a model")
    with pytest.raises(sluice.InputError) as caught:
        sluice.load(broken)
    assert "broken.onnx" in str(caught.value) and isinstance(caught.value, sluice.SluiceError)
    with pytest.raises(OSError):
        sluice.load(tmp_path / "nowhere.onnx")


def test_a_build_shows_its_report(model, tmp_path):
    build = model.build(tmp_path / "out", board="pynq-z2", reuse_factor=1024, until="rtl")
    assert build.interval == 1024 and build.latency > build.interval
    assert build.resources["bram18"] > 0 and build.verilog and (build.folder / "design.json").exists()
    assert "frame interval" in str(build) and "<iframe" in build._repr_html_()
    with pytest.raises(sluice.UsageError, match="until takes"):
        model.build(tmp_path / "out", until="tomorrow")


def test_a_board_that_is_too_small_is_an_error_with_the_build_in_it(model, tmp_path):
    with pytest.raises(sluice.InfeasibleError) as caught:
        model.build(tmp_path / "out", board="pynq-z2", reuse_factor=32, until="map")
    assert caught.value.build.folder == tmp_path / "out"


def float_model(folder):
    """A float network that any Keras can write: 4 inputs, 8 hidden with relu, 3 outputs."""
    onnx = pytest.importorskip("onnx")
    rng = np.random.default_rng(5)
    w1, b1 = rng.normal(size=(4, 8)), rng.normal(size=8)
    w2, b2 = rng.normal(size=(8, 3)), rng.normal(size=3)
    constant = lambda name, value: onnx.numpy_helper.from_array(value.astype(np.float32), name)  # noqa: E731
    node = onnx.helper.make_node
    value = lambda name, size: onnx.helper.make_tensor_value_info(name, 1, [1, size])  # noqa: E731
    graph = onnx.helper.make_graph(
        [node("Gemm", ["x", "w1", "b1"], ["h"]), node("Relu", ["h"], ["r"]), node("Gemm", ["r", "w2", "b2"], ["y"])],
        "small", [value("x", 4)], [value("y", 3)],
        [constant("w1", w1), constant("b1", b1), constant("w2", w2), constant("b2", b2)],
    )  # fmt: skip
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)]), folder / "small.onnx")
    return sluice.load(folder / "small.onnx")


def test_a_float_model_is_quantized_saved_and_read_again(tmp_path):
    model = float_model(tmp_path)
    x = np.random.default_rng(6).normal(size=(200, 4))
    assert not model.quantized
    small = model.quantize(x, bits=8)
    assert small.quantized, small.why_not_quantized
    spread = np.ptp(model.predict(x))
    assert np.abs(small.predict(x) - model.predict(x)).max() < 0.03 * spread
    small.save(tmp_path / "small8.onnx")
    np.testing.assert_array_equal(sluice.load(tmp_path / "small8.onnx").predict(x), small.predict(x))
    with pytest.raises(sluice.UsageError, match="a range takes"):
        model.quantize(x, weight_range="guess")


def test_what_integers_only_come_near_is_told(model):
    assert model.approximations == []
    softmax = sluice.load(Path(__file__).parents[2] / "tests" / "testdata" / "norms" / "softmax.onnx")
    assert softmax.quantized
    assert len(softmax.approximations) == 1 and "off by at most" in softmax.approximations[0]


def test_a_configuration_of_hls4ml_gives_the_bits_of_its_emulation():
    recorded = Path(__file__).parents[2] / "src" / "compat" / "testdata"
    arrays = np.load(recorded / "softmax.stable.npz")
    config = {"Model": {"Precision": "ap_fixed<16,6>"}, "LayerName": {"s": {"Implementation": "stable"}}}
    model = sluice.load(recorded / "softmax.json").with_hls4ml_config(config)
    np.testing.assert_array_equal(model.predict(arrays["x"]), arrays["y"])
    with pytest.raises(sluice.InputError, match="default precision"):
        sluice.load(recorded / "softmax.json").with_hls4ml_config({"Model": {"Precisoin": "ap_fixed<16,6>"}})
