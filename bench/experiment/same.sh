#!/usr/bin/env bash
# Runs an experiment with 1, 2 and 8 workers and, where a Slurm answers, as an array job of 4, each time with a store and
# a cache of its own; then compares the exported files, artefacts included, byte for byte.
#
#   bench/experiment/same.sh build/release/bin/sluice examples/experiments/jets.yaml
set -euo pipefail
sluice=$(realpath "$1") definition=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir definition && cp -r "$(dirname "$definition")"/. definition/
definition=$folder/definition/$(basename "$definition")

once() {  # name, arguments of run...
  local name=$1
  shift
  local begin=$SECONDS
  export SLUICE_CACHE=$folder/cache.$name
  "$sluice" experiment run "$definition" --store "$folder/$name.db" "$@" >"$name.log" 2>&1 || { cat "$name.log"; exit 1; }
  "$sluice" experiment export "$definition" --store "$folder/$name.db" --artefacts --data -o "$name.tar" >/dev/null
  echo "$name: $((SECONDS - begin)) s, $(stat -c %s "$name.tar") bytes, $(sha256sum <"$name.tar" | cut -c1-16)"
}
once 1 --workers 1
once 2 --workers 2
once 8 --workers 8
names="2 8"
if command -v sinfo >/dev/null && timeout 10 sinfo -h >/dev/null 2>&1; then
  once slurm --slurm --workers 4
  names="$names slurm"
else
  echo "slurm: none answers here (SLURM_CONF), left out"
fi
for name in $names; do cmp 1.tar "$name.tar"; done
echo "all equal to the byte"
