# Facts that reported numbers are held to, computed from settings alone.
wildcard_constraints:
    fact=r"[a-z0-9_-]+",


rule fact:
    output:
        "results/facts/{fact}.json",
    log:
        "results/logs/{fact}.txt",
    benchmark:
        "results/logs/{fact}.tsv"
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=15,
    params:
        config=render_config,
    message:
        "fact {wildcards.fact}"
    shell:
        "papermatrix fact {wildcards.fact} --config {params.config:q} > {log} 2>&1"
