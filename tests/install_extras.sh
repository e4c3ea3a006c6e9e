#!/usr/bin/env bash
# Install what only `make test-all` needs: TeX, a Slurm of one node, and the scans that ours is compared with.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v pdflatex > /dev/null; then
    if ! command -v apt-get > /dev/null || [ "$(id -u)" != 0 ]; then
        echo "pdflatex is missing: install TeX Live (texlive-latex-recommended, latexmk) and try again" >&2
        exit 1
    fi
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends texlive-latex-base texlive-latex-recommended latexmk > /dev/null
fi

if ! PATH="$PATH:/usr/sbin" command -v slurmctld > /dev/null; then
    if ! command -v apt-get > /dev/null || [ "$(id -u)" != 0 ]; then
        echo "slurmctld is missing: without Slurm (slurmctld, slurmd, slurm-client, munge), tests/cluster is skipped" >&2
    else
        apt-get update -qq
        apt-get install -qq -y --no-install-recommends slurmctld slurmd slurm-client munge > /dev/null
    fi
fi

if [ ! -d .venv/oracle/mambapy ]; then
    MAMBA_SKIP_CUDA_BUILD=TRUE MAMBA_FORCE_BUILD=TRUE .venv/bin/pip install --quiet --disable-pip-version-check \
        --no-deps --no-build-isolation --target .venv/oracle mamba-ssm==2.3.2.post1 einops==0.8.2 mambapy==1.2.0
fi
