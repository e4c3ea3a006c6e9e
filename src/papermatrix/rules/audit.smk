# Facts that reported numbers are held to, computed from settings alone.
rule fact:
    output:
        "results/facts/{fact}.json",
    log:
        "results/logs/{fact}.txt",
    localrule: True
    params:
        config=planner.render_config,
    message:
        "fact {wildcards.fact}"
    shell:
        "papermatrix fact {wildcards.fact} --config {params.config:q} > {log} 2>&1"
