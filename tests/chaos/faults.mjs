/** What can happen to the pool: each fault picks a victim of what runs, or says that it found none. */
import * as processes from '../lib/processes.mjs';

/** So many strikes hit the browser that is in the middle of most answers of language models; the rest,
 * any. */
const AIMED = 0.9;

/** The processes of that browser; none where there is none. */
async function writers(daemon, jobs) {
    const asked = await Promise.all(jobs.map((id) => daemon.get(`/v1/jobs/${id}`)));
    const counts = new Map();
    for (const { json: { node } } of asked) if (node) counts.set(node, (counts.get(node) ?? 0) + 1);
    const [most] = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a));
    const session = (await daemon.status()).sessions.find(({ node }) => node && node === most);
    // Its folder, which all of them have in their environment, is named so.
    return session ? processes.mentioning(`/s-${session.id.slice(-8)}`).map(({ pid }) => pid) : [];
}

/** Sends `signal` to one process of that role below the daemon. */
function strike(role, signal) {
    return async ({ daemon, random, load }) => {
        const aimed = random.next() < AIMED ? await writers(daemon, load.streams.amid()) : [];
        const all = processes.withRole(daemon.pid, role);
        const hit = all.filter(({ pid }) => aimed.includes(pid));
        const victims = hit.length ? hit : all;
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
