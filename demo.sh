#!/usr/bin/env bash
# Sets up, builds Sluice, and runs its main job on a bundled network: the MLPerf Tiny keyword spotter, from the model
# file to Verilog that was simulated and synthesised. Arguments go to `sluice build`:
#
#   ./demo.sh                         at reuse factor 1024: small enough to be synthesised while you wait
#   ./demo.sh --reuse-factor 64       larger and faster; without a factor of your own, the fastest that fits the board
#   ./demo.sh --split-before NODE     as two subgraphs
set -euo pipefail
cd "$(dirname "$0")"
case "${1:-}" in -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;; esac

[ $# -gt 0 ] || set -- --reuse-factor 1024
./setup.sh --for demo
say() { printf '[demo] %s\n' "$*"; }

say "build (build/release/bin/sluice)"
cmake --preset release >.tools/log/configure.log 2>&1 || { cat .tools/log/configure.log >&2; exit 1; }
cmake --build --preset release --target sluice

command=(build/release/bin/sluice build examples/kws/kws_mlp_w3a3.onnx -o build/demo --board pynq-z2
         --input examples/kws/samples.npy --input-codes --until synth "$@")
say "${command[*]}"
"${command[@]}"
echo
say "the report: $PWD/build/demo/report.html"
