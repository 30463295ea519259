/** What runs, read from /proc: to find our processes, kill chosen ones and prove none is left. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { program as python } from './python.mjs';

function read(file) {
    try {
        return fs.readFileSync(file, 'latin1');
    } catch {
        return '';
    }
}

/** Some programs write their title over their command line and their environment; this remains. */
function workingFolder(pid) {
    try {
        return fs.readlinkSync(`/proc/${pid}/cwd`);
    } catch {
        return '';
    }
}

/** One process, or null if it is gone or a zombie (which only waits for its parent). */
function describe(pid) {
    const stat = read(`/proc/${pid}/stat`);
    if (!stat) return null;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return null;
    return {
        pid: Number(pid),
        parent: Number(fields[1]),
        command: read(`/proc/${pid}/cmdline`).split('\0').filter(Boolean),
    };
}

export function all() {
    return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(describe)
        .filter(Boolean);
}

export function alive(pid) {
    return describe(pid) !== null;
}

/** Every process whose environment, command line or working directory mentions `mark` (a test's own folder). */
export function mentioning(mark) {
    return all().filter((process_) => process_.pid !== process.pid &&
        [...process_.command, read(`/proc/${process_.pid}/environ`), workingFolder(process_.pid)]
            .some((text) => text.includes(mark)));
}

/** All descendants of `pid`, parents first. */
export function descendants(pid) {
    const children = new Map();
    for (const one of all()) {
        if (!children.has(one.parent)) children.set(one.parent, []);
        children.get(one.parent).push(one);
    }
    const found = [];
    const walk = (parent) => {
        for (const one of children.get(parent) ?? []) {
            found.push(one);
            walk(one.pid);
        }
    };
    walk(pid);
    return found;
}

/** What part a process of a session plays: lifeline, driver, browser, renderer, gpu or other. */
export function role(process_) {
    const [program = ''] = process_.command;
    const line = process_.command.join(' ');
    if (/lifeline/.test(program.split('/').pop())) return 'lifeline';
    if (/chromedriver/.test(program)) return 'driver';
    if (/crashhelper/.test(program)) return 'crashpad';
    if (/^\S*firefox/.test(program)) {
        // Its children, some with their words joined into one, say last what they are.
        const words = line.trim().split(' ');
        const kind = words.includes('-contentproc') ? words.at(-1) : 'browser';
        return kind === 'tab' ? 'renderer' : kind;
    }
    const type = line.match(/--type=([a-z-]+)/)?.[1];
    if (type === 'gpu-process') return 'gpu';
    if (type) return type;
    if (/chrom/.test(program) && line.includes('--user-data-dir')) {
        return /crashpad/.test(program) ? 'crashpad' : 'browser';
    }
    return 'other';
}

/** The processes of that role below `pid`. */
export function withRole(pid, wanted) {
    return descendants(pid).filter((one) => role(one) === wanted);
}

/** Kernel's view of a process's cost: CPU seconds and resident bytes. */
export function cost(pid) {
    const stat = read(`/proc/${pid}/stat`);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const resident = Number(read(`/proc/${pid}/status`).match(/VmRSS:\s+(\d+)/)?.[1] ?? 0) * 1024;
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / 100, resident };
}

/** CPU seconds of a process and of its threads that have ended, by its own clock, in nanoseconds; /proc
 * has hundredths. */
export function cpuSeconds(pid) {
    const look = 'import sys, time; print(time.clock_gettime_ns(~int(sys.argv[1]) << 3 | 2))'; // CPUCLOCK_SCHED
    return Number(execFileSync(python, ['-c', look, String(pid)], { encoding: 'utf8' })) / 1e9;
}
