"""A peer of bench/experiment/trial_rate: Optuna's storage, asked and told in a program of its own.

    optuna_trials.py STORAGE SECONDS [NAME]     STORAGE: sqlite:///FILE or postgresql://...

Random sampler, one parameter, nothing to compute. Prints the version, then trials a second.
"""
import sys
import time

import optuna


def main():
    storage, seconds = sys.argv[1], float(sys.argv[2])
    name = sys.argv[3] if len(sys.argv) > 3 else "rate"
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if storage.startswith("postgresql://"):
        storage = storage.replace("postgresql://", "postgresql+psycopg2://")
    study = optuna.create_study(storage=storage, study_name=name, sampler=optuna.samplers.RandomSampler(seed=1),
                                load_if_exists=True)
    begin, trials = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        trial = study.ask()
        study.tell(trial, trial.suggest_float("x", 0, 1))
        trials += 1
    print("Optuna", optuna.__version__)
    print(trials / (time.monotonic() - begin))


main()
