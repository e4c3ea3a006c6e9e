rule simulate:
    input:
        result_below,
    output:
        "results/jobs/simulate/{id}/result.json",
    log:
        "results/jobs/simulate/{id}/log.txt",
    benchmark:
        "results/jobs/simulate/{id}/benchmark.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        settings=settings,
    message:
        "simulate {wildcards.id}"
    shell:
        "beamfusion job simulate --settings {params.settings:q}"
        " --out $(dirname {output}) >> {log} 2>&1"


rule prepare:
    input:
        result_below,
    output:
        "results/jobs/prepare/{id}/result.json",
    log:
        "results/jobs/prepare/{id}/log.txt",
    benchmark:
        "results/jobs/prepare/{id}/benchmark.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=240,
    params:
        settings=settings,
        needs=needs,
    message:
        "prepare {wildcards.id}"
    shell:
        "beamfusion job prepare --settings {params.settings:q} {params.needs}"
        " --out $(dirname {output}) >> {log} 2>&1"
