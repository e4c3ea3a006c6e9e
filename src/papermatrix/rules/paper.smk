# The paper: the numbers of its text, and its PDF where TeX is installed.
rule numbers:
    input:
        ask(planner.results_of_numbers),
    output:
        update(str(outputs.numbers)),
    log:
        str(outputs.logs / "numbers.txt"),
    localrule: True
    params:
        **by_part(ask(planner.macros_fingerprint)),
        config=planner.render_config,
    message:
        "numbers of the paper's text"
    shell:
        render_command("papermatrix numbers --out {output}")


rule paper:
    input:
        planner.files_of_paper,
        numbers=str(outputs.numbers),
        main=planner.matrix.project.paper.main,
    output:
        update(str(outputs.paper)),
    log:
        str(outputs.logs / "paper.txt"),
    localrule: True
    params:
        results=ask(planner.paper_fingerprint),
        config=planner.render_config,
    message:
        "the paper"
    shell:
        render_command("papermatrix paper --out {output}")
