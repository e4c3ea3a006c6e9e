rule train:
    input:
        result_below,
    output:
        "results/jobs/train/{id}/result.json",
    log:
        "results/jobs/train/{id}/log.txt",
    benchmark:
        "results/jobs/train/{id}/benchmark.tsv"
    conda:
        "../../envs/cpu.yaml"
    threads: devices
    resources:
        mem_mb=memory_of_training,
        runtime=2880,
        cpus_per_task=devices,
        gpu=gpus_of_training,
        gpu_model=gpu_model,
    params:
        settings=settings,
    message:
        "train {wildcards.id}"
    shell:
        "beamfusion job train --settings {params.settings:q} --needs $(dirname {input})"
        " --out $(dirname {output}) --device $DEVICE --threads {threads} >> {log} 2>&1"
