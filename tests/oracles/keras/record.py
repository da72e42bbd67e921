"""Records what Keras, QKeras and HGQ2 answer, for the tests of the Keras frontend.

    python record.py keras2|qkeras|files|keras3|hgq2 FOLDER

One model per framework with one branch per layer or quantizer, so that one small file covers all: NAME.keras
(packed again with deflate), and NAME.npz with inputs x0, x1, ... and one array per output, named after
the layer (w_LAYER: the layer's kernel behind its quantizer). `files`: one QKeras network as tiny.h5, tiny.json with tiny_weights.h5, and tiny.keras.
Environments: requirements_keras2.txt (keras2,
qkeras, files), requirements_keras3.txt (keras3, hgq2).
"""
import os
import sys
import zipfile

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["KERAS_BACKEND"] = "tensorflow"
import numpy as np

kind, folder = sys.argv[1], sys.argv[2]
if kind in ("keras3", "hgq2"):
    import keras
else:
    from tensorflow import keras
L = keras.layers
rng = np.random.default_rng(5)


def randomize(model):
    """Every weight random, variances positive: fresh layers have zeros and ones that hide mistakes."""
    for layer in model.layers:
        sublayers = layer.layers if hasattr(layer, "layers") else [layer]
        for part in sublayers:
            new = []
            for weight, value in zip(part.weights, part.get_weights()):
                name = weight.name if kind in ("keras2", "qkeras") else weight.path
                if value.dtype.kind != "f":
                    new.append(value)
                elif "variance" in name:
                    new.append(rng.uniform(0.3, 2, value.shape).astype("float32"))
                else:
                    new.append(rng.normal(0, 0.5, value.shape).astype("float32"))
            if new:
                part.set_weights(new)


def pack(path):
    with zipfile.ZipFile(path) as old:
        members = [(info.filename, old.read(info)) for info in old.infolist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as new:
        for name, content in members:
            new.writestr(zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)


def record(model, inputs, path, names, extra=None, keep=None):
    outputs = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    arrays = {f"x{i}": x[:keep] for i, x in enumerate(inputs)}
    arrays.update({name: np.asarray(y)[:keep] for name, y in zip(names, outputs)})
    arrays.update(extra or {})
    model.save(path)
    if path.endswith(".keras"):
        pack(path)
    np.savez_compressed(os.path.splitext(path)[0] + ".npz", **arrays)


def layers():
    image, row, vector, words = (keras.Input(s, name=n) for s, n in (
        ((6, 7, 3), "image"), ((9, 4), "row"), ((5,), "vector"), ((3,), "words")))
    out = []

    def image_of(x, *more):
        for layer in more:
            x = layer(x)
        out.append(x)
        return x

    on_image = [
        L.Conv2D(4, 3, padding="same", strides=2, name="conv_same"),
        L.Conv2D(3, (2, 3), dilation_rate=2, use_bias=False, name="conv_dilated"),
        L.Conv2D(2, 1, activation="softmax", name="conv_softmax"),
        L.DepthwiseConv2D(3, depth_multiplier=2, padding="same", name="depthwise"),
        L.DepthwiseConv2D(2, strides=2, activation="relu", name="depthwise_stride"),
        L.SeparableConv2D(4, 3, depth_multiplier=2, padding="same", name="separable"),
        L.Conv2DTranspose(3, 3, strides=2, padding="same", name="transpose_same"),
        L.Conv2DTranspose(2, 2, strides=3, padding="valid", name="transpose_valid"),
        L.Conv2DTranspose(2, (4, 3), strides=2, padding="valid", name="transpose_overlap"),
        L.MaxPooling2D(2, name="max_pool"),
        L.MaxPooling2D(3, strides=2, padding="same", name="max_pool_same"),
        L.AveragePooling2D((2, 3), strides=(1, 2), padding="same", name="average_pool_same"),
        L.AveragePooling2D(2, name="average_pool"),
        L.GlobalMaxPooling2D(name="global_max"),
        L.GlobalAveragePooling2D(keepdims=True, name="global_average"),
        L.ZeroPadding2D(((1, 0), (2, 1)), name="zero_padding"),
        L.Cropping2D(((1, 2), (0, 1)), name="cropping"),
        L.UpSampling2D((2, 3), name="up_nearest"),
        L.UpSampling2D((3, 2), interpolation="bilinear", name="up_bilinear"),
        L.BatchNormalization(name="batch_norm"),
        L.BatchNormalization(axis=1, center=False, name="batch_norm_axis1"),
        L.BatchNormalization(scale=False, epsilon=0.01, name="batch_norm_no_scale"),
        L.LayerNormalization(name="layer_norm"),
        L.LayerNormalization(axis=[1, 2, 3], name="layer_norm_all"),
        L.Permute((3, 1, 2), name="permute"),
        L.Reshape((7, -1), name="reshape"),
        L.Flatten(name="flatten"),
        L.Softmax(axis=2, name="softmax_axis"),
        L.PReLU(shared_axes=[1, 2], name="prelu"),
        L.Rescaling(0.25, offset=-1.5, name="rescaling"),
        L.Normalization(mean=[0.1, 0.2, 0.3], variance=[1.0, 2.0, 0.5], name="normalization"),
        L.Dense(3, name="dense_on_image"),
        L.Flatten(data_format="channels_first", name="flatten_first"),
    ]
    on_row = [
        L.Conv1D(5, 3, padding="causal", dilation_rate=2, name="conv1d_causal"),
        L.Conv1D(3, 4, strides=3, padding="same", activation="tanh", name="conv1d_same"),
        L.SeparableConv1D(3, 3, name="separable1d"),
        L.DepthwiseConv1D(3, padding="same", depth_multiplier=2, name="depthwise1d"),
        L.Conv1DTranspose(2, 3, strides=2, padding="same", name="transpose1d"),
        L.MaxPooling1D(2, name="max_pool1d"),
        L.AveragePooling1D(3, strides=2, padding="same", name="average_pool1d"),
        L.GlobalAveragePooling1D(name="global_average1d"),
        L.GlobalMaxPooling1D(keepdims=True, name="global_max1d"),
        L.ZeroPadding1D((2, 1), name="zero_padding1d"),
        L.Cropping1D((1, 3), name="cropping1d"),
        L.UpSampling1D(3, name="up1d"),
        L.TimeDistributed(L.Dense(3, name="inner"), name="time_distributed"),
    ]
    names2 = ["relu", "sigmoid", "tanh", "softplus", "softsign", "elu", "selu", "exponential", "hard_sigmoid",
              "swish", "gelu", "softmax", "linear"]
    names3 = ["relu6", "leaky_relu", "silu", "mish", "celu", "hard_silu", "hard_tanh", "log_softmax"]
    on_vector = [L.Activation(n, name="act_" + n) for n in names2 + (names3 if kind == "keras3" else [])] + [
        L.ReLU(max_value=1.0, name="relu_max"),
        L.ReLU(max_value=1.0, negative_slope=0.25, threshold=0.2, name="relu_ramp"),
        L.LeakyReLU(0.125, name="leaky"),
        L.ELU(0.5, name="elu_half"),
        L.RepeatVector(2, name="repeat"),
        L.Dense(4, activation="relu", use_bias=False, name="dense"),
    ]
    if kind == "keras2":
        on_vector.append(L.ThresholdedReLU(0.3, name="thresholded"))
        on_image.append(L.Conv2DTranspose(2, 3, strides=2, padding="same", output_padding=1, name="transpose_output"))
    names = []
    for x, group in ((image, on_image), (row, on_row), (vector, on_vector)):
        for layer in group:
            out.append(layer(x))
            names.append(layer.name)
    a = L.Conv2D(2, 1, name="merge_a")(image)
    b = L.Conv2D(2, 1, name="merge_b")(image)
    for layer in (L.Add(name="add"), L.Subtract(name="subtract"), L.Multiply(name="multiply"),
                  L.Average(name="average"), L.Maximum(name="maximum"), L.Minimum(name="minimum"),
                  L.Concatenate(name="concat"), L.Concatenate(axis=1, name="concat_rows")):
        out.append(layer([a, b]))
        names.append(layer.name)
    out.append(L.Dot(1, name="dot_vectors")([vector, L.Dense(5, name="other_vector")(vector)]))
    out.append(L.Dot((2, 2), name="dot_rows")([row, L.Conv1D(4, 1, name="other_row")(row)]))
    out.append(L.Embedding(11, 4, name="embedding")(words))
    # One inner model called twice, with a layer shared within.
    p = keras.Input((5,), name="inner_input")
    shared = L.Dense(5, activation="tanh", name="shared")
    inner = keras.Model(p, L.Add(name="inner_add")([shared(shared(p)), p]), name="block")
    first = inner(vector)
    out.append(L.Dropout(0.5, name="dropout")(inner(first)))
    stack = keras.Sequential([L.Dense(3, activation="relu", name="s1"), L.GaussianNoise(1.0), L.Dense(2, name="s2")],
                             name="stack")
    out.append(stack(vector))
    names += ["dot_vectors", "dot_rows", "embedding", "block", "stack"]
    model = keras.Model([image, row, vector, words], out, name="layers")
    randomize(model)
    n = 3
    inputs = [rng.normal(size=(n, 6, 7, 3)), rng.normal(size=(n, 9, 4)), rng.normal(size=(n, 5)),
              rng.integers(0, 11, size=(n, 3))]
    record(model, [x.astype("float32") for x in inputs], f"{folder}/{kind}_layers.keras", names, keep=2)


def qkeras_model():
    import qkeras as Q
    from qkeras import quantizers as q
    vector, image, row = keras.Input((6,), name="vector"), keras.Input((5, 5, 2), name="image"), keras.Input((7, 3), name="row")
    kernels = {
        "bits": q.quantized_bits(4, 1, alpha=1), "bits_none": q.quantized_bits(5, 0), "bits_alpha": q.quantized_bits(4, 0, alpha=0.5),
        "bits_symmetric": q.quantized_bits(3, 0, 1, alpha=1.0), "bits_positive": q.quantized_bits(4, 1, keep_negative=False, alpha=1),
        "bits_auto": q.quantized_bits(4, 0, alpha="auto"), "bits_auto_po2": q.quantized_bits(4, 1, alpha="auto_po2"),
        "bits_one": q.quantized_bits(1, 0, alpha=1),
        "binary": q.binary(alpha=1), "binary_auto": q.binary(alpha="auto"), "binary_auto_po2": q.binary(alpha="auto_po2"),
        "binary_01": q.binary(use_01=True, alpha=1), "stochastic_binary": q.stochastic_binary(alpha="auto_po2"),
        "ternary": q.ternary(alpha=1), "ternary_threshold": q.ternary(alpha=0.5, threshold=0.6),
        "ternary_auto": q.ternary(alpha="auto"), "ternary_auto_po2": q.ternary(alpha="auto_po2"),
        "stochastic_ternary": q.stochastic_ternary(alpha="auto"),
        "po2": q.quantized_po2(4), "po2_max": q.quantized_po2(4, max_value=0.5), "po2_even": q.quantized_po2(5, quadratic_approximation=True),
        "po2_floor": q.quantized_po2(4, log2_rounding="floor"), "relu_po2": q.quantized_relu_po2(3, max_value=1),
        "tanh": q.quantized_tanh(4), "sigmoid": q.quantized_sigmoid(4), "relu": q.quantized_relu(4, 1),
    }
    out, names, weights = [], [], {}
    for name, kernel in kernels.items():
        bias = q.quantized_bits(5, 1, alpha="auto_po2") if name == "bits_auto_po2" else q.quantized_bits(5, 1, alpha=1)
        out.append(Q.QDense(3, kernel_quantizer=kernel, bias_quantizer=bias, name="k_" + name)(vector))
        names.append("k_" + name)
    activations = {
        "bits": "quantized_bits(4,1)", "bits_alpha": "quantized_bits(4,0,alpha=0.5)", "bits_one": "quantized_bits(1,0,alpha=1)",
        "relu": q.quantized_relu(4, 1), "relu_slope": q.quantized_relu(5, 1, negative_slope=0.25), "relu_sigmoid": q.quantized_relu(4, 1, use_sigmoid=1),
        "relu_bound": "quantized_relu(6,2,relu_upper_bound=1.5,is_quantized_clip=False)",
        "binary": "binary(alpha=1)", "binary_01": "binary(use_01=True,alpha=2.0)", "ternary": "ternary(alpha=1)", "ternary_threshold": "ternary(alpha=2.0,threshold=0.5)",
        "stochastic_binary": "stochastic_binary(alpha=1)", "stochastic_ternary": "stochastic_ternary(alpha=1, threshold=0.25)",
        "po2": "quantized_po2(4)", "po2_max": "quantized_po2(4,max_value=2)", "relu_po2": "quantized_relu_po2(4,4)", "tanh": "quantized_tanh(5)",
        "real_tanh": "quantized_tanh(5,use_real_tanh=True)", "tanh_symmetric": "quantized_tanh(4,symmetric=True)", "sigmoid": "quantized_sigmoid(5)",
        "real_sigmoid": "quantized_sigmoid(5,use_real_sigmoid=True,symmetric=True)", "ulaw": "quantized_ulaw(5,1)",
        "hswish": "quantized_hswish(6,2)", "hard_tanh": "hard_tanh", "smooth_sigmoid": "smooth_sigmoid", "hard_sigmoid": "hard_sigmoid",
        "binary_tanh": "binary_tanh", "softmax": "softmax",
    }
    for name, activation in activations.items():
        out.append(Q.QActivation(activation, name="a_" + name)(vector))
        names.append("a_" + name)
    k4, b4 = dict(kernel_quantizer=q.quantized_bits(4, 0, alpha=1), bias_quantizer=q.quantized_bits(5, 1, alpha=1)), None
    d4 = q.quantized_bits(4, 1, alpha="auto")
    bias = dict(bias_quantizer=q.quantized_bits(5, 1, alpha=1))
    some = [
        (Q.QConv2D(3, 3, padding="same", activation=q.quantized_relu(4, 1), name="conv2d", **k4), image),
        (Q.QConv2D(3, 2, strides=2, kernel_quantizer=q.quantized_bits(4, 0, alpha="auto_po2"), name="conv2d_auto", **bias), image),
        (Q.QDepthwiseConv2D(3, depth_multiplier=2, depthwise_quantizer=d4, name="depthwise", **bias), image),
        (Q.QSeparableConv2D(3, 2, depthwise_quantizer=q.quantized_bits(4, 0, alpha=1), pointwise_quantizer=d4, name="separable", **bias), image),
        (Q.QConv1D(3, 3, padding="causal", name="conv1d", **k4), row),
        (Q.QSeparableConv1D(3, 2, depthwise_quantizer=q.quantized_bits(4, 0, alpha=1), pointwise_quantizer=q.ternary(alpha=1), name="separable1d", **bias), row),
        (Q.QBatchNormalization(name="batch_norm"), image),
        (Q.QBatchNormalization(gamma_quantizer=q.quantized_relu_po2(6, 2048), beta_quantizer=q.quantized_po2(5, max_value=8), mean_quantizer=q.quantized_po2(5), variance_quantizer=q.quantized_relu_po2(6, quadratic_approximation=True), name="batch_norm_po2"), image),
        (Q.QAveragePooling2D(2, average_quantizer=q.quantized_bits(6, 0, alpha=1), activation=q.quantized_bits(6, 2, alpha=1), name="average_pool"), image),
        (Q.QGlobalAveragePooling2D(average_quantizer=q.quantized_bits(6, 0, alpha=1), name="global_average"), image),
        (Q.QConv2DBatchnorm(3, 2, folding_mode="ema_stats_folding", name="conv2d_batchnorm", **k4), image),
        (Q.QDepthwiseConv2DBatchnorm(2, depthwise_quantizer=q.quantized_bits(4, 0, alpha=1), name="depthwise_batchnorm", **bias), image),
    ]
    for layer, x in some:
        out.append(layer(x))
        names.append(layer.name)
    model = keras.Model([vector, image, row], out, name="quantizers")
    randomize(model)
    for name in kernels:
        layer = model.get_layer("k_" + name)
        weights["w_k_" + name] = np.asarray(layer.kernel_quantizer_internal(layer.kernel))
        weights["b_k_" + name] = np.asarray(layer.bias_quantizer_internal(layer.bias))
    for name, attribute in (("conv2d_auto", "kernel"), ("depthwise", "depthwise")):
        layer = model.get_layer(name)
        raw = layer.depthwise_kernel if attribute == "depthwise" else layer.kernel
        weights["w_" + name] = np.asarray(getattr(layer, attribute + "_quantizer_internal")(raw))
    x = [np.concatenate([rng.normal(size=(4, 6)), np.round(rng.uniform(-4, 4, size=(12, 6)) * 16) / 16]),
         np.round(rng.uniform(-2, 2, size=(16, 5, 5, 2)) * 16) / 16, np.round(rng.uniform(-2, 2, size=(16, 7, 3)) * 16) / 16]
    x[0][4] = [0, 0.25, -0.25, 0.5, -0.5, 1]
    record(model, [a.astype("float32") for a in x], f"{folder}/qkeras_quantizers.keras", names, weights)


def hgq2_model():
    import hgq.layers as H
    from hgq.config import LayerConfigScope, QuantizerConfig, QuantizerConfigScope
    data = dict(q_type="kif", place="datalane", overflow_mode="WRAP")
    out, names = [], []
    with QuantizerConfigScope(place=("weight", "bias"), default_q_type="kbi", overflow_mode="SAT_SYM"), \
         QuantizerConfigScope(place="datalane", default_q_type="kif", overflow_mode="WRAP"), \
         LayerConfigScope(enable_ebops=True, beta0=1e-7):
        image, vector = keras.Input((5, 5, 2), name="image"), keras.Input((6,), name="vector")
        sat = QuantizerConfig("kif", "datalane", overflow_mode="SAT", round_mode="RND_CONV")
        per_element = QuantizerConfig("kif", "datalane", overflow_mode="WRAP", homogeneous_axis=(0,))
        a = H.QConv2D(3, 3, padding="same", activation="relu", name="conv2d")(image)
        b = H.QConv2D(3, 1, iq_conf=sat, name="conv2d_sat")(image)
        s = H.QAdd(name="add")([a, b])
        n = H.QBatchNormalization(name="batch_norm")(s)
        p = H.QMaxPooling2D(2, name="max_pool")(n)
        g = H.QGlobalAveragePooling2D(name="global_average")(p)
        d = H.QDense(4, iq_conf=per_element, name="dense")(vector)
        e = H.QBatchNormDense(4, name="dense_batch_norm")(vector)
        t = H.QUnaryFunctionLUT("tanh", name="tanh")(d)
        m = H.QMultiply(name="multiply")([d, e])
        o = H.QSoftmax(name="softmax")(e)
        z = H.QEinsumDense("ab,bc->ac", 3, bias_axes="c", name="einsum")(vector)
        out, names = [a, b, s, n, p, g, d, e, t, m, o, z], [
            "conv2d", "conv2d_sat", "add", "batch_norm", "max_pool", "global_average", "dense", "dense_batch_norm",
            "tanh", "multiply", "softmax", "einsum"]
        model = keras.Model([image, vector], out, name="quantizers")
    for weight in model.weights:
        last, shape = weight.path.split("/")[-1], weight.shape
        if last == "k":
            weight.assign(rng.integers(0, 2, shape) if "_kq" not in weight.path else np.ones(shape))
        elif last == "i":
            weight.assign(rng.integers(0, 3, shape))
        elif last == "f":
            weight.assign(rng.integers(-1, 5, shape))
        elif last == "b":
            weight.assign(rng.integers(0, 6, shape))
        elif "variance" in last:
            weight.assign(rng.uniform(0.3, 2, shape))
        elif "float" in str(weight.dtype) and last not in ("beta", "i_decay_speed", "ebops"):
            weight.assign(rng.normal(0, 0.8, shape))
    x = [np.round(rng.uniform(-4, 4, size=(8, 5, 5, 2)) * 64) / 64, np.round(rng.uniform(-4, 4, size=(16, 6)) * 64) / 64]
    x[0] = np.concatenate([x[0], x[0][::-1]])
    record(model, [a.astype("float32") for a in x], f"{folder}/hgq2_quantizers.keras", names)


def files():
    import qkeras as Q
    from qkeras import quantizers as q
    four = dict(kernel_quantizer=q.quantized_bits(4, 0, alpha=1), bias_quantizer=q.quantized_bits(4, 0, alpha=1))
    block = keras.Sequential([Q.QDense(3, name="first", **four), Q.QActivation("quantized_relu(4,1)", name="act")], name="block")
    model = keras.Sequential([keras.Input((5,)), block, Q.QDense(2, name="last", **four), L.Softmax(name="softmax")], name="tiny")
    for layer in (block.layers[0], model.get_layer("last")):
        layer.set_weights([rng.normal(0, 0.5, w.shape) for w in layer.get_weights()])
    x = (np.round(rng.uniform(-2, 2, size=(6, 5)) * 16) / 16).astype("float32")
    record(model, [x], f"{folder}/tiny.keras", ["softmax"])
    model.save(f"{folder}/tiny.h5", include_optimizer=False)
    model.save_weights(f"{folder}/tiny_weights.h5")
    with open(f"{folder}/tiny.json", "w") as file:
        file.write(model.to_json())


{"keras2": layers, "keras3": layers, "files": files, "qkeras": qkeras_model, "hgq2": hgq2_model}[kind]()
