#!/usr/bin/env bash
# Install what only some tests need. tex: TeX Live; browser: Chromium; slurm: a Slurm of one node; scans: the
# selective scans that ours is compared with.
set -euo pipefail
cd "$(dirname "$0")/.."

can_install() {
    command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]
}

install() {
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends "$@" > /dev/null
}

for extra in "$@"; do
    case $extra in
        tex)
            if command -v pdflatex > /dev/null && command -v pdftotext > /dev/null; then
                continue
            elif ! can_install; then
                echo "pdflatex or pdftotext is missing: install TeX Live (texlive-latex-recommended, latexmk) and poppler-utils, and try again" >&2
                exit 1
            fi
            install texlive-latex-base texlive-latex-recommended latexmk poppler-utils
            ;;
        browser)
            if command -v chromium > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null; then
                continue
            elif ! can_install; then
                echo "chromium is missing: without it, tests/papermatrix/render/test_browser.py is skipped" >&2
                continue
            fi
            install chromium
            ;;
        slurm)
            if PATH="$PATH:/usr/sbin" command -v slurmctld > /dev/null; then
                continue
            elif ! can_install; then
                echo "slurmctld is missing: without Slurm (slurmctld, slurmd, slurm-client, munge), tests/cluster is skipped" >&2
                continue
            fi
            install slurmctld slurmd slurm-client munge
            ;;
        scans)
            if [ ! -d .venv/oracle/mambapy ]; then
                MAMBA_SKIP_CUDA_BUILD=TRUE MAMBA_FORCE_BUILD=TRUE .venv/bin/pip install --quiet \
                    --disable-pip-version-check --no-deps --no-build-isolation --target .venv/oracle \
                    mamba-ssm==2.3.2.post1 einops==0.8.2 mambapy==1.2.0
            fi
            ;;
        *)
            echo "$extra: expected tex, browser, slurm or scans" >&2
            exit 2
            ;;
    esac
done
