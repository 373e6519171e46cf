#!/usr/bin/env bash
# Resolve pyproject.toml and requirements/*.in into pinned, hashed requirement files without registry addresses.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-.venv/bin/uv}
command -v "$uv" >/dev/null || uv=uv
compile() {
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links "$@"
}
compile pyproject.toml --extra dev requirements/dev.in -o requirements/dev.txt
# The smaller sets take their versions from the large one, so that one environment can hold both.
compile pyproject.toml -c requirements/dev.txt -o requirements/runtime.txt
compile requirements/build.in -c requirements/dev.txt -o requirements/build.txt
# Compared with in benchmarks/ only: kept apart, so that neither tests nor CI need what ships as source.
compile requirements/bench-build.in -c requirements/dev.txt -o requirements/bench-build.txt
compile requirements/bench.in -c requirements/dev.txt -o requirements/bench.txt
if grep -nE '://|--index|--find-links' requirements/*.txt; then
  echo "lock: a requirement file names an address" >&2
  exit 1
fi
