#!/usr/bin/env python3
"""Adders of the constant products of a QONNX network, layer by layer: `sluice cmvm` beside da4ml.

    da4ml_layers.py MODEL.onnx --sluice build/release/bin/sluice [--layers 3,1] [--all] [--ours-only]

Takes the integer weights of every product behind a quantizer (rounded by its scale). da4ml is asked once, for its own choice of a
decomposition; with --all for the best of all decompositions, its default, which takes five to seven times as long. Free depth,
processor seconds of one thread. Needs numpy, onnx and da4ml 0.6.0. Exit code 1 if ours has more adders anywhere.
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import onnx
from onnx import numpy_helper


def matrices(model):
    """[(name, integer matrix inputs x outputs)] of every product by quantized weights."""
    graph = onnx.load(model).graph
    value = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    codes, found = {}, []
    for node in graph.node:
        if node.op_type == "Constant":
            value[node.output[0]] = numpy_helper.to_array(node.attribute[0].t)
        elif node.op_type == "Quant" and node.input[0] in value:
            codes[node.output[0]] = np.rint(value[node.input[0]] / value[node.input[1]]).astype(np.int64)
        elif node.op_type == "Transpose" and node.input[0] in codes:
            codes[node.output[0]] = codes[node.input[0]].T
        elif node.op_type == "MatMul" and node.input[1] in codes:
            found.append((node.name, codes[node.input[1]]))
    return found


def ours(sluice, matrix):
    with tempfile.TemporaryDirectory() as folder:
        weights, graph = pathlib.Path(folder, "w.npy"), pathlib.Path(folder, "g.json")
        np.save(weights, matrix)
        subprocess.run([sluice, "cmvm", str(weights), "-o", str(graph)], check=True, stdout=subprocess.DEVNULL)
        answer = json.loads(graph.read_text())
    return answer["adders"], answer["cpu_ms"] / 1000


def theirs(matrix, every):
    from da4ml.cmvm import solve

    start = time.process_time()
    answer = solve(matrix.astype(np.float32), search_all_decompose_dc=every)
    return int(answer.cost), time.process_time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--sluice", required=True)
    parser.add_argument("--layers", help="positions of the layers, from 0, in the order to take them; else all")
    parser.add_argument("--all", action="store_true", help="da4ml over all decompositions")
    parser.add_argument("--ours-only", action="store_true")
    arguments = parser.parse_args()
    layers = matrices(arguments.model)
    chosen = [int(k) for k in arguments.layers.split(",")] if arguments.layers else range(len(layers))
    worse = False
    for k in chosen:
        name, matrix = layers[k]
        adders, seconds = ours(arguments.sluice, matrix)
        line = f"{name} {matrix.shape[0]} x {matrix.shape[1]}: ours {adders} adders in {seconds:.1f} s"
        if not arguments.ours_only:
            peer, peer_seconds = theirs(matrix, arguments.all)
            line += f", da4ml {peer} in {peer_seconds:.1f} s"
            worse = worse or adders > peer
        print(line, flush=True)
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
