# One rule for each stage of config/stages.yaml. Which jobs there are, and with which settings, common.smk says.
rule pick:
    input:
        result_below,
    output:
        "results/jobs/pick/{id}/result.json",
    log:
        "results/jobs/pick/{id}/log.txt",
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=settings,
        needs=needs,
    message:
        "pick {wildcards.id}"
    shell:
        "python -m tea.job pick --settings {params.settings:q} {params.needs}"
        " --out $(dirname {output}) >> {log} 2>&1"


rule brew:
    input:
        result_below,
    output:
        "results/jobs/brew/{id}/result.json",
    log:
        "results/jobs/brew/{id}/log.txt",
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=settings,
        needs=needs,
    message:
        "brew {wildcards.id}"
    shell:
        "python -m tea.job brew --settings {params.settings:q} {params.needs}"
        " --out $(dirname {output}) >> {log} 2>&1"
