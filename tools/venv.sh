#!/usr/bin/env bash
# Set up .venv and install kitefeed in it: tools/venv.sh [EXTRAS]   for example: tools/venv.sh dev
#
# Needs a Python >= 3.11 and nothing else. PYTHON=... chooses one. The system's own Python is only asked to
# create the virtual environment; nothing is ever installed into it.
set -euo pipefail
cd "$(dirname "$0")/.."

extras="${1:-}"
venv=.venv

# The last pip that runs on every Python we support, for systems whose Python comes without one (Debian).
pip_url=https://example.invalid/pip.whl
pip_sha256=9655943313a94722b7774661c21049070f6bbb0a1516bf02f7c8d5d9201514cd

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

# Debian packages Python without the part that puts pip into a new environment; then pip is fetched, by its hash.
fetch_pip() {
    local wheel="$venv/pip-25.3-py3-none-any.whl"
    "$venv/bin/python" - "$pip_url" "$pip_sha256" "$wheel" <<'PYTHON' || return 1
import hashlib, sys, urllib.request
url, sha256, path = sys.argv[1:]
with urllib.request.urlopen(url, timeout=60) as reply:
    wheel = reply.read()
if hashlib.sha256(wheel).hexdigest() != sha256:
    sys.exit("the pip that was fetched is not the one expected")
with open(path, "wb") as file:
    file.write(wheel)
PYTHON
    "$venv/bin/python" "$wheel/pip" install --quiet --no-index "$wheel"
}

create() {
    local python
    python=$(find_python)
    echo "setting up $venv with $("$python" --version 2>&1)"
    # --clear: what a broken or too old environment left behind must not survive.
    if "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
        "$python" -m venv --clear "$venv"
    elif ! { "$python" -m venv --clear --without-pip "$venv" && fetch_pip; }; then
        rm -rf "$venv"
        fail "the virtual environment could not be set up" \
            "this Python comes without ensurepip, and pip could not be fetched either" \
            "sudo apt install python3-venv, then run the same command again"
    fi
}

if ! { new_enough "$venv/bin/python" && "$venv/bin/python" -m pip --version >/dev/null 2>&1; }; then
    create
fi
echo "installing kitefeed${extras:+ with what its tests need} into $venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --editable ".${extras:+[$extras]}"
