/**
 * What can happen to the machines of a cluster. Each fault picks its victim, strikes, waits until that is noticed, and mends it;
 * it gives whom it struck. `lose` strikes a daemon and notes which jobs it ran. Nothing here strikes two servers at a time: the
 * caller waits until all machines are whole.
 */
import { until } from '../lib/wait.mjs';
import { CRASHES_MAX } from './accepted-jobs.mjs';

const NOTICED_MS = 60_000;
/** So long may a daemon try a job that its record says another one to have. */
const TRIED_MS = 120_000;

/** The others that can be asked. */
const besides = (machines, one) => machines.filter((other) => other !== one && !other.isLost);

/** Waits until the others see it no more. */
const missed = (machines, one) => until(async () => {
    for (const other of besides(machines, one)) if ((await other.members()).has(one.name)) return false;
    return true;
}, { what: `the others to miss ${one.name}`, timeout: NOTICED_MS, every: 100 });

/** Waits until the others have taken what that daemon ran: its claim has lapsed. */
const relieved = (machines, one, instance) => until(async () => (await besides(machines, one)[0].heldBy(instance)).size === 0,
    { what: `the others to have what ${one.name} ran`, timeout: NOTICED_MS, every: 100 });

/** The instance of a machine's daemon, as one of the others sees it. */
const instanceOf = async (machines, one) => (await besides(machines, one)[0].members()).get(one.name);

/** The machine whose daemon runs the job, and its instance: none of those that were struck, which may still be seen. */
async function runnerOf(machines, { id }, struck) {
    const { state, holder } = await machines[0].recordOf(id);
    if (state !== 'running' || struck.has(holder)) return null;
    for (const one of machines) if (await instanceOf(machines, one) === holder) return { one, instance: holder };
    return null;
}

/** @type {Record<string, (told: {machines: import('../lib/member-machine.mjs').MemberMachine[], random: any,
 *   lose: (one: any, instance: string, strike: () => any) => Promise<void>, askBoth: (one: any) => Promise<void>,
 *   haveDeadly: () => Promise<any>}) => Promise<string>>} */
export const faults = {
    async 'machine killed'({ machines, random, lose }) {
        const one = random.pick(machines);
        await lose(one, await instanceOf(machines, one), () => one.kill());
        await missed(machines, one);
        await one.start();
        one.lend();
        return one.name;
    },
    async 'network cut'({ machines, random, lose, askBoth }) {
        const one = random.pick(machines), instance = await instanceOf(machines, one);
        await lose(one, instance, () => one.cut());
        await askBoth(one);
        await missed(machines, one);
        await relieved(machines, one, instance);
        one.mend();
        return one.name;
    },
    async 'server killed'({ machines, random }) {
        const one = random.pick(machines);
        await one.server.kill();
        await one.server.run();
        return one.name;
    },
    async 'daemon killed'({ machines, random, lose }) {
        const one = random.pick(machines);
        await lose(one, await instanceOf(machines, one), () => one.killDaemon());
        await one.startDaemon();
        return one.name;
    },
    async 'daemon stopped'({ machines, random, lose }) {
        const one = random.pick(machines), instance = await instanceOf(machines, one);
        one.isStopped = true;
        await lose(one, instance, () => one.daemon.signal('SIGSTOP'));
        await missed(machines, one);
        await relieved(machines, one, instance);
        one.daemon.signal('SIGCONT');
        one.isStopped = false;
        return one.name;
    },
    async 'uplink killed'({ machines, random }) {
        const one = random.pick(machines), to = random.pick([...one.uplinks.keys()]), uplink = one.uplinks.get(to);
        uplink.signal('SIGKILL');
        await uplink.end;
        one.startUplink(to);
        return `${one.name} to ${to}`;
    },
    async 'two daemons killed'({ machines, random, lose }) {
        const [one, other] = random.shuffled(machines);
        for (const each of machines) each.strikes++; // nobody lends to the third
        await lose(one, await instanceOf(machines, one), () => one.killDaemon());
        await other.killDaemon();
        await Promise.all([one, other].map((each) => each.startDaemon()));
        return `${one.name} and ${other.name}`;
    },
    /** Each daemon that runs the job is killed, until none may run it any more. */
    async 'deadly job'({ machines, lose, haveDeadly }) {
        const job = await haveDeadly(), struck = new Map();
        while (struck.size <= CRASHES_MAX) {
            const found = await until(() => job.end ? { instance: null } : runnerOf(machines, job, struck),
                { what: 'a daemon that runs the deadly job, or its end', timeout: TRIED_MS });
            if (!found.instance) break;
            await lose(found.one, found.instance, () => found.one.killDaemon());
            await found.one.startDaemon();
            struck.set(found.instance, found.one.name);
        }
        if (!job.end) // it is beyond its ceiling, which is told in the end
            await until(async () => (await machines[0].request(`/v1/jobs/${job.id}`, { method: 'DELETE' })).status < 300, { what: 'its end', timeout: NOTICED_MS });
        return [...struck.values()].join(', ');
    },
};

/** A machine goes for good, with its disk: none that has what the others lack. */
export async function loseForGood({ machines, random, lose }) {
    const one = random.pick(machines.filter(({ chromium }) => !chromium));
    const instance = await instanceOf(machines, one);
    one.isLost = true;
    await lose(one, instance, () => one.abandon());
    await missed(machines, one);
    return one;
}
