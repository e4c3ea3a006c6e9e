rule table:
    input:
        results_of,
        facts_of,
    output:
        multiext("results/{table}", *TABLE_FORMS),
    log:
        "results/logs/{table}.txt",
    benchmark:
        "results/logs/{table}.tsv"
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        shown=shown,
        config=render_config,
    message:
        "table {wildcards.table}"
    shell:
        "papermatrix render {wildcards.table} --out results --config {params.config:q} > {log} 2>&1"
