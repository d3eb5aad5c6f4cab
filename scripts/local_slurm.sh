#!/usr/bin/env bash
# A real Slurm on this machine, to try `scripts/slurm.sbatch` without a cluster: a controller and NODES machines, each with
# an address, a host name, processes, /tmp and /dev/shm of its own (Linux namespaces). Needs root and Debian's packages:
#   apt-get install slurm-wlm munge iproute2
#   bash scripts/local_slurm.sh start
#   bash scripts/local_slurm.sh run sbatch --nodes=2 scripts/slurm.sbatch    # any command, seen from the controller
#   bash scripts/local_slurm.sh fail node2                                    # the machine loses its power
#   bash scripts/local_slurm.sh stop                                          # and nothing is left running
set -euo pipefail

SHARED=${SHARED:-/var/tmp/darling_slurm}    # the machines' shared disk; Slurm's own files go to $SHARED/slurm
NODES=${NODES:-2}
CPUS=${CPUS:-$(nproc)}                      # of each node
GPUS=${GPUS:-1}                             # that each node says it has; there is no device behind them
NETWORK=${NETWORK:-10.77.0}                 # the first three bytes of the machines' addresses; reached from nowhere else

slurm=$SHARED/slurm
controller=darling-slurm
export SLURM_CONF=$slurm/slurm.conf

start() {
  [ "$(id -u)" = 0 ] || fail_with "namespaces need root. Start this script as root, in a container or a virtual machine."
  for program in ip unshare munged slurmctld slurmd; do
    command -v "$program" >/dev/null || fail_with "$program is not installed. apt-get install slurm-wlm munge iproute2"
  done
  [ -z "$(spaces)" ] || fail_with "it runs already. Stop it first: bash $0 stop"
  rm -rf "$slurm"
  mkdir -p "$slurm"/{state,munge}
  chmod 755 "$SHARED" "$slurm" "$slurm/munge"
  configure

  (umask 077 && head -c 128 /dev/urandom >"$slurm/munge/key")
  munged --force --key-file="$slurm/munge/key" --socket="$slurm/munge/socket" --pid-file="$slurm/munge/pid" \
    --log-file="$slurm/munge/log" --seed-file="$slurm/munge/seed" 2>>"$slurm/munge/warnings"

  ip netns add "$controller"
  ip -n "$controller" link set lo up
  ip -n "$controller" link add switch type bridge
  ip -n "$controller" address add "$NETWORK.1/24" dev switch
  ip -n "$controller" link set switch up
  machine "$controller" slurmctld -D
  for node in $(seq "$NODES"); do
    local name=node$node space=$controller-node$node
    mkdir -p "$slurm/spool/$name"
    ip netns add "$space"
    ip -n "$space" link set lo up
    ip -n "$space" link add eth0 type veth peer name "$name" netns "$controller"
    ip -n "$space" address add "$NETWORK.$((10 + node))/24" dev eth0
    ip -n "$space" link set eth0 up
    ip -n "$controller" link set "$name" master switch up
    machine "$space" slurmd -D
  done
  wait_until_idle
}

configure() {
  {
    echo "127.0.0.1 localhost"
    echo "$NETWORK.1 $controller"
    for node in $(seq "$NODES"); do echo "$NETWORK.$((10 + node)) node$node"; done
  } >"$slurm/hosts"
  for gpu in $(seq 0 $((GPUS - 1))); do mknod "$slurm/gpu$gpu" c 1 3; done     # Slurm counts devices, and opens none
  echo "NodeName=node[1-$NODES] Name=gpu File=$slurm/gpu[0-$((GPUS - 1))]" >"$slurm/gres.conf"
  echo "CgroupPlugin=cgroup/v1" >"$slurm/cgroup.conf"   # never used; left out, it looks for mounted control groups
  cat >"$SLURM_CONF" <<CONF
ClusterName=darling-local
SlurmctldHost=$controller($NETWORK.1)
SlurmUser=root
AuthInfo=socket=$slurm/munge/socket
CredType=cred/munge
StateSaveLocation=$slurm/state
SlurmctldPidFile=$slurm/slurmctld.pid
SlurmctldLogFile=$slurm/slurmctld.log
SlurmdSpoolDir=$slurm/spool/%n
SlurmdPidFile=$slurm/%n.pid
SlurmdLogFile=$slurm/%n.log
# Which processes belong to a step is known by their parents: this needs no control groups.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
GresTypes=gpu
ReturnToService=2
SlurmdTimeout=120
# A job in the partition "urgent" takes the nodes of one in "main", which is requeued.
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=node[1-$NODES] CPUs=$CPUS Gres=gpu:$GPUS State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1
PartitionName=urgent Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=2
CONF
}

# machine SPACE COMMAND...: the command on a machine of its own in that network namespace.
machine() {
  local space=$1 name=${1#"$controller"-}
  shift
  mkdir -p "$slurm/machines/$name/tmp"
  # The first process of a process namespace adopts what loses its parent, and with it everything ends: bash does both.
  ip netns exec "$space" unshare --mount --uts --ipc --pid --fork --kill-child --mount-proc \
    bash "$0" boot "$name" "$@" >"$slurm/$name.out" 2>&1 </dev/null &
  echo $! >"$slurm/machines/$name/pid"
}

# Inside a new machine: its name, its disks, then its daemon until that ends.
boot() {
  local name=$1
  shift
  hostname "$name"
  mount --bind "$slurm/hosts" /etc/hosts
  mount -t tmpfs tmpfs /dev/shm
  case $SHARED/ in /tmp/*)
    mkdir -p "$slurm/machines/$name$SHARED"
    mount --bind "$SHARED" "$slurm/machines/$name$SHARED"
    ;;
  esac
  mount --rbind "$slurm/machines/$name/tmp" /tmp
  trap 'kill "$daemon"; wait' TERM
  "$@" &
  daemon=$!
  wait "$daemon"
}

run() { ip netns exec "$controller" "$@"; }

wait_until_idle() {
  for _ in $(seq 60); do
    if [ "$(run sinfo --noheader --partition=main --states=idle --format=%D 2>/dev/null)" = "$NODES" ]; then
      run sinfo
      return
    fi
    sleep 1
  done
  run sinfo || true
  fail_with "the nodes are not idle after 60 s: see $slurm/*.log and $slurm/*.out, then: bash $0 stop"
}

fail() {
  local file=$slurm/machines/${1:?which node? for example: fail node2}/pid
  [ -e "$file" ] || fail_with "there is no machine $1 in $slurm/machines"
  kill -KILL "$(cat "$file")"
}

stop() {
  if [ -e "$slurm/munge/pid" ]; then kill "$(cat "$slurm/munge/pid")" 2>/dev/null || true; fi
  for space in $(spaces); do
    # The first process of each machine is enough: the others end with it.
    ip netns pids "$space" | xargs --no-run-if-empty kill -KILL 2>/dev/null || true
    ip netns delete "$space"
  done
}

spaces() { ip netns list | awk '{print $1}' | grep "^$controller" || true; }

fail_with() {
  echo "error: $1" >&2
  exit 1
}

case ${1:-} in
start | stop) "$1" ;;
run | fail | boot) "$@" ;;
*) fail_with "what to do? start, run COMMAND..., fail NODE or stop; the top of $0 says more" ;;
esac
