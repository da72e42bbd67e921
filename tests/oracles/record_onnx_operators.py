#!/usr/bin/env python3
"""Records what onnxruntime and the QONNX executor answer for one small model per operator variant.

    python record_onnx_operators.py ../../src/frontend/testdata

writes onnx_operators.npz and qonnx_operators.npz, which src/frontend/operators_oracle_test.cpp compares with the float
reference. An archive holds three arrays: `index`, a text; `models`, the bytes of all .onnx files one after the other;
`values`, all inputs and outputs one after the other (float32). The index says what is where: its first line names the
versions, each further line is a case, "NAME BYTES x0=2,3 x1=2,4 y=2,5": bytes of the model, then the shapes of inputs
and output, first axis the samples. Cases whose name begins with "exact_" must agree in every code, the others within
1e-5 of the output's range.
"""
import io
import sys
import zipfile

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

NEWEST = 21
cases = {}


def seeded(name):
    return np.random.default_rng(sum(ord(c) * 31 ** (i % 7) for i, c in enumerate(name)) % 2**32)


class Model:
    """A model under construction: inputs with a batch of 2, constants, nodes."""

    def __init__(self, name, opset=NEWEST):
        self.name, self.opset, self.random = name, opset, seeded(name)
        self.inputs, self.nodes, self.constants, self.domains = [], [], [], {}
        self.feeds, self.shapes = {}, {}

    def x(self, *shape, low=-2.0, high=2.0, grid=64):
        name = f"x{len(self.inputs)}"
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape]))
        values = self.random.uniform(low, high, size=(2, *shape))
        self.feeds[name] = (np.round(values * grid) / grid).astype(np.float32)
        return name

    def c(self, array, dtype=None):
        name = f"c{len(self.constants)}"
        array = np.asarray(array)
        if dtype is not None:
            array = array.astype(dtype)
        elif array.dtype == np.float64:
            array = array.astype(np.float32)
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def w(self, *shape):
        return self.c(np.round(self.random.uniform(-1, 1, size=shape) * 256) / 256)

    def op(self, kind, *inputs, outputs=1, domain="", **attributes):
        names = [f"t{len(self.nodes)}" if k == 0 else f"t{len(self.nodes)}_{k}" for k in range(outputs)]
        if domain:
            self.domains[domain] = 13 if domain.endswith("channels_last") else 1  # the wrappers take it for the operator set
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=f"n{len(self.nodes)}", domain=domain,
                                           **attributes))
        return names[0] if outputs == 1 else names

    def proto(self, output):
        for node in self.nodes:
            for i, name in enumerate(node.input):
                if name == output:
                    node.input[i] = "y"
            for i, name in enumerate(node.output):
                if name == output:
                    node.output[i] = "y"
        graph = helper.make_graph(self.nodes, "g", self.inputs,
                                  [helper.make_empty_tensor_value_info("y")], initializer=self.constants)
        opsets = [helper.make_opsetid("", self.opset)] + [helper.make_opsetid(d, v) for d, v in self.domains.items()]
        proto = helper.make_model(graph, opset_imports=opsets)
        proto.ir_version = 3 if self.opset < 10 else 10
        if proto.ir_version < 4:  # initializers had to be inputs as well
            for tensor in self.constants:
                proto.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))
        return proto


def run_onnxruntime(model, output):
    proto = model.proto(output)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    proto.graph.output[0].type.tensor_type.elem_type = TensorProto.FLOAT
    try:
        session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception:
        proto.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
        session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return proto, session.run(None, model.feeds)[0]


def record(model, output):
    try:
        proto, y = run_onnxruntime(model, output)
    except Exception as error:  # onnxruntime has no kernel for some old sets
        print(f"left out {model.name}: {str(error)[:160]}", file=sys.stderr)
        return
    cases[model.name] = (proto, model.feeds, np.asarray(y))


def layers():
    for opset in (7, 9, 11, 13):
        m = Model(f"gemm_set{opset}", opset)
        record(m, m.op("Gemm", m.x(6), m.w(6, 4), m.w(4)))
    for name, attributes, shape, bias in (("transB", {"transB": 1}, (4, 6), (4,)),
                                          ("alpha_beta", {"alpha": 0.5, "beta": 1.5}, (6, 4), (1, 4)),
                                          ("scalar_bias", {"beta": 0.25}, (6, 4), ()), ("no_bias", {}, (6, 4), None)):
        m = Model(f"gemm_{name}")
        inputs = [m.x(6), m.w(*shape)] + ([m.w(*bias)] if bias is not None else [])
        record(m, m.op("Gemm", *inputs, **attributes))
    m = Model("matmul"); record(m, m.op("MatMul", m.x(6), m.w(6, 4)))
    m = Model("matmul_3d"); record(m, m.op("MatMul", m.x(3, 6), m.w(6, 4)))
    m = Model("matmul_bias"); record(m, m.op("Add", m.w(4), m.op("MatMul", m.x(3, 6), m.w(6, 4))))
    m = Model("mlp_classifier")  # as scikit-learn's exporter writes one
    h = m.op("Relu", m.op("Add", m.op("MatMul", m.op("Cast", m.x(5), to=1), m.w(5, 7)), m.w(1, 7)))
    record(m, m.op("Softmax", m.op("Add", m.op("MatMul", h, m.w(7, 3)), m.w(1, 3)), axis=1))

    conv2d = {"plain": {}, "stride": {"strides": [2, 1]}, "pads": {"pads": [1, 0, 2, 1]},
              "dilation": {"dilations": [2, 1], "pads": [2, 2, 2, 2]}, "group": {"group": 2},
              "same_upper": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
              "same_lower": {"auto_pad": "SAME_LOWER", "strides": [2, 2]}, "valid": {"auto_pad": "VALID"}}
    for name, attributes in conv2d.items():
        m = Model(f"conv2d_{name}")
        group = attributes.get("group", 1)
        record(m, m.op("Conv", m.x(4, 7, 6), m.w(6, 4 // group, 3, 2), m.w(6), kernel_shape=[3, 2], **attributes))
    m = Model("conv2d_depthwise"); record(m, m.op("Conv", m.x(3, 5, 5), m.w(3, 1, 3, 3), m.w(3), group=3, pads=[1] * 4))
    m = Model("conv2d_multiplier"); record(m, m.op("Conv", m.x(3, 5, 5), m.w(6, 1, 3, 3), group=3))
    m = Model("conv2d_set6", 6); record(m, m.op("Conv", m.x(3, 5, 5), m.w(2, 3, 3, 3), m.w(2), kernel_shape=[3, 3]))
    for name, attributes in {"plain": {}, "causal": {"pads": [2, 0]}, "stride": {"strides": [2], "pads": [1, 1]},
                             "dilation": {"dilations": [2]}, "group": {"group": 2}}.items():
        m = Model(f"conv1d_{name}")
        record(m, m.op("Conv", m.x(4, 9), m.w(6, 4 // attributes.get("group", 1), 3), m.w(6), **attributes))
    transpose2d = {"plain": {}, "stride": {"strides": [2, 2]}, "pads": {"strides": [2, 2], "pads": [1, 1, 0, 1]},
                   "output_padding": {"strides": [2, 2], "output_padding": [1, 1], "pads": [1, 1, 1, 1]},
                   "group": {"group": 2, "strides": [2, 2]}, "dilation": {"dilations": [2, 2]},
                   "same_upper": {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
                   "output_shape": {"strides": [2, 2], "output_shape": [8, 8]}}
    for name, attributes in transpose2d.items():
        m = Model(f"conv_transpose2d_{name}")
        record(m, m.op("ConvTranspose", m.x(4, 4, 4), m.w(4, 6 // attributes.get("group", 1), 3, 3), m.w(6), **attributes))
    m = Model("conv_transpose1d")
    record(m, m.op("ConvTranspose", m.x(3, 5), m.w(3, 2, 4), strides=[2], pads=[1, 1]))

    pool = {"plain": {}, "stride": {"strides": [2, 2]}, "pads": {"strides": [2, 1], "pads": [1, 0, 1, 1]},
            "ceil": {"strides": [2, 2], "ceil_mode": 1}, "ceil_pads": {"strides": [3, 2], "ceil_mode": 1, "pads": [1, 1, 1, 1]},
            "same_upper": {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, "same_lower": {"auto_pad": "SAME_LOWER", "strides": [2, 2]}}
    for name, attributes in pool.items():
        m = Model(f"max_pool2d_{name}")
        record(m, m.op("MaxPool", m.x(3, 7, 6), kernel_shape=[3, 2], **attributes))
        m = Model(f"average_pool2d_{name}")
        record(m, m.op("AveragePool", m.x(3, 7, 6), kernel_shape=[3, 2], **attributes))
        if "pads" in attributes or "auto" in str(attributes):
            m = Model(f"average_pool2d_{name}_counting")
            record(m, m.op("AveragePool", m.x(3, 7, 6), kernel_shape=[3, 2], count_include_pad=1, **attributes))
    m = Model("max_pool2d_dilation"); record(m, m.op("MaxPool", m.x(2, 7, 6), kernel_shape=[2, 2], dilations=[2, 2]))
    m = Model("max_pool1d"); record(m, m.op("MaxPool", m.x(3, 9), kernel_shape=[2], strides=[2]))
    m = Model("average_pool1d"); record(m, m.op("AveragePool", m.x(3, 9), kernel_shape=[3], strides=[2], pads=[1, 1]))
    m = Model("max_pool2d_set7", 7); record(m, m.op("MaxPool", m.x(3, 6, 6), kernel_shape=[2, 2], strides=[2, 2]))
    m = Model("average_pool2d_set7", 7); record(m, m.op("AveragePool", m.x(3, 6, 6), kernel_shape=[2, 2], strides=[2, 2], pads=[1, 1, 0, 0]))
    for kind in ("GlobalAveragePool", "GlobalMaxPool"):
        m = Model(kind.lower()); record(m, m.op(kind, m.x(3, 4, 5)))
        m = Model(kind.lower() + "_dense")
        record(m, m.op("Gemm", m.op("Flatten", m.op(kind, m.x(3, 4, 5))), m.w(3, 2)))
        m = Model(kind.lower() + "_1d"); record(m, m.op(kind, m.x(3, 5)))

    for opset in (7, 9, 14, 15):
        for shape in ((4,), (4, 5), (4, 3, 3)):
            m = Model(f"batch_normalization_set{opset}_rank{len(shape) + 1}", opset)
            record(m, m.op("BatchNormalization", m.x(*shape), m.w(4), m.w(4), m.w(4),
                           m.c(np.array([0.5, 1.0, 2.0, 0.25])), epsilon=1e-3))
    m = Model("layer_normalization"); record(m, m.op("LayerNormalization", m.x(3, 6), m.w(6), m.w(6), axis=-1, epsilon=1e-3))
    m = Model("layer_normalization_no_bias"); record(m, m.op("LayerNormalization", m.x(6), m.w(6)))
    m = Model("layer_normalization_two_axes"); record(m, m.op("LayerNormalization", m.x(2, 3, 4), m.w(3, 4), m.w(3, 4), axis=-2))
    m = Model("layer_normalization_by_parts", 12)  # as PyTorch writes it before set 17
    x = m.x(3, 6)
    d = m.op("Sub", x, m.op("ReduceMean", x, axes=[-1]))
    v = m.op("ReduceMean", m.op("Pow", d, m.c(2.0)), axes=[-1])
    n = m.op("Div", d, m.op("Sqrt", m.op("Add", v, m.c(1e-5))))
    record(m, m.op("Add", m.op("Mul", n, m.w(6)), m.w(6)))
    for opset, axis in ((9, 1), (12, -1), (13, -1)):
        m = Model(f"softmax_set{opset}", opset); record(m, m.op("Softmax", m.x(5), axis=axis))
    m = Model("softmax_over_all", 11); record(m, m.op("Softmax", m.x(2, 3, 2), axis=1))
    m = Model("softmax_channels"); record(m, m.op("Softmax", m.op("Conv", m.x(2, 3, 3), m.w(4, 2, 1, 1)), axis=1))
    m = Model("softmax_inner"); record(m, m.op("Softmax", m.x(3, 4), axis=1))
    m = Model("log_softmax"); record(m, m.op("LogSoftmax", m.x(5), axis=-1))
    for keep in (0, 1):
        m = Model(f"exact_argmax_{keep}"); record(m, m.op("Cast", m.op("ArgMax", m.x(6), axis=1, keepdims=keep), to=1))
    m = Model("exact_argmax_channels")
    record(m, m.op("Cast", m.op("ArgMax", m.op("Conv", m.x(2, 3, 3), m.w(4, 2, 1, 1)), axis=1, keepdims=0), to=1))


def activations():
    plain = ["Relu", "Sigmoid", "Tanh", "Softplus", "Softsign", "Elu", "Selu", "LeakyRelu", "ThresholdedRelu", "HardSigmoid",
             "HardSwish", "Celu", "Mish", "Erf", "Exp", "Abs", "Neg", "Floor", "Ceil", "Sign", "Round", "Gelu"]
    for kind in plain:
        m = Model(kind.lower()); record(m, m.op(kind, m.x(2, 5)))
    for kind, attributes in {"Elu": {"alpha": 0.5}, "Selu": {"alpha": 1.5, "gamma": 1.2}, "LeakyRelu": {"alpha": 0.3},
                             "ThresholdedRelu": {"alpha": 0.5}, "HardSigmoid": {"alpha": 0.25, "beta": 0.4},
                             "Celu": {"alpha": 0.5}, "Gelu": {"approximate": "tanh"}}.items():
        m = Model(kind.lower() + "_attributes"); record(m, m.op(kind, m.x(2, 5), **attributes))
    for kind in ("Sqrt", "Log", "Reciprocal"):
        m = Model(kind.lower()); record(m, m.op(kind, m.x(2, 5, low=0.25)))
    for opset in (7, 9, 16):
        m = Model(f"prelu_channel_set{opset}", opset); record(m, m.op("PRelu", m.x(3, 4, 4), m.c(np.array([0.1, 0.5, -0.25]).reshape(3, 1, 1))))
    m = Model("prelu_scalar"); record(m, m.op("PRelu", m.x(6), m.c(np.array([0.3]))))
    m = Model("prelu_full"); record(m, m.op("PRelu", m.x(2, 3), m.w(2, 3)))
    m = Model("clip_set6", 6); record(m, m.op("Clip", m.x(6), min=-0.5, max=1.0))
    m = Model("clip_set6_low", 6); record(m, m.op("Clip", m.x(6), min=-0.5))
    m = Model("clip_inputs"); record(m, m.op("Clip", m.x(6), m.c(-0.5), m.c(1.0)))
    m = Model("clip_low"); record(m, m.op("Clip", m.x(6), m.c(-0.5)))
    m = Model("clip_high"); record(m, m.op("Clip", m.x(6), "", m.c(0.5)))
    m = Model("clip_relu6"); record(m, m.op("Clip", m.x(6, low=-8, high=8), m.c(0.0), m.c(6.0)))
    m = Model("identity"); record(m, m.op("Relu", m.op("Identity", m.x(6))))
    m = Model("argmin_channels"); record(m, m.op("Cast", m.op("ArgMin", m.x(4, 3), axis=1, keepdims=0), to=1))
    m = Model("instance_normalization"); record(m, m.op("InstanceNormalization", m.x(3, 4, 4), m.w(3), m.w(3), epsilon=1e-3))
    m = Model("reduce_logsum", 12); record(m, m.op("ReduceLogSum", m.x(3, 4, low=0.5), axes=[2]))
    m = Model("constants")
    k = m.op("Constant", value_ints=[2, 3]); z = m.op("ConstantOfShape", k, value=helper.make_tensor("v", TensorProto.FLOAT, [1], [0.5]))
    r = m.op("Cast", m.op("Range", m.c(0, np.int64), m.op("Size", m.c(np.zeros(3))), m.c(1, np.int64)), to=1)
    record(m, m.op("Add", m.op("Add", m.x(2, 3), z), r))
    m = Model("silu"); x = m.x(6); record(m, m.op("Mul", x, m.op("Sigmoid", x)))
    m = Model("gelu_by_parts", 13); x = m.x(6)
    record(m, m.op("Mul", m.op("Mul", x, m.op("Add", m.op("Erf", m.op("Div", x, m.c(2.0**0.5))), m.c(1.0))), m.c(0.5)))
    m = Model("hard_swish_by_parts", 13); x = m.x(6, low=-5, high=5)
    record(m, m.op("Div", m.op("Mul", x, m.op("Clip", m.op("Add", x, m.c(3.0)), m.c(0.0), m.c(6.0))), m.c(6.0)))


def arithmetic():
    for kind in ("Add", "Sub", "Mul", "Div", "Min", "Max", "Mean", "Sum"):
        m = Model(kind.lower() + "_two"); record(m, m.op(kind, m.x(3, 4), m.x(3, 4, low=0.5)))
    for kind in ("Min", "Max", "Mean", "Sum"):
        m = Model(kind.lower() + "_three"); record(m, m.op(kind, m.x(3, 4), m.x(3, 4), m.x(3, 4)))
    for kind in ("Add", "Sub", "Mul", "Div"):
        m = Model(kind.lower() + "_constant"); record(m, m.op(kind, m.x(3, 4), m.c(np.array([0.5, 1, 2, 4]))))
        m = Model(kind.lower() + "_constant_first"); record(m, m.op(kind, m.c(np.array([0.5, 1, 2, 4])), m.x(3, 4, low=0.5)))
    m = Model("min_constant"); record(m, m.op("Min", m.x(3, 4), m.c(0.5)))
    m = Model("pow_constant"); record(m, m.op("Pow", m.x(3, 4), m.c(2.0)))
    m = Model("add_channels"); record(m, m.op("Add", m.op("Conv", m.x(2, 4, 4), m.w(3, 2, 1, 1)), m.w(3, 1, 1)))
    m = Model("add_channels_full_rank"); record(m, m.op("Mul", m.op("Conv", m.x(2, 4, 4), m.w(3, 2, 1, 1)), m.w(1, 3, 1, 1)))
    m = Model("add_rows"); record(m, m.op("Add", m.op("Conv", m.x(2, 4, 4), m.w(3, 2, 1, 1)), m.w(4, 1)))
    m = Model("squeeze_excite")
    x = m.op("Conv", m.x(2, 4, 4), m.w(4, 2, 1, 1))
    s = m.op("Sigmoid", m.op("Conv", m.op("GlobalAveragePool", x), m.w(4, 4, 1, 1)))
    record(m, m.op("Mul", x, s))
    m = Model("residual")
    x = m.op("Relu", m.op("Conv", m.x(3, 5, 5), m.w(4, 3, 3, 3), pads=[1] * 4))
    record(m, m.op("Relu", m.op("Add", x, m.op("Conv", x, m.w(4, 4, 3, 3), pads=[1] * 4))))
    for name, axis in (("features", 1), ("last", -1), ("inner", 2)):
        m = Model(f"concat_{name}"); record(m, m.op("Concat", m.x(3, 4, 5), m.x(3, 4, 5), axis=axis))
    m = Model("concat_convolutions")
    x = m.x(2, 4, 4); record(m, m.op("Concat", m.op("Conv", x, m.w(2, 2, 1, 1)), m.op("Conv", x, m.w(3, 2, 1, 1)), axis=1))
    m = Model("concat_flat"); x = m.op("Conv", m.x(2, 3, 3), m.w(2, 2, 1, 1))
    record(m, m.op("Gemm", m.op("Concat", m.op("Flatten", x), m.x(4), axis=1), m.w(22, 3)))
    for name, equation, shape, weight in (("dense", "bi,ij->bj", (6,), (6, 4)), ("dense_turned", "bi,ji->bj", (6,), (4, 6)),
                                          ("rows", "bti,ij->btj", (3, 6), (6, 4)), ("dots", "...i,ij->...j", (3, 6), (6, 4))):
        m = Model(f"einsum_{name}"); record(m, m.op("Einsum", m.x(*shape), m.w(*weight), equation=equation))
    m = Model("dot"); record(m, m.op("MatMul", m.x(3, 4), m.x(4, 2)))
    m = Model("dot_turned"); record(m, m.op("MatMul", m.x(3, 4), m.op("Transpose", m.x(2, 4), perm=[0, 2, 1])))


def shapes():
    m = Model("flatten_convolution"); record(m, m.op("Gemm", m.op("Flatten", m.op("Conv", m.x(2, 4, 4), m.w(3, 2, 2, 2))), m.w(27, 4), m.w(4)))
    m = Model("reshape_convolution")
    x = m.op("Relu", m.op("Conv", m.x(2, 4, 4), m.w(3, 2, 2, 2)))
    record(m, m.op("MatMul", m.op("Mul", m.op("Reshape", x, m.c([-1, 27])), m.w(27)), m.w(27, 4)))
    m = Model("flatten_output"); record(m, m.op("Flatten", m.op("Conv", m.x(2, 4, 4), m.w(3, 2, 2, 2))))
    m = Model("flatten_softmax"); record(m, m.op("Softmax", m.op("Flatten", m.op("Conv", m.x(2, 2, 2), m.w(3, 2, 1, 1))), axis=1))
    m = Model("flatten_batch_normalization")
    x = m.op("Flatten", m.op("Conv", m.x(2, 3, 3), m.w(2, 2, 2, 2)))
    record(m, m.op("BatchNormalization", x, m.w(8), m.w(8), m.w(8), m.c(np.linspace(0.5, 2, 8))))
    m = Model("flatten_shape_chain", 9)  # x.view(x.size(0), -1)
    x = m.op("Conv", m.x(2, 3, 3), m.w(2, 2, 2, 2))
    n = m.op("Unsqueeze", m.op("Gather", m.op("Shape", x), m.c(0, np.int64), axis=0), axes=[0])
    record(m, m.op("MatMul", m.op("Reshape", x, m.op("Concat", n, m.c(np.array([-1])), axis=0)), m.w(8, 3)))
    m = Model("keras_convolution")  # tf2onnx: channels last outside, Transposes around
    x = m.op("Transpose", m.x(5, 5, 2), perm=[0, 3, 1, 2])
    x = m.op("Relu", m.op("Conv", x, m.w(3, 2, 3, 3), m.w(3)))
    x = m.op("MaxPool", x, kernel_shape=[2, 2])
    x = m.op("Transpose", x, perm=[0, 2, 3, 1])
    record(m, m.op("MatMul", m.op("Reshape", x, m.c([-1, 12])), m.w(12, 3)))
    m = Model("keras_separable_1d")  # tf2onnx writes 1-D layers as 2-D ones
    x = m.op("Unsqueeze", m.op("Transpose", m.x(8, 2), perm=[0, 2, 1]), m.c([2]))
    x = m.op("Squeeze", m.op("Conv", x, m.w(4, 2, 1, 3)), m.c([2]))
    record(m, m.op("Transpose", x, perm=[0, 2, 1]))
    m = Model("permute"); record(m, m.op("Transpose", m.x(2, 3, 4), perm=[0, 2, 3, 1]))
    m = Model("permute_after_convolution"); record(m, m.op("Transpose", m.op("Conv", m.x(2, 3, 4), m.w(3, 2, 1, 1)), perm=[0, 3, 1, 2]))
    m = Model("reshape_split_axes"); record(m, m.op("Reshape", m.op("Conv", m.x(2, 3, 4), m.w(4, 2, 1, 1)), m.c([0, 2, 2, 12])))
    m = Model("shuffle_channels")
    x = m.op("Reshape", m.op("Conv", m.x(2, 3, 4), m.w(4, 2, 1, 1)), m.c([-1, 2, 2, 3, 4]))
    record(m, m.op("Conv", m.op("Reshape", m.op("Transpose", x, perm=[0, 2, 1, 3, 4]), m.c([-1, 4, 3, 4])), m.w(2, 4, 1, 1)))
    m = Model("squeeze_set11", 11); record(m, m.op("Squeeze", m.op("GlobalAveragePool", m.x(3, 4, 4)), axes=[2, 3]))
    m = Model("squeeze_inputs"); record(m, m.op("Squeeze", m.op("GlobalAveragePool", m.x(3, 4, 4)), m.c([2, 3])))
    m = Model("unsqueeze_set11", 11); record(m, m.op("Unsqueeze", m.x(3), axes=[1]))
    m = Model("unsqueeze_inputs"); record(m, m.op("Unsqueeze", m.x(3), m.c([2, 3])))
    m = Model("expand"); record(m, m.op("Expand", m.x(1, 3), m.c([1, 4, 3])))
    m = Model("tile"); record(m, m.op("Tile", m.x(2, 3), m.c([1, 1, 2])))
    m = Model("slice_set9", 9); record(m, m.op("Slice", m.x(5, 4), axes=[1, 2], starts=[1, 0], ends=[9, -1]))
    m = Model("slice_inputs"); record(m, m.op("Slice", m.x(5, 4), m.c([1, 0]), m.c([5, 4]), m.c([1, 2]), m.c([2, 1])))
    m = Model("slice_backward"); record(m, m.op("Slice", m.x(5, 4), m.c([-1]), m.c([-9]), m.c([1]), m.c([-1])))
    m = Model("crop"); record(m, m.op("Slice", m.op("Conv", m.x(2, 6, 6), m.w(3, 2, 1, 1)), m.c([1, 2]), m.c([-1, 5]), m.c([2, 3])))
    m = Model("slice_channels"); record(m, m.op("Slice", m.op("Conv", m.x(2, 4, 4), m.w(4, 2, 1, 1)), m.c([1]), m.c([3]), m.c([1])))
    m = Model("gather_one"); record(m, m.op("Gather", m.x(5, 4), m.c(2, np.int64), axis=1))
    m = Model("gather_list"); record(m, m.op("Gather", m.x(5, 4), m.c([3, 0, 3]), axis=1))
    for opset, inputs in ((11, False), (13, True)):
        m = Model(f"split_set{opset}", opset)
        parts = (m.op("Split", m.x(6, 2), m.c([2, 4]), outputs=2, axis=1) if inputs
                 else m.op("Split", m.x(6, 2), outputs=2, axis=1, split=[2, 4]))
        record(m, m.op("Concat", m.op("Relu", parts[1]), parts[0], axis=1))
    m = Model("split_equal_set11", 11); p = m.op("Split", m.x(6, 2), outputs=3, axis=1); record(m, m.op("Sub", p[0], p[2]))
    m = Model("split_num_outputs"); p = m.op("Split", m.x(7, 2), outputs=2, axis=1, num_outputs=2); record(m, m.op("Concat", p[1], p[0], axis=1))
    m = Model("split_channels"); p = m.op("Split", m.op("Conv", m.x(2, 3, 3), m.w(4, 2, 1, 1)), outputs=2, axis=1, num_outputs=2)
    record(m, m.op("Conv", m.op("Add", *p), m.w(1, 2, 1, 1)))
    m = Model("pad_set6", 6); record(m, m.op("Pad", m.x(2, 4, 4), mode="constant", pads=[0, 0, 1, 2, 0, 0, 0, 1], value=0.5))
    m = Model("pad_inputs"); record(m, m.op("Pad", m.x(2, 4, 4), m.c([0, 0, 1, 2, 0, 0, 0, 1]), m.c(0.25)))
    m = Model("pad_zero"); record(m, m.op("Conv", m.op("Pad", m.x(2, 4, 4), m.c([0, 0, 1, 1, 0, 0, 1, 1])), m.w(3, 2, 3, 3)))
    m = Model("pad_axes"); record(m, m.op("Pad", m.x(2, 4, 4), m.c([1, 2]), m.c(0.0), m.c([-1])))
    m = Model("pad_negative"); record(m, m.op("Pad", m.x(2, 4, 4), m.c([0, 0, -1, 0, 0, 0, 0, -2])))
    for mode in ("reflect", "edge"):
        m = Model(f"pad_{mode}"); record(m, m.op("Pad", m.x(2, 4, 4), m.c([0, 0, 1, 2, 0, 0, 0, 1]), mode=mode))
    m = Model("upsample_set7", 7); record(m, m.op("Upsample", m.x(2, 3, 3), mode="nearest", scales=[1.0, 1.0, 2.0, 3.0]))
    m = Model("upsample_set9", 9); record(m, m.op("Upsample", m.x(2, 3, 3), m.c(np.array([1.0, 1.0, 2.0, 2.0])), mode="nearest"))
    m = Model("upsample_linear_set9", 9); record(m, m.op("Upsample", m.x(2, 3, 3), m.c(np.array([1.0, 1.0, 2.0, 2.0])), mode="linear"))
    m = Model("resize_set10", 10); record(m, m.op("Resize", m.x(2, 3, 3), m.c(np.array([1.0, 1.0, 2.0, 2.0])), mode="nearest"))
    up = np.array([1.0, 1.0, 2.0, 2.0])
    for name, attributes in {"nearest": dict(mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"),
                             "nearest_default": dict(mode="nearest"),
                             "nearest_ceil": dict(mode="nearest", nearest_mode="ceil"),
                             "linear_half_pixel": dict(mode="linear"),
                             "linear_pytorch": dict(mode="linear", coordinate_transformation_mode="pytorch_half_pixel"),
                             "linear_align": dict(mode="linear", coordinate_transformation_mode="align_corners"),
                             "linear_asymmetric": dict(mode="linear", coordinate_transformation_mode="asymmetric")}.items():
        for opset in (11, 19):
            m = Model(f"resize_{name}_set{opset}", opset); record(m, m.op("Resize", m.x(2, 3, 3), m.c(np.zeros(0)) if opset == 11 else "", m.c(up), **attributes))
    m = Model("resize_sizes"); record(m, m.op("Resize", m.x(2, 3, 4), "", "", m.c([2, 2, 6, 8]), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"))
    m = Model("resize_axes"); record(m, m.op("Resize", m.x(2, 3, 4), "", m.c(np.array([2.0, 3.0])), axes=[2, 3], mode="linear"))
    m = Model("resize_down"); record(m, m.op("Resize", m.x(2, 4, 4), "", m.c(np.array([1.0, 1.0, 0.5, 0.5])), mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"))
    m = Model("resize_1d"); record(m, m.op("Resize", m.x(2, 4), "", m.c(np.array([1.0, 1.0, 2.0])), mode="nearest"))
    for mode in ("DCR", "CRD"):
        m = Model(f"depth_to_space_{mode.lower()}"); record(m, m.op("DepthToSpace", m.x(8, 2, 3), blocksize=2, mode=mode))
    m = Model("space_to_depth"); record(m, m.op("SpaceToDepth", m.x(2, 4, 6), blocksize=2))
    for kind in ("Sum", "Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp"):
        m = Model(f"reduce_{kind.lower()}", 12); record(m, m.op(f"Reduce{kind}", m.x(3, 4), axes=[2]))
    m = Model("reduce_mean_inputs", 18); record(m, m.op("ReduceMean", m.x(3, 4), m.c([-1]), keepdims=0))
    m = Model("reduce_sum_inputs", 13); record(m, m.op("ReduceSum", m.x(3, 4), m.c([1]), keepdims=0))
    m = Model("reduce_mean_pixels", 13); record(m, m.op("Gemm", m.op("ReduceMean", m.op("Conv", m.x(2, 4, 4), m.w(3, 2, 1, 1)), axes=[2, 3], keepdims=0), m.w(3, 2)))
    m = Model("reduce_max_channels", 13); record(m, m.op("ReduceMax", m.op("Conv", m.x(2, 4, 4), m.w(3, 2, 1, 1)), axes=[1], keepdims=1))
    m = Model("dropout_set7", 7); record(m, m.op("Relu", m.op("Dropout", m.x(4), ratio=0.25)))
    m = Model("dropout_inputs"); record(m, m.op("Relu", m.op("Dropout", m.x(4), m.c(0.5), m.c(False))))
    m = Model("embedding"); record(m, m.op("Gather", m.w(7, 3), m.op("Cast", m.x(4, low=0, high=6, grid=1), to=7), axis=0))


def quantized():
    def q(m, x, scale, zero=0, dtype=np.int8, **a):
        return m.op("QuantizeLinear", x, m.c(np.float32(scale)), m.c(np.array(zero, dtype)), **a)

    def dq(m, x, scale, zero=0, dtype=np.int8, **a):
        return m.op("DequantizeLinear", x, m.c(np.float32(scale)), m.c(np.array(zero, dtype)), **a)

    for dtype, zero, scale in ((np.int8, 0, 1 / 32), (np.int8, -7, 0.037), (np.uint8, 128, 1 / 64), (np.uint8, 3, 0.02),
                               (np.int16, 0, 2.0**-12), (np.uint16, 32768, 2.0**-12)):
        m = Model(f"exact_qdq_{np.dtype(dtype).name}_{zero}"); record(m, dq(m, q(m, m.x(40, low=-5, high=5), scale, zero, dtype), scale, zero, dtype))
    for name, kind in (("int4", TensorProto.INT4), ("uint4", TensorProto.UINT4)):
        m = Model(f"exact_qdq_{name}")
        def four(value):
            label = f"z{len(m.constants)}"
            m.constants.append(helper.make_tensor(label, kind, [], [value]))
            return label
        x = m.op("QuantizeLinear", m.x(40, low=-5, high=5), m.c(np.float32(0.25)), four(1))
        record(m, m.op("DequantizeLinear", x, m.c(np.float32(0.25)), four(1)))
    m = Model("exact_qdq_no_zero"); x = m.op("QuantizeLinear", m.x(9), m.c(np.float32(0.125)))
    record(m, m.op("DequantizeLinear", x, m.c(np.float32(0.125))))
    m = Model("exact_qdq_axis"); s = np.array([0.125, 0.25, 0.5], np.float32); z = np.zeros(3, np.int8)
    x = m.op("QuantizeLinear", m.x(3, 4), m.c(s), m.c(z), axis=1); record(m, m.op("DequantizeLinear", x, m.c(s), m.c(z), axis=1))
    m = Model("exact_qdq_axis_zeros"); s = np.array([0.125, 0.25, 0.5], np.float32); z = np.array([1, -2, 3], np.int8)
    x = m.op("QuantizeLinear", m.x(3, 4), m.c(s), m.c(z), axis=1); record(m, m.op("DequantizeLinear", x, m.c(s), m.c(z), axis=1))
    m = Model("exact_qcdq"); x = q(m, m.x(40, low=-5, high=5), 0.25)
    record(m, dq(m, m.op("Clip", x, m.c(np.array(-8, np.int8)), m.c(np.array(7, np.int8))), 0.25))
    m = Model("exact_qdq_dense")  # as quantize_static writes it: int8 weights, int32 bias
    x = dq(m, q(m, m.x(6), 2.0**-5, 3), 2.0**-5, 3)
    w = m.op("DequantizeLinear", m.c(m.random.integers(-127, 128, (4, 6)), np.int8), m.c(np.array([1, 2, 4, 1], np.float32) / 64), m.c(np.zeros(4, np.int8)), axis=0)
    b = m.op("DequantizeLinear", m.c(m.random.integers(-4000, 4000, 4), np.int32), m.c(np.array([1, 2, 4, 1], np.float32) / 2048), m.c(np.zeros(4, np.int32)), axis=0)
    y = m.op("Relu", m.op("Gemm", x, w, b, transB=1))
    record(m, dq(m, q(m, y, 2.0**-3, -128), 2.0**-3, -128))
    m = Model("exact_qdq_weight_zero_point")
    x = dq(m, q(m, m.x(6), 2.0**-5), 2.0**-5)
    w = m.op("DequantizeLinear", m.c(m.random.integers(0, 256, (6, 4)), np.uint8), m.c(np.float32(2.0**-6)), m.c(np.array(120, np.uint8)))
    record(m, dq(m, q(m, m.op("MatMul", x, w), 2.0**-3), 2.0**-3))
    m = Model("exact_qdq_convolution")
    x = dq(m, q(m, m.x(2, 5, 5), 2.0**-5), 2.0**-5)
    w = m.op("DequantizeLinear", m.c(m.random.integers(-127, 128, (3, 2, 3, 3)), np.int8), m.c(np.array([1, 2, 4], np.float32) / 64), m.c(np.zeros(3, np.int8)), axis=0)
    x = m.op("Relu", m.op("Conv", x, w, pads=[1] * 4))
    x = m.op("MaxPool", q(m, x, 2.0**-4), kernel_shape=[2, 2], strides=[2, 2])
    x = dq(m, m.op("Flatten", x), 2.0**-4)
    w = dq(m, m.c(m.random.integers(-127, 128, (12, 3)), np.int8), 2.0**-7)
    record(m, dq(m, q(m, m.op("MatMul", x, w), 0.25), 0.25))
    m = Model("exact_qlinear_conv")
    x = q(m, m.x(2, 4, 4), 2.0**-5, 2)
    y = m.op("QLinearConv", x, m.c(np.float32(2.0**-5)), m.c(np.array(2, np.int8)), m.c(m.random.integers(-127, 128, (3, 2, 2, 2)), np.int8),
             m.c(np.array([1, 2, 4], np.float32) / 128), m.c(np.zeros(3, np.int8)), m.c(np.float32(0.125)), m.c(np.array(-3, np.int8)),
             m.c(m.random.integers(-500, 500, 3), np.int32))
    record(m, dq(m, y, 0.125, -3))
    m = Model("exact_qlinear_matmul")
    x = q(m, m.x(5), 2.0**-5, 128, np.uint8)
    y = m.op("QLinearMatMul", x, m.c(np.float32(2.0**-5)), m.c(np.array(128, np.uint8)), m.c(m.random.integers(0, 255, (5, 3)), np.uint8),
             m.c(np.float32(2.0**-6)), m.c(np.array(100, np.uint8)), m.c(np.float32(0.125)), m.c(np.array(120, np.uint8)))
    record(m, dq(m, y, 0.125, 120, np.uint8))
    m = Model("exact_matmul_integer")
    x = q(m, m.x(5), 2.0**-5, 128, np.uint8)
    y = m.op("MatMulInteger", x, m.c(m.random.integers(-127, 128, (5, 3)), np.int8), m.c(np.array(128, np.uint8)), m.c(np.array(0, np.int8)))
    record(m, m.op("Mul", m.op("Cast", y, to=1), m.c(np.float32(2.0**-11))))
    m = Model("exact_conv_integer")
    x = q(m, m.x(2, 4, 4), 2.0**-5, 128, np.uint8)
    y = m.op("ConvInteger", x, m.c(m.random.integers(0, 255, (3, 2, 2, 2)), np.uint8), m.c(np.array(128, np.uint8)), m.c(np.array(99, np.uint8)))
    record(m, m.op("Mul", m.op("Cast", y, to=1), m.c(np.float32(2.0**-11))))


def qonnx_cases():
    """The same through the QONNX executor: quantizers, and the channels-last wrappers."""
    from qonnx.core.modelwrapper import ModelWrapper
    from qonnx.core.onnx_exec import execute_onnx
    from qonnx.transformation.infer_shapes import InferShapes

    general, last = "qonnx.custom_op.general", "qonnx.custom_op.channels_last"
    found = {}

    def record_qonnx(m, output, shape):
        proto = m.proto(output)
        y = []
        for i in range(2):
            one = onnx.ModelProto()
            one.CopyFrom(proto)
            for value in one.graph.input:
                if value.name in m.feeds:
                    value.type.tensor_type.shape.dim[0].Clear()
                    value.type.tensor_type.shape.dim[0].dim_value = 1
            for name, known in m.shapes.items():
                one.graph.value_info.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, known))
            one.graph.output[0].CopyFrom(helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, *shape]))
            wrapper = ModelWrapper(one)
            wrapper = wrapper.transform(InferShapes())
            y.append(execute_onnx(wrapper, {k: v[i:i + 1] for k, v in m.feeds.items()})["y"])
        found[m.name] = (proto, m.feeds, np.concatenate(y))

    def quant(m, x, scale, zero=0.0, bits=4.0, op="Quant", **a):
        settings = dict(signed=1, narrow=0, rounding_mode="ROUND") | a
        y = m.op(op, x, m.c(np.float32(scale)), m.c(np.float32(zero)), m.c(np.float32(bits)), domain=general, **settings)
        feed, constant = m.feeds.get(x), [c for c in m.constants if c.name == x]
        if feed is not None or constant:  # the wrappers' shape inference asks for them
            m.shapes[y] = (1, *feed.shape[1:]) if feed is not None else tuple(constant[0].dims)
        return y

    for mode in ("ROUND", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN"):
        for signed, narrow in ((1, 0), (1, 1), (0, 0), (0, 1)):
            m = Model(f"exact_quant_{mode.lower()}_{signed}{narrow}")
            record_qonnx(m, quant(m, m.x(60, low=-3, high=6, grid=8), 0.25, signed=signed, narrow=narrow, rounding_mode=mode), (60,))
    m = Model("exact_quant_zero_point"); record_qonnx(m, quant(m, m.x(40), 0.25, 3.0, 4, signed=0), (40,))
    m = Model("exact_int_quant_name"); record_qonnx(m, quant(m, m.x(40), 0.25, 0.0, 3, op="IntQuant"), (40,))
    m = Model("exact_quant_channels"); record_qonnx(m, quant(m, m.x(3, 10), np.array([0.125, 0.25, 0.5]).reshape(1, 3, 1)), (3, 10))
    m = Model("exact_quant_channels_zeros")
    record_qonnx(m, quant(m, m.x(3, 10), np.array([0.125, 0.25, 0.5]).reshape(1, 3, 1), np.array([1.0, 2.0, 0.0]).reshape(1, 3, 1), signed=0), (3, 10))
    m = Model("exact_quant_weight_channels")
    w = quant(m, m.w(4, 6), np.array([0.125, 0.25, 0.5, 0.0625]).reshape(4, 1), bits=4, narrow=1)
    record_qonnx(m, m.op("MatMul", quant(m, m.x(6), 0.125, bits=6), m.op("Transpose", w, perm=[1, 0])), (4,))
    m = Model("exact_quant_weight_zeros")
    w = quant(m, m.w(6, 4), np.array([0.125, 0.25, 0.5, 0.0625]), np.array([1.0, 0.0, 2.0, 3.0]), bits=4, signed=0)
    record_qonnx(m, m.op("MatMul", quant(m, m.x(6), 0.125, bits=6), w), (4,))
    m = Model("exact_quant_weight_elements")
    w = quant(m, m.w(6, 4), np.exp2(-m.random.integers(1, 5, (6, 4))), bits=4)
    record_qonnx(m, m.op("MatMul", quant(m, m.x(6), 0.125, bits=6), w), (4,))
    m = Model("exact_bipolar"); record_qonnx(m, m.op("BipolarQuant", m.x(40), m.c(np.float32(0.5)), domain=general), (40,))
    m = Model("exact_bipolar_dense")
    w = m.op("BipolarQuant", m.w(6, 4), m.c(np.float32(0.5)), domain=general)
    record_qonnx(m, m.op("MatMul", m.op("BipolarQuant", m.x(6), m.c(np.float32(1.0)), domain=general), w), (4,))
    for mode in ("FLOOR", "CEIL", "ROUND"):
        m = Model(f"exact_trunc_{mode.lower()}")
        x = quant(m, m.x(40), 0.125, bits=6)
        y = m.op("Trunc", x, m.c(np.float32(0.125)), m.c(np.float32(0)), m.c(np.float32(6)), m.c(np.float32(0.5)), m.c(np.float32(4)),
                 domain=general, rounding_mode=mode, signed=1, narrow=0)
        m.domains[general] = 2  # six inputs since then
        record_qonnx(m, y, (40,))
        m = Model(f"exact_trunc_five_inputs_{mode.lower()}")
        x = quant(m, m.x(40), 0.125, bits=6)
        record_qonnx(m, m.op("Trunc", x, m.c(np.float32(0.125)), m.c(np.float32(0)), m.c(np.float32(6)), m.c(np.float32(4)),
                             domain=general, rounding_mode=mode), (40,))
    for e, mant, bias in ((4, 3, 7), (5, 2, 15), (2, 1, 1), (3, 2, 3)):
        m = Model(f"exact_float_quant_e{e}m{mant}")
        maximum = float(np.exp2(2**e - 1 - bias) * (2 - np.exp2(-mant)))
        record_qonnx(m, m.op("FloatQuant", m.x(60, low=-9, high=9, grid=1024), m.c(np.float32(0.5)), m.c(np.float32(e)), m.c(np.float32(mant)),
                             m.c(np.float32(bias)), m.c(np.float32(maximum)), domain=general, has_inf=0, has_nan=0, has_subnormal=1, saturation=1,
                             rounding_mode="ROUND"), (60,))
    m = Model("exact_channels_last_conv")
    w = quant(m, m.c(np.round(m.random.uniform(-1, 1, (3, 3, 3, 2)) * 64) / 64), 0.125, narrow=1)
    x = m.op("Conv", quant(m, m.x(6, 6, 2), 0.125, bits=6), w, domain=last, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2], group=1, dilations=[1, 1])
    record_qonnx(m, quant(m, x, 0.25, bits=6), (3, 3, 3))
    m = Model("exact_channels_last_depthwise")
    w = quant(m, m.c(np.round(m.random.uniform(-1, 1, (2, 3, 3, 1)) * 64) / 64), 0.125, narrow=1)
    record_qonnx(m, m.op("Conv", quant(m, m.x(6, 6, 2), 0.125, bits=6), w, domain=last, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[1, 1], group=2, dilations=[1, 1]), (6, 6, 2))
    m = Model("exact_channels_last_pool")
    record_qonnx(m, m.op("MaxPool", quant(m, m.x(6, 6, 2), 0.125, bits=6), domain=last, kernel_shape=[2, 2], strides=[2, 2], pads=[0, 0, 0, 0]), (3, 3, 2))
    m = Model("channels_last_batch_normalization")
    record_qonnx(m, m.op("BatchNormalization", m.x(3, 3, 2), m.c(np.array([0.5, 2.0])), m.c(np.array([1.0, 0.0])), m.c(np.array([0.5, 0.25])),
                         m.c(np.array([1.0, 4.0])), domain=last, epsilon=1e-5), (3, 3, 2))
    return found


def save(path, found, versions):
    """One .npz; written without time stamps, so that the same answers give the same bytes."""
    index, models, values = [versions], b"", []
    for name, (proto, feeds, y) in sorted(found.items()):
        data = proto.SerializeToString()
        parts = {**feeds, "y": y}
        index.append(" ".join([name, str(len(data))] + [f"{k}={','.join(map(str, v.shape))}" for k, v in parts.items()]))
        models += data
        values += [np.asarray(v, np.float32).ravel() for v in parts.values()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for key, array in (("index", np.frombuffer("\n".join(index).encode(), np.uint8)),
                           ("models", np.frombuffer(models, np.uint8)), ("values", np.concatenate(values))):
            data = io.BytesIO()
            np.lib.format.write_array(data, array, allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(key + ".npy", (1980, 1, 1, 0, 0, 0)), data.getvalue(), zipfile.ZIP_DEFLATED, 9)
    print(f"{path}: {len(found)} cases")


if __name__ == "__main__":
    folder = sys.argv[1]
    versions = f"onnx {onnx.__version__}, onnxruntime {onnxruntime.__version__}, qonnx 1.0.0, numpy {np.__version__}"
    for part in (layers, activations, arithmetic, shapes, quantized):
        part()
    save(f"{folder}/onnx_operators.npz", cases, versions)
    save(f"{folder}/qonnx_operators.npz", qonnx_cases(), versions)
