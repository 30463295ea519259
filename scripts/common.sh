# shellcheck shell=bash disable=SC2034
# What every verb shares: where things are, how it speaks, and an environment in which whatever is
# started keeps its files under build/.

ROOT=$PWD
BUILD=$ROOT/build

say() {
    if [[ -t 1 ]]; then
        printf '\033[1m==> %s\033[0m\n' "$*"
    else
        printf '==> %s\n' "$*"
    fi
}

fail() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

# Prints a hash of the files' contents, to tell whether something made from them is still fresh.
hash_of() {
    cat "$@" | sha256sum | cut -d ' ' -f 1
}

# Runs a command quietly: its output goes to build/logs/NAME.log and is shown if it fails.
quietly() {
    local name=$1 log status=0
    shift
    log=$BUILD/logs/$name.log
    mkdir -p "$BUILD/logs"
    "$@" >"$log" 2>&1 </dev/null || status=$?
    if ((status != 0)); then
        tail -n 40 "$log" >&2
        fail "\"$*\" failed (status $status); the whole output is in ${log#"$ROOT"/}"
    fi
}

# Prints the milliseconds of CPU that all processes of this cgroup have used so far; where there is none that tells, those
# of the whole machine. What the shell itself counts lacks the children of daemons that were killed.
cpu_ms() {
    local group
    group=/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/cpu.stat
    if grep -qs '^usage_usec ' "$group"; then
        awk '$1 == "usage_usec" { print int($2 / 1000) }' "$group"
        return
    fi
    group=/sys/fs/cgroup/cpuacct$(sed -n 's/^[0-9]*:\([^:]*,\)\?cpuacct[^:]*://p' /proc/self/cgroup)/cpuacct.usage
    if [[ -r $group ]]; then
        echo $(($(<"$group") / 1000000))
        return
    fi
    # Of the columns, idle and waiting for a device are no use of it; guests are in the first two already.
    awk -v ticks="$(getconf CLK_TCK)" '$1 == "cpu" { print int(($2 + $3 + $4 + $7 + $8) * 1000 / ticks) }' /proc/stat
}

JOBS=${JOBS:-$(nproc)}

# Waits until fewer children run in the background than there are cores.
await_core() {
    while (($(jobs -rp | wc -l) >= JOBS)); do
        wait -n || true
    done
}

SUDO=()
if ((EUID != 0)) && command -v sudo >/dev/null; then
    SUDO=(sudo)
fi

# A user's npm settings (a registry, a certificate) stay in force although HOME moves.
if [[ -z ${npm_config_userconfig:-} && -f ${HOME:-/nonexistent}/.npmrc ]]; then
    export npm_config_userconfig=$HOME/.npmrc
fi
export HOME=$BUILD/home
export XDG_CONFIG_HOME=$HOME/config XDG_CACHE_HOME=$HOME/cache XDG_DATA_HOME=$HOME/data
export XDG_STATE_HOME=$HOME/state
export npm_config_cache=$HOME/npm npm_config_update_notifier=false npm_config_fund=false
export npm_config_audit=false
export LC_ALL=C.UTF-8
export PATH=$BUILD/tools/bin:$PATH
