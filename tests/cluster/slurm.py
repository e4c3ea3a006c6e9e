"""A Slurm of this machine alone: munged, slurmctld and one slurmd, with a configuration of their own."""

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

GPU = "a100"
"""The model of two GPUs that Slurm believes in; nothing computes on them."""
DAEMONS = ("munged", "slurmctld", "slurmd", "sbatch")
CPUS = 2
SYSTEM_CONFIG = Path("/etc/slurm/slurm.conf")
"""Where Slurm looks: Snakemake's executor takes SLURM_CONF from the jobs that it starts."""

CONFIG = """\
ClusterName=single
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort={controller_port}
SlurmdPort={node_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
KillWait=15
MinJobAge=300
SchedulerParameters=sched_interval=5
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} Gres=gpu:{gpu}:2 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def missing() -> list[str]:
    """Return what keeps this machine from running a Slurm; tests/install_extras.sh installs the programs."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    reasons = [f"{name} is not installed" for name in DAEMONS if shutil.which(name, path=path) is None]
    if os.getuid():
        reasons.append("only root may start its daemons")
    if SYSTEM_CONFIG.exists() and not SYSTEM_CONFIG.is_symlink():
        reasons.append(f"{SYSTEM_CONFIG} is another Slurm's")
    return reasons


@contextlib.contextmanager
def single_node(folder: Path) -> Iterator[dict[str, str]]:
    """Start Slurm with all its files in `folder`; yield the environment in which its commands reach it."""
    environment = {
        **os.environ,
        "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin",
    }
    for name in ("state", "spool"):
        (folder / name).mkdir()
    key = folder / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o400)
    config = folder / "slurm.conf"
    config.write_text(
        CONFIG.format(
            folder=folder,
            host=socket.gethostname().split(".")[0],
            controller_port=_free_port(),
            node_port=_free_port(),
            cpus=CPUS,
            gpu=GPU,
            memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 9 // 10,
        )
    )
    (folder / "gres.conf").write_text(f"Name=gpu Type={GPU} File=/dev/null,/dev/zero\n")
    SYSTEM_CONFIG.parent.mkdir(exist_ok=True)
    SYSTEM_CONFIG.unlink(missing_ok=True)
    SYSTEM_CONFIG.symlink_to(config)
    commands = [
        ["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={folder}/munge.socket",
         f"--pid-file={folder}/munged.pid", f"--log-file={folder}/munged.log",
         f"--seed-file={folder}/munged.seed"],
        ["slurmctld", "-D"],
        ["slurmd", "-D"],
    ]  # fmt: skip
    processes = []
    try:
        for command in commands:
            log = (folder / f"{command[0]}.out").open("w")
            own = {**environment, "SLURM_CONF": str(config)}  # gres.conf is looked for beside it
            processes.append(subprocess.Popen(command, env=own, stdout=log, stderr=log))
            time.sleep(0.5)
        _wait_until_idle(environment, folder)
        yield environment
    finally:
        subprocess.run(["scancel", "--full", "--signal=KILL", "--state=RUNNING", "--user=root"],
                       env=environment, check=False, capture_output=True)  # fmt: skip
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(timeout=60)
        SYSTEM_CONFIG.unlink()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_idle(environment: dict[str, str], folder: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        output = subprocess.run(["sinfo", "--noheader", "--format=%T"], env=environment, check=False,
                               capture_output=True, text=True)  # fmt: skip
        if output.stdout.strip() == "idle":
            return
        time.sleep(0.5)
    logs = "\n".join(path.read_text() for path in folder.glob("*.log"))
    raise RuntimeError(f"the node of Slurm is not idle after a minute\n{logs}")
