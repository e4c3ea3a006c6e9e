# Figures from what jobs recorded beside their results.
rule figure:
    input:
        ask(planner.results_of_figure),
    output:
        multiext("results/figures/{figure}", *FIGURE_SUFFIXES),
    log:
        "results/logs/figure_{figure}.txt",
    localrule: True
    params:
        fingerprint=ask(planner.figure_fingerprint),
        config=planner.render_config,
    message:
        "figure {wildcards.figure}"
    shell:
        "papermatrix figure {wildcards.figure} --out results/figures"
        " --config {params.config:q} > {log} 2>&1"
