# Tables from the results of jobs.
rule table:
    input:
        ask(planner.results_of_table),
        ask(planner.facts_of_table),
    output:
        multiext("results/{table}", *TABLE_SUFFIXES),
    log:
        "results/logs/{table}.txt",
    localrule: True
    params:
        fingerprint=ask(planner.table_fingerprint),
        config=planner.render_config,
    message:
        "table {wildcards.table}"
    shell:
        "papermatrix render {wildcards.table} --out results --config {params.config:q} > {log} 2>&1"


onerror:
    shell(f"{planner.partial_command()} || true")


onsuccess:
    planner.remove_partial_tables()
    planner.remove_spent_checkpoints()
