rule evaluate:
    input:
        result_below,
    output:
        "results/jobs/evaluate/{id}/result.json",
    log:
        "results/jobs/evaluate/{id}/log.txt",
    benchmark:
        "results/jobs/evaluate/{id}/benchmark.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=memory,
        runtime=30,
        evaluating=1,
        gpu=gpus,
        gpu_model=gpu_model,
    params:
        settings=settings,
    message:
        "evaluate {wildcards.id}"
    shell:
        "beamfusion job evaluate --settings {params.settings:q} --needs $(dirname {input})"
        " --out $(dirname {output}) --device $DEVICE --threads {threads} >> {log} 2>&1"


rule profile:
    input:
        result_below,
    output:
        "results/jobs/profile/{id}/result.json",
    log:
        "results/jobs/profile/{id}/log.txt",
    benchmark:
        "results/jobs/profile/{id}/benchmark.tsv"
    conda:
        "../../envs/cpu.yaml"
    # All of them: what is timed has the machine to itself.
    threads: workflow.cores or 1
    resources:
        mem_mb=memory,
        runtime=60,
        gpu=gpus,
        gpu_model=gpu_model,
    params:
        settings=settings,
    message:
        "profile {wildcards.id}"
    shell:
        "beamfusion job profile --settings {params.settings:q} --needs $(dirname {input})"
        " --out $(dirname {output}) --device $DEVICE --threads {threads} >> {log} 2>&1"
