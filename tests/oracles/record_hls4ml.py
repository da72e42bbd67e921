#!/usr/bin/env python3
"""Records what hls4ml's C++ emulation answers for small Keras networks that between them have every layer and activation
of the compatibility mode, under several configurations.

    python record_hls4ml.py ../../src/compat/testdata [NAME...]

writes, for each network, NAME.json and NAME_weights.h5 (Keras 2 files, made here without TensorFlow) and, for each
configuration, NAME.CONFIG.json (the configuration, and the types of hls4ml's resolved layers) and NAME.CONFIG.npz (inputs
x, outputs y, trace_LAYER for all samples). src/compat/hls4ml_recorded_test.cpp reads them. Environment: hls4ml.txt;
a g++ with C++11.
"""
import hashlib
import json
import os
import sys
import tempfile

import h5py
import hls4ml
import numpy as np
from hls4ml.converters.keras_v2_to_hls import keras_v2_to_hls

class Net:
    """A functional Keras 2 model under construction."""

    def __init__(self, name, shape):
        self.name, self.layers, self.weights, self.shape = name, [], {}, shape
        self.random = np.random.default_rng(20)
        self.layer('InputLayer', 'x', [], {'batch_input_shape': [None, *shape], 'dtype': 'float32', 'sparse': False})

    def layer(self, cls, name, inputs, config, weights=None):
        inputs = [inputs] if isinstance(inputs, str) else inputs
        entry = {'class_name': cls, 'config': {'name': name, 'trainable': True, 'dtype': 'float32', **config}, 'name': name,
                 'inbound_nodes': [[[i, 0, 0, {}] for i in inputs]] if inputs else []}
        self.layers.append(entry)
        self.weights[name] = weights or {}
        return name

    def dense(self, x, name, n, m, activation='linear', bias=True):
        weights = {'kernel': self.random.normal(size=(n, m)) * 0.8}
        if bias:
            weights['bias'] = self.random.normal(size=m) * 0.5
        return self.layer('Dense', name, x, {'units': m, 'activation': activation, 'use_bias': bias}, weights)

    def act(self, x, name, activation):
        return self.layer('Activation', name, x, {'activation': activation})

    def conv(self, x, name, cin, cout, kernel, cls=None, activation='linear', padding='same', strides=1, bias=True):
        rank = len(kernel)
        cls = cls or f'Conv{rank}D'
        config = {'filters': cout, 'kernel_size': kernel, 'strides': [strides] * rank, 'padding': padding,
                  'data_format': 'channels_last', 'dilation_rate': [1] * rank, 'groups': 1, 'activation': activation,
                  'use_bias': bias}
        weights = {}
        if 'Depthwise' in cls:
            config['depth_multiplier'] = 1
            weights['depthwise_kernel'] = self.random.normal(size=(*kernel, cin, 1)) * 0.5
            cout = cin
        elif 'Separable' in cls:
            config['depth_multiplier'] = 1
            weights['depthwise_kernel'] = self.random.normal(size=(*kernel, cin, 1)) * 0.5
            weights['pointwise_kernel'] = self.random.normal(size=(*[1] * rank, cin, cout)) * 0.5
        else:
            weights['kernel'] = self.random.normal(size=(*kernel, cin, cout)) * 0.5
        if bias:
            weights['bias'] = self.random.normal(size=cout) * 0.3
        return self.layer(cls, name, x, config, weights)

    def norm(self, x, name, n, axis):
        return self.layer('BatchNormalization', name, x,
                          {'axis': [axis], 'momentum': 0.99, 'epsilon': 0.001, 'center': True, 'scale': True},
                          {'gamma': self.random.uniform(0.5, 1.5, n), 'beta': self.random.normal(size=n) * 0.3,
                           'moving_mean': self.random.normal(size=n) * 0.3, 'moving_variance': self.random.uniform(0.3, 2, n)})

    def write(self, folder):
        last = self.layers[-1]['name']
        model = {'class_name': 'Functional', 'keras_version': '2.14.0', 'backend': 'tensorflow',
                 'config': {'name': self.name, 'trainable': True, 'layers': self.layers,
                            'input_layers': [['x', 0, 0]], 'output_layers': [[last, 0, 0]]}}
        with open(f'{folder}/{self.name}.json', 'w') as file:
            json.dump(model, file)
        with h5py.File(f'{folder}/{self.name}_weights.h5', 'w', track_order=False) as file:
            file.attrs['layer_names'] = [layer['name'].encode() for layer in self.layers]
            file.attrs['backend'] = b'tensorflow'
            file.attrs['keras_version'] = b'2.14.0'
            for name, weights in self.weights.items():
                group = file.create_group(name)
                group.attrs['weight_names'] = np.array([f'{name}/{w}:0'.encode() for w in weights], dtype='S64')
                for w, values in weights.items():
                    group.create_dataset(f'{name}/{w}:0', data=np.asarray(values, dtype=np.float32))


def activations():
    net = Net('activations', [6])
    x = net.dense('x', 'd0', 6, 6, 'sigmoid')
    x = net.dense(x, 'd1', 6, 6, 'tanh')
    x = net.dense(x, 'd2', 6, 6, 'softplus')
    x = net.dense(x, 'd3', 6, 6, 'softsign')
    x = net.dense(x, 'd4', 6, 6, 'selu')
    x = net.dense(x, 'd5', 6, 6, 'relu6')
    x = net.dense(x, 'd6', 6, 6)
    x = net.layer('ELU', 'e6', x, {'alpha': 0.7})
    x = net.dense(x, 'd7', 6, 6)
    x = net.layer('LeakyReLU', 'l7', x, {'alpha': 0.3})
    x = net.dense(x, 'd8', 6, 6)
    x = net.layer('ThresholdedReLU', 't8', x, {'theta': 0.4})
    x = net.dense(x, 'd9', 6, 6)
    x = net.layer('PReLU', 'p9', x, {'shared_axes': None}, {'alpha': net.random.uniform(-0.5, 0.5, 6)})
    x = net.dense(x, 'd10', 6, 6, 'hard_sigmoid')
    x = net.dense(x, 'd11', 6, 6)
    x = net.layer('ReLU', 'r11', x, {'max_value': 1.5, 'negative_slope': 0.0, 'threshold': 0.0})
    x = net.dense(x, 'd12', 6, 5)
    net.act(x, 's12', 'softmax')
    return net


def softmax():
    net = Net('softmax', [4])
    x = net.dense('x', 'd0', 4, 5)
    net.act(x, 's', 'softmax')
    return net


def windows1():
    net = Net('windows1', [12, 2])
    x = net.conv('x', 'c0', 2, 3, [3], activation='relu')
    x = net.layer('AveragePooling1D', 'a0', x, {'pool_size': [3], 'strides': [2], 'padding': 'same',
                                               'data_format': 'channels_last'})
    x = net.conv(x, 's1', 3, 4, [3], 'SeparableConv1D', padding='valid')
    x = net.norm(x, 'n1', 4, 2)
    x = net.act(x, 'r1', 'relu')
    x = net.layer('ZeroPadding1D', 'z1', x, {'padding': [1, 2]})
    x = net.layer('Cropping1D', 'k1', x, {'cropping': [2, 1]})
    x = net.layer('UpSampling1D', 'u1', x, {'size': 2})
    x = net.dense(x, 'd2', 4, 3, 'relu')
    x = net.layer('GlobalAveragePooling1D', 'g2', x, {'data_format': 'channels_last', 'keepdims': False})
    net.dense(x, 'd3', 3, 2)
    return net


def windows2():
    net = Net('windows2', [6, 6, 2])
    x = net.conv('x', 'c0', 2, 3, [3, 3], activation='relu', strides=1)
    x = net.layer('MaxPooling2D', 'm0', x, {'pool_size': [2, 2], 'strides': [1, 1], 'padding': 'same',
                                           'data_format': 'channels_last'})
    x = net.conv(x, 'dw1', 3, 3, [3, 3], 'DepthwiseConv2D', activation='relu', padding='valid')
    x = net.layer('AveragePooling2D', 'a1', x, {'pool_size': [2, 3], 'strides': [1, 1], 'padding': 'valid',
                                               'data_format': 'channels_last'})
    x = net.conv(x, 'c2', 3, 4, [1, 1], bias=False)
    x = net.norm(x, 'n2', 4, 3)
    x = net.layer('GlobalMaxPooling2D', 'g2', x, {'data_format': 'channels_last', 'keepdims': False})
    net.dense(x, 'd3', 4, 3)
    return net


def merges():
    net = Net('merges', [5])
    a = net.dense('x', 'a', 5, 4, 'relu')
    b = net.dense('x', 'b', 5, 4, 'tanh')
    add = net.layer('Add', 'add', [a, b], {})
    sub = net.layer('Subtract', 'sub', [add, b], {})
    mul = net.layer('Multiply', 'mul', [sub, a], {})
    avg = net.layer('Average', 'avg', [mul, add], {})
    big = net.layer('Maximum', 'big', [avg, b], {})
    low = net.layer('Minimum', 'low', [big, a], {})
    cat = net.layer('Concatenate', 'cat', [low, sub], {'axis': -1})
    net.dense(cat, 'd', 8, 3)
    return net


def named(net, default='fixed<16,6>', change=None):
    """What config_from_keras_model(granularity='name') gives: auto wherever hls4ml infers."""
    names = {}
    for layer in net.layers:
        cls, name = layer['class_name'], layer['name']
        precision = {'result': 'auto'}
        if 'Conv' in cls or cls == 'Dense':
            precision.update(weight='auto', bias='auto', accum='auto')
        if 'Separable' in cls:
            precision = {'result': 'auto', 'depthwise': 'auto', 'pointwise': 'auto', 'bias': 'auto', 'accum': 'auto',
                         'depthwise_accum': 'auto', 'pointwise_accum': 'auto', 'depthwise_result': 'auto'}
        if cls == 'BatchNormalization':
            precision.update(scale='auto', bias='auto')
        if cls in ('LeakyReLU', 'ELU', 'ThresholdedReLU', 'PReLU'):
            precision.update(param='auto')
        if 'Pooling' in cls and 'Global' not in cls:
            precision.update(accum='auto')
        names[name] = {'Trace': False, 'Precision': precision, 'ReuseFactor': 1}
        activation = layer['config'].get('activation')
        if cls not in ('Activation', 'Softmax') and activation is not None:
            names[f'{name}_{activation}'] = {'Trace': False, 'Precision': {'result': 'auto'}, 'ReuseFactor': 1}
    config = {'Model': {'Precision': {'default': default}, 'ReuseFactor': 1, 'Strategy': 'Latency'}, 'LayerName': names}
    for name, settings in (change or {}).items():
        names[name].update(settings)
    return config


def model(precision, **more):
    return {'Model': {'Precision': precision, 'ReuseFactor': 1, 'Strategy': 'Latency'}, **more}


def cases():
    a = activations()
    yield a, 'model16_6', model('ap_fixed<16,6>')
    yield a, 'name', named(a)
    yield a, 'rnd_sat', model('ap_fixed<14,5,AP_RND,AP_SAT>', LayerName={
        name: {'TableSize': size, 'table_t': table} for name, size, table in (
            ('d0_sigmoid', 512, 'ap_ufixed<8,0>'), ('d1_tanh', 2048, 'ap_fixed<10,2,AP_RND_CONV,AP_SAT>'),
            ('d2_softplus', 256, 'ap_fixed<18,8>'), ('d3_softsign', 1000, 'ap_fixed<12,2>'),
            ('d4_selu', 512, 'ap_fixed<12,4>'), ('e6', 128, 'ap_fixed<9,3>'))})
    yield a, 'narrow', model({'default': 'ap_fixed<9,4>', 'accum': 'ap_fixed<12,5,AP_RND_CONV,AP_SAT_SYM>',
                              'weight': 'ap_fixed<7,3,AP_RND_ZERO,AP_SAT>', 'bias': 'ap_fixed<8,2>'},
                             LayerType={'Activation': {'Precision': 'ap_fixed<10,4,AP_TRN_ZERO,AP_SAT_ZERO>'}})
    s = softmax()
    for implementation in ('stable', 'latency', 'legacy', 'argmax'):
        yield s, implementation, model('ap_fixed<16,6>', LayerName={'s': {'Implementation': implementation}})
    yield s, 'tables', model('ap_fixed<14,4,AP_RND,AP_SAT>', LayerName={
        's': {'TableSize': 256, 'exp_table_t': 'ap_fixed<12,4,AP_RND,AP_SAT>', 'inv_table_t': 'ap_ufixed<10,1>',
              'inv_inp_t': 'ap_ufixed<14,6,AP_RND,AP_SAT>', 'Precision': {'accum': 'ap_fixed<15,6>'}}})
    for net in (windows1(), windows2(), merges()):
        yield net, 'model16_6', model('ap_fixed<16,6>')
        yield net, 'name', named(net)
        yield net, 'rnd_sat', model('ap_fixed<13,5,AP_RND,AP_SAT>')


def inputs(net, samples=12):
    """Half of them off the grid, half on it and large."""
    x = net.random.normal(size=(samples, *net.shape)) * 1.5
    x[samples // 2:] = np.round(net.random.uniform(-6, 6, size=x[samples // 2:].shape) * 64) / 64
    return np.ascontiguousarray(x.astype(np.float32))


def record(folder, net, name, config, x):
    net.write(folder)
    samples = len(x)
    given = json.loads(json.dumps(config))
    with tempfile.TemporaryDirectory() as work:
        m = keras_v2_to_hls({
            'OutputDir': f'{work}/project', 'ProjectName': 'myproject', 'Backend': 'Vitis', 'Part': 'xcvu13p-flga2577-2-e',
            'ClockPeriod': 5, 'IOType': 'io_parallel', 'HLSConfig': config,
            'KerasJson': f'{folder}/{net.name}.json', 'KerasH5': f'{folder}/{net.name}_weights.h5'})
        for layer in m.get_layers():
            layer.set_attr('trace', True)
        m.config.trace_output = True
        m.write()
        script = f'{work}/project/build_lib.sh'
        with open(script) as file:
            text = file.read()
        with open(script, 'w') as file:
            file.write(text.replace('-O3', '-O0'))
        m._compile()
        m.compile = lambda: None
        y, trace = m.trace(x)
        layers = [{'name': l.name, 'class_name': l.class_name,
                   'types': {k: {'text': str(t.precision)} for k, t in l.types.items()}} for l in m.get_layers()]
    digests = {}
    for file in (f'{net.name}.json', f'{net.name}_weights.h5'):
        with open(f'{folder}/{file}', 'rb') as content:
            digests[file] = hashlib.sha256(content.read()).hexdigest()
    with open(f'{folder}/{net.name}.{name}.json', 'w') as file:
        json.dump({'model': net.name, 'config': name, 'tool': f'hls4ml {hls4ml.__version__}, Vitis backend, C++ emulation',
                   'model_sha256': digests, 'hls_config_given': given, 'y_from': 'io_parallel',
                   'io': {'io_parallel': {'layers': layers}}}, file)
    arrays = {'x': x, 'y': np.asarray(y).reshape(samples, -1)}
    for layer, values in trace.items():
        arrays[f'trace_{layer}'] = np.asarray(values, dtype=np.float32).reshape(samples, -1)
    np.savez_compressed(f'{folder}/{net.name}.{name}.npz', **arrays)
    print(net.name, name, 'recorded', flush=True)


if __name__ == '__main__':
    target = os.path.abspath(sys.argv[1])
    os.makedirs(target, exist_ok=True)
    for net, name, config in cases():
        x = inputs(net)  # drawn whether recorded or not, so that one case may be recorded alone
        if len(sys.argv) < 3 or any(wanted in f'{net.name}.{name}' for wanted in sys.argv[2:]):
            try:
                record(target, net, name, config, x)
            except Exception as error:  # what hls4ml cannot do is not recorded
                print(net.name, name, 'FAILED:', str(error)[:400], flush=True)
