# What a job that computes asks a scheduler for, beyond time and memory.
def devices(wildcards):
    """GPUs, or processes on a CPU, that share a training.

    As `threads` no more than the machine has that submits; as `cpus_per_task` all of them.
    """
    return job_of(wildcards).settings["train"]["devices"]


def gpus_of_training(wildcards):
    return devices(wildcards) if matrix.project.config.gpu else 0


# Values, not functions: Snakemake asks a function several times for every job.
gpus = 1 if matrix.project.config.gpu else 0
gpu_model = (matrix.project.config.gpu and matrix.project.config.gpu_model) or ""


def is_full_size(wildcards):
    return job_of(wildcards).settings["frames"]["image_size"] >= 256


def memory(wildcards):
    """MB. Full-size frames take 6.5 GB for 2 windows a step on a CPU; the published 24 were never run."""
    return 64000 if is_full_size(wildcards) else 3000


def memory_of_training(wildcards):
    """MB. Each further process shares the windows, and has its own PyTorch, weights and optimizer state."""
    further = 8000 if is_full_size(wildcards) else 1000
    return memory(wildcards) + (devices(wildcards) - 1) * further
