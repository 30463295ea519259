/** What can happen to the pool: each fault picks a victim of what runs, or says that it found none. */
import * as processes from '../lib/processes.mjs';

/** Sends `signal` to one process of that role below the daemon. */
function strike(role, signal) {
    return ({ daemon, random }) => {
        const victims = processes.withRole(daemon.pid, role);
        if (!victims.length) return null;
        const { pid } = random.pick(victims);
        try {
            process.kill(pid, signal);
        } catch {
            return null; // it has gone by itself meanwhile
        }
        return `${signal} ${pid}`;
    };
}

export const faults = {
    'browser killed': strike('browser', 'SIGKILL'),
    'driver killed': strike('driver', 'SIGKILL'),
    'lifeline killed': strike('lifeline', 'SIGKILL'),
    'GPU process killed': strike('gpu', 'SIGKILL'),
    'renderer killed': strike('renderer', 'SIGKILL'),
    'browser stopped': strike('browser', 'SIGSTOP'),
    'driver stopped': strike('driver', 'SIGSTOP'),
    'GPU process stopped': strike('gpu', 'SIGSTOP'),
    'page hangs': strike('renderer', 'SIGSTOP'),
    'sockets cut': ({ proxy }) => {
        const count = proxy.sockets.size;
        proxy.cutNow();
        return count ? `${count} sockets` : null;
    },
    'request cut short': ({ proxy, random }) => {
        proxy.cut('down', 'task_request', random.pick(['before', 'middle', 'after']));
        return 'at the next task_request';
    },
    'answer cut short': ({ proxy, random }) => {
        proxy.cut('up', 'task_response', random.pick(['before', 'middle', 'after']));
        return 'at the next task_response';
    },
};
