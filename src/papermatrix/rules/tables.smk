# Tables from the results of jobs. An old table stays until another replaces it, in every format.
rule table:
    input:
        ask(planner.results_of_table),
        ask(planner.facts_of_table),
    output:
        update(multiext(str(outputs.tables / "{table}"), *TABLE_SUFFIXES)),
    log:
        str(outputs.logs / "table_{table}.txt"),
    localrule: True
    params:
        **by_part(ask(planner.table_fingerprint)),
        config=planner.render_config,
        out=lambda wildcards, output: Path(output[0]).parent,
    message:
        "table {wildcards.table}"
    shell:
        render_command("papermatrix render {wildcards.table} --out {params.out:q}")


# Whatever is of another scale: an error that says how to ask for it.
rule other_scale:
    input:
        ask(planner.wrong_scale),
    output:
        "{file}",
    wildcard_constraints:
        file=planner.other_scales(),


onerror:
    shell(f"{planner.partial_command()} || true")


onsuccess:
    planner.remove_partial_tables()
    planner.remove_spent_checkpoints()
