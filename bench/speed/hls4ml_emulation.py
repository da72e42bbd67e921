#!/usr/bin/env python3
"""Milliseconds of processor time a sample of hls4ml's compiled emulation, of one network under a recorded configuration.

    python hls4ml_emulation.py MODEL RECORDING      (RECORDING without .json and .npz)

Prints the best of several runs as its last line. Called by hls4ml_emulation.
"""
import contextlib
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

with contextlib.redirect_stdout(sys.stderr):
    from hls4ml.converters.keras_v2_to_hls import keras_v2_to_hls

    model, recording = Path(sys.argv[1]), sys.argv[2]
    given = json.loads(Path(recording + '.json').read_text())
    x = np.load(recording + '.npz')['x']
    x = np.ascontiguousarray(np.tile(x, (max(1, 200 // len(x)),) + (1,) * (x.ndim - 1))[:200], dtype=np.float32)
    with tempfile.TemporaryDirectory() as work:
        config = {'OutputDir': f'{work}/project', 'ProjectName': 'myproject', 'Backend': 'Vitis',
                  'Part': 'xcvu13p-flga2577-2-e', 'ClockPeriod': 5, 'IOType': given['y_from'],
                  'HLSConfig': given['hls_config_given']}
        if model.suffix == '.json':
            config.update(KerasJson=str(model), KerasH5=str(model.with_name(model.stem + '_weights.h5')))
        else:
            config.update(KerasH5=str(model))
        network = keras_v2_to_hls(config)
        network.compile()
        network.predict(x[:1])
        best = 1e9
        for _ in range(5):
            start = time.process_time()
            network.predict(x)
            best = min(best, (time.process_time() - start) / len(x))
print(best * 1e3)
