#!/usr/bin/env bash
# Runs an experiment to its end twice: once undisturbed, once killed (kill -9) at random moments, with another half-made
# cache each; then compares the exported files byte for byte.
#
#   bench/experiment/kills.sh build/release/bin/sluice examples/experiments/jets.yaml [KILLS=50] [SEED=1] [LONGEST_MS=3000]
set -euo pipefail
sluice=$(realpath "$1") definition=$(realpath "$2") kills=${3:-50} RANDOM=${4:-1} longest=${5:-3000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

SLUICE_CACHE=$folder/whole "$sluice" experiment run "$definition" --store whole.db --workers 2 >whole.log 2>&1
SLUICE_CACHE=$folder/whole "$sluice" experiment export "$definition" --store whole.db --artefacts -o whole.tar

killed=0 runs=0
while :; do
  runs=$((runs + 1))
  SLUICE_CACHE=$folder/killed "$sluice" experiment run "$definition" --store killed.db --workers 2 >killed.log 2>&1 &
  process=$!
  if [ "$killed" -lt "$kills" ]; then
    sleep "$(printf '%d.%03d' $((wait_ms = RANDOM % longest, wait_ms / 1000)) $((wait_ms % 1000)))"
    # Now the whole of it, now one of its workers, which it starts anew.
    if [ $((RANDOM % 2)) = 0 ]; then victim=$process; else victim=$(pgrep -P "$process" | head -1 || true); fi
    if kill -9 "${victim:-$process}" 2>/dev/null; then killed=$((killed + 1)); fi
    if [ "${victim:-$process}" != "$process" ]; then
      sleep 0.05
      if [ "$killed" -lt "$kills" ]; then kill -9 "$process" 2>/dev/null && killed=$((killed + 1)); fi
    fi
  fi
  if wait "$process" 2>/dev/null; then
    if [ "$killed" -ge "$kills" ]; then break; fi
    rm -rf killed.db* "$folder/killed"  # it was done before all kills were spent: from the beginning, with shorter waits
    longest=$((longest / 2 + 20))
  fi
done
SLUICE_CACHE=$folder/killed "$sluice" experiment export "$definition" --store killed.db --artefacts -o killed.tar
tail -n +2 killed.log | tail -5
cmp whole.tar killed.tar
echo "$killed kills in $runs runs: $(stat -c %s whole.tar) bytes exported, equal to those of the undisturbed run"
