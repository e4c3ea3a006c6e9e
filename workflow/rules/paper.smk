# The paper: the numbers of its text, and its PDF where TeX is installed.
rule numbers:
    input:
        results_of_numbers,
    output:
        NUMBERS,
    log:
        "results/logs/numbers.txt",
    benchmark:
        "results/logs/numbers.tsv"
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        numbered=numbered,
        config=render_config,
    message:
        "numbers of the paper's text"
    shell:
        "papermatrix numbers --out {output} --config {params.config:q} > {log} 2>&1"


rule paper:
    input:
        tables_of_paper,
        figures_of_paper,
        numbers=NUMBERS,
        main=matrix.project.paper.main,
    output:
        "results/paper.pdf",
    log:
        "results/logs/paper.txt",
    benchmark:
        "results/logs/paper.tsv"
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=15,
    params:
        config=render_config,
    message:
        "the paper"
    shell:
        "papermatrix paper --out {output} --config {params.config:q} > {log} 2>&1"
