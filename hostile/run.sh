#!/bin/bash
# Runs every attack on ./iommu-spy, over guests of the lab: run.sh [ATTACK...], the names of functions of memory_attacks.py or groups of outside_attacks.py.
set -e
cd "$(dirname "$0")/.."
image() { echo "$(dotnet run --project lab --verbosity quiet -- capture --memory 512M "$@" | tail -n 1)/ram.raw"; }
intel=$(image --kernel 6.1 --iommu intel --paging 4)
scalable=$(image --kernel 6.1 --iommu intel-scalable --paging 4)
amd=$(image --kernel 5.10 --iommu amd --paging 4)
python3 hostile "$PWD/iommu-spy" "$intel" "$scalable" "$amd" "$@"
