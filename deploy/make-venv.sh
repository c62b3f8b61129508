#!/bin/sh
# Makes the virtual environment named by $1 with the first fit Python (>= 3.11), and says what to do when there is none.
set -eu
target=$1
[ -x "$target/bin/python" ] && "$target/bin/python" -c 'import pip' 2>/dev/null && exit 0
for candidate in python3 python3.13 python3.12 python3.11 python3.14; do
    command -v "$candidate" >/dev/null 2>&1 || continue
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue
    if ! "$candidate" -c 'import ensurepip' 2>/dev/null; then
        echo "$candidate has no ensurepip. On Debian or Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
    echo "Making $target with $("$candidate" --version) ..."
    "$candidate" -m venv "$target"
    exit 0
done
echo "No Python 3.11 or newer was found. On Debian or Ubuntu: apt install python3 python3-venv" >&2
exit 1
