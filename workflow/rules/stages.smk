# A rule for each stage of config/stages.yaml. Which jobs there are, and with which settings, papermatrix says.
# Rules differ in what they ask for; a stage that is like another inherits its rule.
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


use rule simulate as prepare with:
    wildcard_constraints:
        stage="prepare",
    resources:
        **resources_of["prepare"],
    params:
        settings=settings,
        # Of no use but that results of older jobs have it: Snakemake reruns what has other parameters.
        needs=lambda wildcards: " ".join(
            f"--needs {Path(result).parent}" for result in upstream(wildcards)
        ),


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


use rule train as rebuild with:
    wildcard_constraints:
        stage="rebuild",
    threads: 1
    resources:
        **resources_of["rebuild"],


use rule train as evaluate with:
    wildcard_constraints:
        stage="evaluate",
    threads: 1
    resources:
        **resources_of["evaluate"],


use rule train as profile with:
    wildcard_constraints:
        stage="profile",
    # All of them: what is timed has the machine to itself.
    threads: workflow.cores or 1
    resources:
        **resources_of["profile"],
