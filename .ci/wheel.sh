#!/usr/bin/env bash
# Builds the wheel, installs it into a fresh environment, and starts it from a hostile folder: one
# whose api/, connectors/, models/ and sync/ stop any program that imports them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

make wheel
wheel=$(realpath dist/trueup-*.whl)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

.venv/bin/python -m venv "$scratch/venv"
python=$scratch/venv/bin/python
quietly=(-qq --no-input --disable-pip-version-check)
"$python" -m pip install "${quietly[@]}" --require-hashes --no-deps --only-binary :all: -r requirements.lock
"$python" -m pip install "${quietly[@]}" --no-deps "$wheel"

for folder in api connectors models sync; do
  mkdir -p "$scratch/hostile/$folder"
  echo 'raise SystemExit("not our '"$folder"'")' >"$scratch/hostile/$folder/__init__.py"
done
cd "$scratch/hostile"
"$scratch/venv/bin/trueup" --help >/dev/null
"$python" -m trueup --help >/dev/null
PYTHONPATH=$PWD "$scratch/venv/bin/trueup" --help >/dev/null
echo "The installed wheel finds its own folders."
