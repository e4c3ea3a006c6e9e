rule rebuild:
    input:
        result_below,
    output:
        "results/jobs/rebuild/{id}/result.json",
    log:
        "results/jobs/rebuild/{id}/log.txt",
    benchmark:
        "results/jobs/rebuild/{id}/benchmark.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: 1
    resources:
        mem_mb=memory,
        runtime=1440,
        gpu=gpus,
        gpu_model=gpu_model,
    params:
        settings=settings,
    message:
        "rebuild {wildcards.id}"
    shell:
        "beamfusion job rebuild --settings {params.settings:q} --needs $(dirname {input})"
        " --out $(dirname {output}) --device $DEVICE --threads {threads} >> {log} 2>&1"
