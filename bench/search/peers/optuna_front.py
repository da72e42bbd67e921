"""A peer of bench/search/fronts: Optuna's samplers on the same problems, in a program of their own.

    optuna_front.py SAMPLER PROBLEM VARIABLES EVALUATIONS SEED      (SAMPLER: nsga2, tpe)

Prints the version, then the seconds of processor spent in Study.optimize, then the losses of every trial, one per line.
Storage is in memory, as the peer is fastest; samplers have their own defaults.
"""
import math
import sys
import time

import optuna


def losses(problem, x):
    if problem in ("zdt1", "zdt2"):
        g = 1 + 9 * sum(x[1:]) / (len(x) - 1)
        h = 1 - math.sqrt(x[0] / g) if problem == "zdt1" else 1 - (x[0] / g) ** 2
        return [x[0], g * h]
    g = sum((v - 0.5) ** 2 for v in x[2:])  # dtlz2 with three losses
    a, b = x[0] * math.pi / 2, x[1] * math.pi / 2
    return [(1 + g) * math.cos(a) * math.cos(b), (1 + g) * math.cos(a) * math.sin(b), (1 + g) * math.sin(a)]


def main():
    sampler_name, problem, variables, evaluations, seed = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    samplers = {"nsga2": optuna.samplers.NSGAIISampler, "tpe": optuna.samplers.TPESampler}
    sampler = samplers[sampler_name](seed=seed)
    count = 3 if problem == "dtlz2" else 2
    study = optuna.create_study(directions=["minimize"] * count, sampler=sampler)
    objective = lambda trial: losses(problem, [trial.suggest_float(f"x{i}", 0, 1) for i in range(variables)])
    start = time.process_time()
    study.optimize(objective, n_trials=evaluations)
    seconds = time.process_time() - start
    print("Optuna", optuna.__version__)
    print(repr(seconds))
    for trial in study.get_trials(deepcopy=False):
        print(*map(repr, trial.values))


main()
