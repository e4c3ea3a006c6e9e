# Figures from what jobs recorded beside their results.
rule figure:
    input:
        ask(planner.results_of_figure),
    output:
        update(multiext(str(outputs.figures / "{figure}"), *FIGURE_SUFFIXES)),
    log:
        str(outputs.logs / "figure_{figure}.txt"),
    localrule: True
    params:
        **by_part(ask(planner.figure_fingerprint)),
        config=planner.render_config,
        out=lambda wildcards, output: Path(output[0]).parent,
    message:
        "figure {wildcards.figure}"
    shell:
        render_command("papermatrix figure {wildcards.figure} --out {params.out:q}")
