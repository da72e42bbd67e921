#!/usr/bin/env bash
# The Python package, tried as a new user would: installed into a fresh virtual environment, then its tests and the
# README's example. Arguments go to pytest. The first build takes some minutes.
#
#   python/test.sh [-k NAME]
set -euo pipefail
cd "$(dirname "$0")/.."
./setup.sh --for python
say() { printf '[python] %s\n' "$*"; }

environment=.tools/python-test
say "a fresh virtual environment in $environment"
rm -rf "$environment"
python3 -m venv "$environment"
say "pip install ."
"$environment/bin/python" -m pip install --quiet . pytest
say "tests"
"$environment/bin/python" -m pytest -q python/tests "$@"
say "the README's example"
awk '/^```python$/ {inside = 1; next} /^```$/ {inside = 0} inside' README.md >.tools/readme_example.py
out="$(mktemp -d)"
trap 'rm -rf "$out"' EXIT
sed "s#build(\"out\"#build(\"$out\"#" .tools/readme_example.py >"$out/example.py"
"$environment/bin/python" "$out/example.py"
say "all passed"
