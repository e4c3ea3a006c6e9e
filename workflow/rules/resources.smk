# What each stage's jobs ask a scheduler for.
has_gpus = paper_config.gpu


# Of a simulation or preparation; fewer where the machine has fewer cores.
processes = 4


def devices(wildcards):
    """GPUs, or processes on a CPU, that share a training.

    As `threads` no more than the machine has that submits; as `cpus_per_task` all of them.
    """
    return job_of(wildcards).settings["train"]["devices"]


def gpus_of_training(wildcards):
    return devices(wildcards) if has_gpus else 0


def is_full_size(wildcards):
    return job_of(wildcards).settings["frames"]["image_size"] >= 256


def memory(wildcards):
    """MB. Full-size frames take 6.5 GB for 2 windows a step on a CPU; the published 24 were never run."""
    return 64000 if is_full_size(wildcards) else 3000


def memory_of_training(wildcards):
    """MB. Each further process shares the windows, and has its own PyTorch, weights and optimizer state."""
    further = 8000 if is_full_size(wildcards) else 1000
    return memory(wildcards) + (devices(wildcards) - 1) * further


# Values, not functions: Snakemake asks a function several times for every job.
gpu_model = {"gpu_model": (has_gpus and paper_config.gpu_model) or ""}
one_gpu = {"gpu": 1 if has_gpus else 0, **gpu_model}
several_gpus = {"gpu": gpus_of_training, "cpus_per_task": devices, **gpu_model}

# Memory in MB, time in minutes.
resources_of = {
    "simulate": {"mem_mb": 3000, "runtime": 60},
    "prepare": {"mem_mb": 3000, "runtime": 240},
    "train": {"mem_mb": memory_of_training, "runtime": 2880, **several_gpus},
    "rebuild": {"mem_mb": memory, "runtime": 1440, **one_gpu},
    "evaluate": {"mem_mb": memory, "runtime": 30, "evaluating": 1, **one_gpu},
    "profile": {"mem_mb": memory, "runtime": 60, **one_gpu},
}
