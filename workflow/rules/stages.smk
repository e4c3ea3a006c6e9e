# A rule for each stage of config/stages.yaml. papermatrix says which jobs exist, and with which settings.
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
    threads: processes
    resources:
        **resources_of["simulate"],
    params:
        settings=settings,
    message:
        "{wildcards.stage} {wildcards.id}"
    shell:
        job_command(
            "beamfusion job {wildcards.stage} --device $DEVICE --threads {threads}"
            ' --data-root "$DATA_ROOT"'
        )


use rule simulate as prepare with:
    wildcard_constraints:
        stage="prepare",
    resources:
        **resources_of["prepare"],


use rule simulate as train with:
    wildcard_constraints:
        stage="train",
    threads: devices
    resources:
        **resources_of["train"],


use rule simulate as rebuild with:
    wildcard_constraints:
        stage="rebuild",
    threads: 1
    resources:
        **resources_of["rebuild"],


use rule simulate as evaluate with:
    wildcard_constraints:
        stage="evaluate",
    threads: 1
    resources:
        **resources_of["evaluate"],


use rule simulate as profile with:
    wildcard_constraints:
        stage="profile",
    # All of them: what is timed has the machine to itself.
    threads: workflow.cores or 1
    resources:
        **resources_of["profile"],
