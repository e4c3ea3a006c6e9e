# Facts that reported numbers are held to, computed from settings alone; every scale has the same.
rule fact:
    output:
        FACT,
    log:
        str(outputs.logs / "fact_{fact}.txt"),
    localrule: True
    params:
        config=planner.render_config,
    message:
        "fact {wildcards.fact}"
    shell:
        "papermatrix fact {wildcards.fact} --config {params.config:q} > {log} 2>&1"
