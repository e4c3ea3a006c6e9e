# The paper: the numbers of its text, and its PDF where TeX is installed.
rule numbers:
    input:
        ask(planner.results_of_numbers),
    output:
        planner.numbers_file,
    log:
        "results/logs/numbers.txt",
    localrule: True
    params:
        fingerprint=ask(planner.macros_fingerprint),
        config=planner.render_config,
    message:
        "numbers of the paper's text"
    shell:
        "papermatrix numbers --out {output} --config {params.config:q} > {log} 2>&1"


rule paper:
    input:
        planner.files_of_paper,
        numbers=planner.numbers_file,
        main=planner.matrix.project.paper.main,
    output:
        "results/paper.pdf",
    log:
        "results/logs/paper.txt",
    localrule: True
    params:
        config=planner.render_config,
    message:
        "the paper"
    shell:
        "papermatrix paper --out {output} --config {params.config:q} > {log} 2>&1"
