#include "experiment/python_stage.h"

namespace sluice::experiment {

const char* const pythonCaller = R"python(
import ast, importlib.util, json, math, os, shutil, sys, traceback

CODE = os.path.abspath("code")


class Wrong(Exception):
    """The stage is not as its definition says."""


def modules_of(paths):
    """Top-level names of all that the sources import."""
    names = set()
    for path in paths:
        with open(os.path.join(CODE, path), encoding="utf-8") as file:
            tree = ast.parse(file.read(), path)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.split(".")[0])
    return names


def describe(path, function, *others):
    with open(os.path.join(CODE, path), encoding="utf-8") as file:
        tree = ast.parse(file.read(), path)
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == function]
    if not found:
        raise Wrong(f"{path} has no function '{function}'")
    given = found[-1].args
    names = [a.arg for a in given.args]
    needed = names[:len(names) - len(given.defaults)]
    names += [a.arg for a in given.kwonlyargs]
    needed += [a.arg for a, d in zip(given.kwonlyargs, given.kw_defaults) if d is None]
    if given.posonlyargs:
        raise Wrong(f"{path}: '{function}' has arguments that cannot be given by name")
    folder = os.path.dirname(path)
    own = {os.path.relpath(p, folder or ".").split("/")[0].removesuffix(".py") for p in (path, *others)}
    packages = {}
    by_module = None
    for name in sorted(modules_of((path, *others)) - own - set(sys.stdlib_module_names)):
        if importlib.util.find_spec(name) is None:
            raise Wrong(f"{path}: imports '{name}', which is neither among its 'files' nor installed for "
                        f"{sys.executable} (another Python: SLUICE_PYTHON)")
        if by_module is None:
            from importlib import metadata
            by_module = metadata.packages_distributions()
        for package in by_module.get(name, []):
            packages[package] = metadata.version(package)
    print(json.dumps({"python": f"{sys.implementation.name} {sys.version.split()[0]}", "packages": packages,
                      "names": names, "needed": needed, "any": given.kwarg is not None}))


def file_of(name, value):
    """Where output `name` stands, however it was given."""
    target = os.path.join("out", name)
    os.makedirs("out", exist_ok=True)
    if isinstance(value, (bytes, bytearray, memoryview)):
        with open(target, "wb") as file:
            file.write(value)
    elif isinstance(value, (str, os.PathLike)):
        real = os.path.realpath(value)
        if not real.startswith(os.path.realpath(".") + os.sep):
            raise Wrong(f"output '{name}' is a file outside the folder it ran in: {value}")
        if not os.path.isfile(real):
            raise Wrong(f"output '{name}': it did not write {value}")
        shutil.copyfile(real, target)
    elif hasattr(value, "__array__"):
        import numpy
        with open(target, "wb") as file:
            numpy.save(file, numpy.asarray(value), allow_pickle=False)
    else:
        raise Wrong(f"output '{name}' is a file: a path, bytes or an array, not {type(value).__name__}")
    return True


def plain(name, kind, value):
    """An output as JSON, or an error that says what it was."""
    if kind == "file":
        return file_of(name, value)
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()  # a number of NumPy or a framework
    good = {"boolean": isinstance(value, bool), "text": isinstance(value, str),
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": isinstance(value, (int, float)) and not isinstance(value, bool)}[kind]
    if not good:
        raise Wrong(f"output '{name}' is to be a {kind}, not {type(value).__name__}")
    if kind == "number" and not math.isfinite(value):
        raise Wrong(f"output '{name}' is {value}")
    return float(value) if kind == "number" else value


def call(path, function):
    import pathlib
    with open("call.json", encoding="utf-8") as file:
        order = json.load(file)
    arguments = {}
    for name, value in order["inputs"].items():
        arguments[name] = pathlib.Path(value["file"]) if isinstance(value, dict) else value
    sys.path[0] = os.path.dirname(os.path.join(CODE, path))  # modules beside it
    name = os.path.basename(path).removesuffix(".py")
    spec = importlib.util.spec_from_file_location(name, os.path.join(CODE, path))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    answer = getattr(module, function)(**arguments)
    kinds = order["outputs"]
    if len(kinds) == 1 and not isinstance(answer, dict):
        answer = {next(iter(kinds)): answer}
    if not isinstance(answer, dict):
        raise Wrong(f"'{function}' is to return a dictionary of its outputs, not {type(answer).__name__}")
    if set(answer) != set(kinds):
        raise Wrong(f"'{function}' is to return {', '.join(sorted(kinds))}, and returned "
                    f"{', '.join(sorted(map(str, answer))) or 'nothing'}")
    results = {name: plain(name, kind, answer[name]) for name, kind in kinds.items()}
    with open("answer.json", "w", encoding="utf-8") as file:
        json.dump(results, file, allow_nan=False)


def main():
    try:
        {"describe": describe, "call": call}[sys.argv[1]](*sys.argv[2:])
    except Wrong as problem:
        print(problem, file=sys.stderr)
        return 4
    except BaseException as problem:
        if type(problem).__name__ == "Infeasible":
            print(problem, file=sys.stderr)
            return 3
        tail = problem.__traceback__
        while tail is not None and not tail.tb_frame.f_code.co_filename.startswith(CODE):
            tail = tail.tb_next  # what is ours is of no interest
        traceback.print_exception(type(problem), problem, tail or None)
        return 1
    return 0


sys.stdout.reconfigure(line_buffering=True)
code = main()
sys.stdout.flush()
sys.exit(code)
)python";

}  // namespace sluice::experiment
