# A rule for each stage of config/stages.yaml. Which jobs there are, and with which settings, papermatrix says.
prepares = "beamfusion job {wildcards.stage}"
computes = f"{prepares} --device $DEVICE --threads {{threads}}"


rule simulate:
    input:
        upstream,
    output:
        job_result,
    log:
        JOB_LOG,
    benchmark:
        JOB_BENCHMARK
    wildcard_constraints:
        stage="simulate",
    threads: 1
    resources:
        **resources_of["simulate"],
    params:
        settings=settings,
    message:
        "{wildcards.stage} {wildcards.id}"
    shell:
        job_command(prepares)


rule prepare:
    input:
        upstream,
    output:
        job_result,
    log:
        JOB_LOG,
    benchmark:
        JOB_BENCHMARK
    wildcard_constraints:
        stage="prepare",
    threads: 1
    resources:
        **resources_of["prepare"],
    params:
        settings=settings,
        # Of no use but that results of older jobs have it: Snakemake reruns what has other parameters.
        needs=lambda wildcards, input: (
            f"--needs {Path(input[0]).parent}" if input else ""
        ),
    message:
        "{wildcards.stage} {wildcards.id}"
    shell:
        job_command(prepares)


rule train:
    input:
        upstream,
    output:
        job_result,
    log:
        JOB_LOG,
    benchmark:
        JOB_BENCHMARK
    wildcard_constraints:
        stage="train",
    threads: devices
    resources:
        **resources_of["train"],
    params:
        settings=settings,
    message:
        "{wildcards.stage} {wildcards.id}"
    shell:
        job_command(computes)


rule rebuild:
    input:
        upstream,
    output:
        job_result,
    log:
        JOB_LOG,
    benchmark:
        JOB_BENCHMARK
    wildcard_constraints:
        stage="rebuild",
    threads: 1
    resources:
        **resources_of["rebuild"],
    params:
        settings=settings,
    message:
        "{wildcards.stage} {wildcards.id}"
    shell:
        job_command(computes)


rule evaluate:
    input:
        upstream,
    output:
        job_result,
    log:
        JOB_LOG,
    benchmark:
        JOB_BENCHMARK
    wildcard_constraints:
        stage="evaluate",
    threads: 1
    resources:
        **resources_of["evaluate"],
    params:
        settings=settings,
    message:
        "{wildcards.stage} {wildcards.id}"
    shell:
        job_command(computes)


rule profile:
    input:
        upstream,
    output:
        job_result,
    log:
        JOB_LOG,
    benchmark:
        JOB_BENCHMARK
    wildcard_constraints:
        stage="profile",
    # All of them: what is timed has the machine to itself.
    threads: workflow.cores or 1
    resources:
        **resources_of["profile"],
    params:
        settings=settings,
    message:
        "{wildcards.stage} {wildcards.id}"
    shell:
        job_command(computes)
