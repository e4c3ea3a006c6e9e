# Figures from what jobs recorded beside their results.
wildcard_constraints:
    figure=r"[a-z0-9_]+",


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
