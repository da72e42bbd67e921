"""Models out of the frameworks' objects, against the frameworks; skipped where one is not installed.

Seen with PyTorch 1.13.0 (Debian's python3-torch), Brevitas 0.10.2, onnx 1.16, onnxoptimizer 0.3.13.
"""

import numpy as np
import pytest

import sluice


def test_a_torch_network_predicts_what_torch_predicts():
    torch = pytest.importorskip("torch")
    nn = torch.nn
    torch.manual_seed(0)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(8 * 4 * 4, 10), nn.Softmax(-1),
    )  # fmt: skip
    network[1].running_mean.uniform_(-1, 1)
    network[1].running_var.uniform_(0.5, 2)
    x = torch.rand(5, 3, 8, 8)
    model = sluice.from_torch(network, x[:1])
    assert not model.quantized and "quantiz" in model.why_not_quantized
    np.testing.assert_allclose(model.predict(x.numpy()), network.eval()(x).detach().numpy(), rtol=0, atol=1e-6)


def test_a_brevitas_network_becomes_hardware():
    torch = pytest.importorskip("torch")
    qnn = pytest.importorskip("brevitas.nn")
    pytest.importorskip("onnxoptimizer")
    from brevitas.quant import (
        Int8ActPerTensorFixedPoint,
        Int8WeightPerTensorFixedPoint,
        Uint8ActPerTensorFixedPoint,
    )

    torch.manual_seed(0)
    weights = {"bias": True, "weight_quant": Int8WeightPerTensorFixedPoint, "weight_bit_width": 4}
    network = torch.nn.Sequential(
        qnn.QuantIdentity(act_quant=Int8ActPerTensorFixedPoint, bit_width=6),
        qnn.QuantLinear(16, 32, **weights),
        qnn.QuantReLU(act_quant=Uint8ActPerTensorFixedPoint, bit_width=4),
        qnn.QuantLinear(32, 5, **weights),
    )
    network.train()
    for _ in range(300):  # the activations' scales are learned from what passes
        network(torch.randn(64, 16))
    x = torch.randn(200, 16)
    model = sluice.from_torch(network, x[:1])
    assert model.quantized, model.why_not_quantized
    expected = network.eval()(x)
    expected = getattr(expected, "value", expected).detach().numpy()
    np.testing.assert_allclose(model.predict(x.numpy()), expected, rtol=0, atol=1e-6)


def test_a_keras_network_predicts_what_keras_predicts():
    keras = pytest.importorskip("keras")
    layers = keras.layers
    network = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(4, 3, activation="relu"), layers.Flatten(), layers.Dense(5)]
    )
    x = np.random.default_rng(0).uniform(-1, 1, (6, 8, 8, 3)).astype(np.float32)
    model = sluice.from_keras(network)
    np.testing.assert_allclose(model.predict(x), np.asarray(network(x)), rtol=0, atol=1e-5)


def test_what_is_no_model_is_refused():
    with pytest.raises(sluice.InputError, match="from_onnx takes"):
        sluice.from_onnx(3)
    with pytest.raises(sluice.InputError, match="from_keras takes"):
        sluice.from_keras(object())
