#!/usr/bin/env bash
# Set up .venv and install kitefeed in it: tools/venv.sh [EXTRAS]   for example: tools/venv.sh dev
#
# Needs a Python >= 3.11 and nothing else. PYTHON=... chooses one. The system's own Python is only asked to
# create the virtual environment; nothing is ever installed into it.
set -euo pipefail
cd "$(dirname "$0")/.."

extras="${1:-}"
venv=.venv

fail() {
    printf 'error: %s\n  why: %s\n next: %s\n' "$1" "$2" "$3" >&2
    exit 1
}

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

# A command of the right name is not enough: version switchers leave stubs that fail when they are run.
find_python() {
    local candidate
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3.14 python3 python}; do
        if command -v "$candidate" >/dev/null 2>&1 && new_enough "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "no Python 3.11 or newer was found, so kitefeed cannot be set up" \
        "looked for: ${PYTHON:-python3.13 python3.12 python3.11 python3.14 python3 python}" \
        "install one (Debian, Ubuntu: sudo apt install python3; macOS: brew install python), or name one: make PYTHON=/path/to/python3.11"
}

create() {
    local python
    python=$(find_python)
    echo "setting up $venv with $("$python" --version 2>&1)"
    # --clear: what a broken or too old environment left behind must not survive.
    if "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        "$python" -m venv --clear "$venv"
    elif command -v uv >/dev/null 2>&1; then
        uv venv --quiet --clear --seed --python "$python" "$venv"
    elif "$python" -c 'import virtualenv' >/dev/null 2>&1; then
        "$python" -m virtualenv --quiet --clear "$venv"
    else
        fail "the virtual environment could not be set up" \
            "this Python comes without ensurepip, as Debian's and Ubuntu's do" \
            "sudo apt install python3-venv, then run the same command again"
    fi
}

if ! { new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
    create
fi
echo "installing kitefeed${extras:+ with what its tests need} into $venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".${extras:+[$extras]}"
