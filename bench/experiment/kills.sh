#!/usr/bin/env bash
# Runs an experiment to its end twice: once undisturbed, once killed (kill -9) at random moments, with a store and a cache
# of its own; then compares the exported files, artefacts included, byte for byte.
#
#   bench/experiment/kills.sh build/release/bin/sluice examples/experiments/jets.yaml [KILLS=50] [SEED=1] [LONGEST_MS=3000]
#
# The time to the next kill is between 20 ms and LONGEST_MS, its logarithm even: as many kills fall in a start (reading
# the definition, opening the store, looking up what is there) as in a stage that takes long, so a stage longer than most
# waits still comes to its end. Of two kills one hits the whole, one a worker, which is then started anew.
set -euo pipefail
sluice=$(realpath "$1") definition=$(realpath "$2") kills=${3:-50} seed=${4:-1} longest=${5:-3000}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

begin=$SECONDS
SLUICE_CACHE=$folder/whole "$sluice" experiment run "$definition" --store whole.db --workers 2 >whole.log 2>&1
SLUICE_CACHE=$folder/whole "$sluice" experiment export "$definition" --store whole.db --artefacts -o whole.tar
echo "undisturbed: $((SECONDS - begin)) s"

waits=$(awk -v seed="$seed" -v longest="$longest" -v kills="$kills" \
  'BEGIN { srand(seed); for (i = 0; i < 4 * kills; ++i) printf "%.3f %d\n", 0.02 * exp(rand() * log(longest / 20)), rand() < 0.5 }')
begin=$SECONDS killed=0 ofWorkers=0 runs=0 ended=0
process=
start() {
  runs=$((runs + 1))
  SLUICE_CACHE=$folder/killed "$sluice" experiment run "$definition" --store killed.db --workers 2 >killed.log 2>&1 &
  process=$!
}
start
while read -r seconds one; do
  [ "$killed" -lt "$kills" ] || break
  sleep "$seconds"
  if ! kill -0 "$process" 2>/dev/null; then
    wait "$process"  # an error of its own is one of ours
    ended=$((ended + 1))
    rm -rf killed.db* "$folder/killed"  # it was done before all kills were spent: from the beginning
    start
    continue
  fi
  worker=
  if [ "$one" = 1 ]; then worker=$(pgrep -P "$process" | sed -n "$((killed % 2 + 1))p" || true); fi
  if [ -n "$worker" ]; then
    if kill -9 "$worker" 2>/dev/null; then killed=$((killed + 1)) ofWorkers=$((ofWorkers + 1)); fi
  elif kill -9 "$process" 2>/dev/null; then
    killed=$((killed + 1))
    wait "$process" 2>/dev/null || true
    start
  fi
done <<<"$waits"
wait "$process"
[ "$killed" -ge "$kills" ] || { echo "only $killed kills found something to kill: give a smaller LONGEST_MS" >&2; exit 1; }
SLUICE_CACHE=$folder/killed "$sluice" experiment export "$definition" --store killed.db --artefacts -o killed.tar
"$sluice" experiment verify killed.tar
tail -n +2 killed.log | tail -5
cmp whole.tar killed.tar
echo "$killed kills ($ofWorkers of a worker alone) in $runs starts and $((SECONDS - begin)) s, $ended times at its end before:" \
  "$(stat -c %s whole.tar) bytes exported, equal to those of the undisturbed run"
