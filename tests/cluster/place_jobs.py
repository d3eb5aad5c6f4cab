"""`scripts/prove_placement.py` for several jobs on one simulated cluster, which loses nodes from job to job.

python place_jobs.py OUT JOBS; JOBS is JSON, name → the script's arguments, the largest clusters first. OUT gets name →
what was found.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[2] / "scripts"))

import prove_placement as script


def main() -> None:
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(script)  # workers cannot import it
    out, jobs = Path(sys.argv[1]), json.loads(sys.argv[2])
    os.environ.update(script.RAY)
    arguments = {name: script.parse(given) for name, given in jobs.items()}
    read = {name: script.Job.read(given) for name, given in arguments.items()}
    cluster = script.start(max(job.nodes for job in read.values()), 8)
    found = {}
    try:
        for name, job in read.items():
            shrink(cluster, job.nodes)
            found[name] = script.prove(job, cluster.address, arguments[name])
        out.write_text(json.dumps(found))
    finally:
        script.end(cluster)


def shrink(cluster: Any, nodes: int) -> None:
    for node in cluster.list_all_nodes()[nodes:]:  # the head comes first
        cluster.remove_node(node)
    cluster.wait_for_nodes()


if __name__ == "__main__":
    main()
