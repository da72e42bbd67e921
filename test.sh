#!/usr/bin/env bash
# Sets up, builds and tests everything that is not labelled slow. Arguments go to ctest:
#
#   ./test.sh                   all tests but the slow ones, and the damaged-file tests under the address sanitizer
#   ./test.sh -R Npy            tests whose name matches
#   ./test.sh -L slow           the slow ones
set -euo pipefail
cd "$(dirname "$0")"
case "${1:-}" in -h | --help) sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 0 ;; esac

./setup.sh --for test
say() { printf '[test] %s\n' "$*"; }

say "configure and build (build/release)"
cmake --preset release >.tools/log/configure.log 2>&1 || { cat .tools/log/configure.log >&2; exit 1; }
cmake --build --preset release

labels=(-LE slow)
for argument in "$@"; do
  case "$argument" in -L* | --label*) labels=() ;; esac
done
status=0
say "run"
ctest --preset release -j2 "${labels[@]}" "$@" || status=$?

# Hostile model files, under the address sanitizer: only that one program is built in build/asan.
if [ $# -eq 0 ]; then
  cmake --preset asan >.tools/log/configure-asan.log 2>&1 || { cat .tools/log/configure-asan.log >&2; exit 1; }
  if ninja -C build/asan -t targets all | grep -q '^frontend_damage_test:'; then
    say "damaged model files under the address sanitizer (build/asan)"
    cmake --build --preset asan --target frontend_damage_test
    SLUICE_SOURCE="$PWD" build/asan/bin/frontend_damage_test --gtest_brief=1 || status=$?
  fi
fi
if [ "$status" -eq 0 ]; then say "all passed"; else say "FAILED"; fi
exit "$status"
