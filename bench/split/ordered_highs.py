"""The ordered-cumulative integer program of a partition file, solved by plain HiGHS: one run per place of the CPU.

  ordered_highs.py [--merged] FILE...        needs highspy; prints one JSON line per file

Stages stand in order; y[v,k] = 1 if v is in a stage up to k. y[v,k] <= y[v,k+1], and y[u,k] >= y[v,k] for every edge
u -> v: this alone makes parts convex and their graph acyclic. in/out[t,k] are at least the differences of x = y[.,k] -
y[.,k-1] of maker and readers. The CPU is one more stage, at a place that each run fixes. Nodes of a colour class are one
node (binding in the operator graph). --merged also contracts what costs nothing, as our solver does, so that the two see
the same graph.
"""
import argparse
import json
import time

import highspy
import numpy as np


def contracted(data, merged):
    """Groups of nodes that stay together, as a smaller graph: times, sizes, tensors (amount, maker, readers)."""
    index = {node["id"]: i for i, node in enumerate(data["nodes"])}
    leader = list(range(len(index)))

    def find(v):
        while leader[v] != v:
            leader[v] = leader[leader[v]]
            v = leader[v]
        return v

    colours = {}
    for node in data["nodes"]:
        if "colorClass" in node:
            leader[find(index[node["id"]])] = find(colours.setdefault(node["colorClass"], index[node["id"]]))
    readers, amount = {}, {}
    for edge in data["edges"]:
        readers.setdefault(index[edge["sourceId"]], set()).add(index[edge["destId"]])
        amount[index[edge["sourceId"]]] = edge["cost"]
    while True:
        heads = sorted({find(v) for v in leader})
        rank = {v: i for i, v in enumerate(heads)}
        n = len(heads)
        fpga, cpu, size = np.zeros(n), np.zeros(n), np.zeros(n)
        for node in data["nodes"]:
            i = rank[find(index[node["id"]])]
            fpga[i] += node["fpgaLatency"] if node["supportedOnFpga"] else 1e9
            cpu[i] += node["cpuLatency"]
            size[i] += node["size"]
        tensors = []
        for u in readers:
            to = sorted({rank[find(v)] for v in readers[u]} - {rank[find(u)]})
            if to:
                tensors.append((amount[u], rank[find(u)], to))
        if not merged or sum(size) > data["maxSizePerFPGA"]:
            return fpga, cpu, size, tensors
        ins, outs, alone = np.zeros(n), np.zeros(n), np.zeros(n)
        before, after = [set() for _ in range(n)], [set() for _ in range(n)]
        for a, u, to in tensors:
            outs[u] += a
            for v in to:
                ins[v] += a
                alone[v] += a if len(to) == 1 else 0
                before[v].add(u)
                after[u].add(v)
        touched, count = set(), 0
        for v in range(n):
            if v in touched or fpga[v] > 0 or cpu[v] > 0:
                continue
            options = [w for w in after[v] if len(after[v]) == 1 and ins[v] <= outs[v]]
            options += [w for w in before[v] if len(before[v]) == 1 and outs[v] <= alone[v]]
            for w in options:
                if w not in touched:
                    touched |= {v, w}
                    leader[heads[v]] = heads[w]
                    count += 1
                    break
        if count == 0:
            return fpga, cpu, size, tensors


def solve(graph, data, cpu_place):
    fpga, cpu, size, tensors = graph
    n, stages = len(fpga), data["maxFPGAs"] + data["maxCPUs"]
    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    model.setOptionValue("threads", 1)
    infinity = highspy.kHighsInf
    y = lambda v, k: v * (stages - 1) + k  # the last stage holds the rest: y = 1 there
    top = n * (stages - 1)
    columns = top + 1
    transfers = {}
    for t in range(len(tensors)):
        for k in range(stages):
            if k != cpu_place:
                transfers[t, k, 0], transfers[t, k, 1] = columns, columns + 1
                columns += 2
    lower, upper, cost = np.zeros(columns), np.full(columns, infinity), np.zeros(columns)
    upper[:top] = 1
    cost[top] = 1
    model.addVars(columns, lower, upper)
    model.changeColsCost(columns, np.arange(columns, dtype=np.int32), cost)
    model.changeColsIntegrality(top, np.arange(top, dtype=np.int32),
                                np.array([highspy.HighsVarType.kInteger] * top))

    def row(terms, constant, low, high):
        """low <= sum of terms + constant <= high; a term is (column, factor)."""
        summed = {}
        for column, factor in terms:
            summed[column] = summed.get(column, 0.0) + factor
        model.addRow(low - constant, high - constant, len(summed), np.array(list(summed), dtype=np.int32),
                     np.array(list(summed.values())))

    def x(v, k, factor):
        terms, constant = [], 0.0
        if k < stages - 1:
            terms.append((y(v, k), factor))
        else:
            constant += factor
        if k > 0:
            terms.append((y(v, k - 1), -factor))
        return terms, constant

    for v in range(n):
        for k in range(stages - 2):
            row([(y(v, k + 1), 1.0), (y(v, k), -1.0)], 0.0, 0.0, infinity)
    edges = {(u, v) for _, u, to in tensors for v in to}
    for u, v in sorted(edges):
        for k in range(stages - 1):
            row([(y(u, k), 1.0), (y(v, k), -1.0)], 0.0, 0.0, infinity)
    for k in range(stages):
        terms, constant = [(top, -1.0)], 0.0
        room, room_constant = [], 0.0
        for v in range(n):
            more, c = x(v, k, float(cpu[v] if k == cpu_place else fpga[v]))
            terms += more
            constant += c
            more, c = x(v, k, float(size[v]))
            room += more
            room_constant += c
        if k != cpu_place:
            for t, (a, u, to) in enumerate(tensors):
                terms += [(transfers[t, k, 0], a), (transfers[t, k, 1], a)]
                for v in to:
                    mine, c = x(u, k, -1.0)
                    its, d = x(v, k, 1.0)
                    row([(transfers[t, k, 0], -1.0)] + mine + its, c + d, -infinity, 0.0)  # enters
                    row([(transfers[t, k, 1], -1.0)] + [(i, -f) for i, f in mine + its], -c - d, -infinity, 0.0)
            if sum(size) > data["maxSizePerFPGA"]:
                room = [(i, f / data["maxSizePerFPGA"]) for i, f in room]
                row(room, room_constant / data["maxSizePerFPGA"], -infinity, 1.0)
        row(terms, constant, -infinity, 0.0)
    begin = time.process_time()
    model.run()
    return model.getObjectiveValue(), time.process_time() - begin


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--merged", action="store_true")
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    for name in arguments.files:
        with open(name) as file:
            data = json.load(file)
        graph = contracted(data, arguments.merged)
        runs = [solve(graph, data, place) for place in range(data["maxFPGAs"] + data["maxCPUs"])]
        print(json.dumps({"file": name.rsplit("/", 1)[-1], "nodes": len(graph[0]),
                          "load": min(value for value, _ in runs), "cpu_seconds": sum(s for _, s in runs)}), flush=True)


main()
