# One rule for each stage of config/stages.yaml. papermatrix says which jobs exist, and with which settings.


rule dry:
    input:
        upstream,
    output:
        job_result,
    log:
        JOB_LOG,
    benchmark:
        JOB_BENCHMARK
    wildcard_constraints:
        stage="dry",
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        settings=settings,
    message:
        "{wildcards.stage} {wildcards.id}"
    shell:
        job_command("python -m tea.job {wildcards.stage}")


use rule dry as steep with:
    wildcard_constraints:
        stage="steep",


use rule dry as taste with:
    wildcard_constraints:
        stage="taste",
