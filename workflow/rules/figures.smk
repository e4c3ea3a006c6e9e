# Figures from what jobs recorded beside their results.
from papermatrix import figures

FIGURE_FORMS = [f".{form}" for form in figures.FORMS]


wildcard_constraints:
    figure=r"[a-z0-9_]+",


def figure_files():
    """Every figure whose table is there."""
    declared = matrix.project.paper.figures
    shown = [name for name, figure in declared.items() if figure.table in matrix.cells]
    return [f"results/figures/{name}{form}" for name in shown for form in FIGURE_FORMS]


def results_of_figure(wildcards):
    jobs = found(figures.jobs_of_figure, matrix, wildcards.figure)
    return [str(job.folder / RESULT) for job in jobs.values()]


def drawn(wildcards):
    """All else that a figure shows."""
    return canonical_json(found(figures.drawn_from, matrix, wildcards.figure))


rule figure:
    input:
        results_of_figure,
    output:
        multiext("results/figures/{figure}", *FIGURE_FORMS),
    log:
        "results/logs/figure_{figure}.txt",
    benchmark:
        "results/logs/figure_{figure}.tsv"
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        drawn=drawn,
        config=render_config,
    message:
        "figure {wildcards.figure}"
    shell:
        "papermatrix figure {wildcards.figure} --out results/figures"
        " --config {params.config:q} > {log} 2>&1"
