# Makes the tables of config/tables.yaml. A rule is a kind of job; papermatrix says which jobs exist.
from papermatrix.rules import RULES
from snakemake.utils import min_version

min_version("9.0")


configfile: "config/config.yaml"


include: RULES / "common.smk"
include: "workflow/rules/resources.smk"
include: "workflow/rules/stages.smk"
include: RULES / "tables.smk"
include: RULES / "audit.smk"
include: RULES / "figures.smk"
include: RULES / "paper.smk"


rule all:
    default_target: True
    input:
        planner.table_files(),
        planner.figure_files(),
