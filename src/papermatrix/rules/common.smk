# What rules ask papermatrix; included before any other.
from functools import partial
from pathlib import Path

from papermatrix.rules.planner import (
    FACT,
    FIGURE_SUFFIXES,
    JOB_BENCHMARK,
    JOB_LOG,
    JOB_RESULT,
    NAME,
    TABLE_SUFFIXES,
    Planner,
    by_part,
    in_one_line,
    job_command,
    render_command,
    shell_prefix,
)
from papermatrix.rules.terminal import OneGoodLine
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

logger.addFilter(OneGoodLine())

ask = partial(in_one_line, error_class=WorkflowError)
planner = ask(Planner)(config)
outputs = planner.outputs
paper_config = planner.matrix.project.config

job_of = ask(planner.job)
upstream = ask(planner.upstream)
# An old result stays until another replaces it.
job_result = update(JOB_RESULT)

shell.prefix(shell_prefix(planner.matrix.project))


def settings(wildcards, output):
    """A job's settings. Its id says whether they are others: Snakemake compares no parameter made from outputs."""
    return ask(planner.settings)(wildcards)


wildcard_constraints:
    id=r"[A-Za-z0-9.+-]+",
    table=NAME,
    figure=NAME,
    fact=r"[a-z0-9_-]+",
