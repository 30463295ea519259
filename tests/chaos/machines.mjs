/**
 * ./dev chaos --machines 3: a cluster of machines (tests/lib/member-machine.mjs) under stored jobs and streams, while a seeded
 * script kills machines, servers, daemons and uplinks, cuts networks and stops daemons, and kills whichever daemons run a certain
 * job. In the end one machine is lost for good, with its disk. Each job that was accepted has one end, the right one, and it is the
 * same at every living member; none takes more than three daemons with it.
 *
 * Its last line is one JSON object; its exit status is 1 unless lost, duplicated, wrong, gaps, repeated, beyond and left are 0.
 */
import { quantile } from '../bench/figures.mjs';
import { commandLine, number } from '../lib/command-line.mjs';
import { areWhole, MemberMachine } from '../lib/member-machine.mjs';
import { openRoom } from '../lib/room.mjs';
import { withNats } from '../lib/shared-jobs.mjs';
import { until, within } from '../lib/wait.mjs';
import { AcceptedJobs, MODEL } from './accepted-jobs.mjs';
import { LentStreams } from './lent-streams.mjs';
import { faults, loseForGood } from './machine-faults.mjs';
import { seeded } from './random.mjs';
import { mendReplicas } from './replicas.mjs';

const { seed, browsers, machines: machineCount, requests, clients, streams: streamCount, faults: faultCount = Math.max(Object.keys(faults).length, Math.round(requests / 100)) } = commandLine(
    './dev chaos --machines 3', 'Lose machines of a cluster under load; its last line is one JSON object.', {
        machines: number(3, 'of the cluster', 3),
        seed: number(Date.now() % 1_000_000, 'what is drawn at random begins with it', 0),
        requests: number(2000, 'stored jobs of all clients together'),
        faults: number(undefined, 'one after another (default a hundredth of the requests, but one of each kind at least)', 0),
        clients: number(8, 'that send jobs at once'),
        streams: number(3, 'at once'),
        browsers: number(1, 'in so many machines a real Chromium, whose jobs only these run', 0),
    });

/** The longest that anything may take: two cores do it all. */
const LIMIT_MS = 120_000;
/** A claim lapses only after its daemon, if it was killed, is seen to be gone: then the run counts. */
const ACK_WAIT = '12s';

/** What the faults cost: which jobs ran where one struck, and when the last of these ended. */
class Losses {
    /** From a loss to the last end of the jobs that ran there, in milliseconds, by fault. @type {Map<string, number[]>} */
    times = new Map();
    #pending = [];

    /** @param {AcceptedJobs} jobs @param {MemberMachine[]} machines */
    constructor(jobs, machines) {
        Object.assign(this, { jobs, machines });
    }

    /** Strikes once jobs run there, and notes which. @param {string} name @param {MemberMachine} one @param {string} instance @param {() => any} strike */
    async note(name, one, instance, strike) {
        const other = this.machines.find((each) => each !== one && !each.isLost);
        await until(async () => this.jobs.open().length === 0 || (await other.heldBy(instance)).size > 0,
            { what: 'a job that runs there', timeout: 10_000, every: 20 }).catch(() => {});
        const began = performance.now();
        await strike();
        const held = await until(() => other.heldBy(instance), { what: 'the jobs that ran there', timeout: LIMIT_MS, every: 100 });
        const jobs = this.jobs.of(held);
        if (one.daemon.ended) for (const job of jobs) job.deaths++;
        this.#pending.push({ name, began, jobs });
    }

    /** Once all jobs have ended. */
    settle() {
        for (const { name, began, jobs } of this.#pending)
            if (jobs.length) this.times.set(name, [...this.times.get(name) ?? [], Math.max(...jobs.map(({ endedAt }) => endedAt)) - began]);
    }
}

/** Both sides of a cut are asked: of a job that has ended before, and of one that only the other side has accepted. The side
 * that is cut off may say that it cannot know, but nothing that is not so. */
const askBoth = ({ machines, jobs }) => async (one) => {
    const other = machines.find((each) => each !== one && !each.isLost), known = [...jobs.jobs.values()].find(({ end }) => end);
    for (const job of [known, await jobs.haveAt(other)].filter(Boolean))
        for (const member of [one, other]) {
            const { status, text, json } = await member.get(`/v1/jobs/${job.id}`, { timeout: 30_000 });
            const isRight = status === 200 ? !job.end || json.finished_at === job.end.finished_at : status === 503;
            if (member === one && jobs.mayDeny(job, status, one)) jobs.denied++;
            else if (!isRight) jobs.wrong.push(`during a cut of ${one.name}, ${member.name} says of job ${job.number}: ${status} ${text}`);
        }
};

/** The faults to come: every kind in turn, in an order of the seed. */
function* script(random) {
    for (;;) yield* random.shuffled(Object.keys(faults));
}

/** Gives how long it took until all was whole again, by fault, and how many servers got an empty disk. */
async function breakThings({ machines, random, jobs, losses }) {
    const names = script(random), recoveries = new Map(), share = requests / (faultCount + 1);
    let remade = 0;
    for (let slot = 0; slot < faultCount; slot++) {
        const name = names.next().value;
        jobs.allow(Math.round((slot + 1) * share));
        const due = Math.round((slot + random.next()) * share);
        await until(() => jobs.begun >= due, { what: 'the jobs to go on', timeout: LIMIT_MS });
        const began = performance.now();
        const struck = await faults[name]({ machines, random, askBoth: askBoth({ machines, jobs }), haveDeadly: () => jobs.haveDeadly(),
            lose: (one, instance, strike) => losses.note(name, one, instance, strike) });
        await areWhole(machines, { timeout: LIMIT_MS });
        const ms = performance.now() - began;
        recoveries.set(name, [...recoveries.get(name) ?? [], ms]);
        console.log(`${slot + 1}/${faultCount} ${name} (${struck}): whole again after ${(ms / 1000).toFixed(1)} s; ${jobs.ended} of ${jobs.begun} jobs have ended`);
        remade += await mendReplicas(machines);
    }
    jobs.allow(requests);
    await until(() => jobs.begun >= requests - share / 2, { what: 'the jobs to go on', timeout: LIMIT_MS });
    const lost = await loseForGood({ machines, random, lose: (one, instance, strike) => losses.note('machine killed', one, instance, strike) });
    console.log(`${lost.name} is lost for good, with its disk`);
    await until(() => jobs.begun >= requests && jobs.open().length === 0, { what: 'the last ends', timeout: LIMIT_MS });
    return { recoveries, remade };
}

const counter = async (machines, name) => {
    let sum = 0;
    for (const one of machines) sum += Number((await one.get('/metrics', { who: 'root' })).text.match(new RegExp(`^${name} (\\d+)`, 'm'))?.[1] ?? 0);
    return sum;
};

function printTimes(recoveries, losses) {
    const shown = (list, q) => list.length ? `${(quantile(list, q) / 1000).toFixed(1)} s`.padStart(10) : '         –';
    console.log('\nfault                 times  whole again after: median, longest   last end of its jobs after: median, longest');
    for (const [name, list] of [...recoveries].sort()) {
        const ends = losses.times.get(name) ?? [];
        console.log(`${name.padEnd(22)}${String(list.length).padStart(5)}${shown(list, 0.5)}${shown(list, 1)}${' '.repeat(24)}${shown(ends, 0.5)}${shown(ends, 1)}`);
    }
}

function report({ jobs, streams, losses, recoveries, remade, left, duplicated, beyond, secondEnds, continued }) {
    const { lost } = jobs, wrong = [...jobs.wrong, ...streams.wrong], loss = losses.times.get('machine killed') ?? [];
    printTimes(recoveries, losses);
    for (const [what, list] of [['lost', lost], ['wrong', wrong]])
        for (const line of list.slice(0, 10)) console.log(`${what}: ${line.slice(0, 1000)}`);
    console.log(JSON.stringify({ seed, machines: machineCount, requests: jobs.begun, lost: lost.length, duplicated, wrong: wrong.length,
        retried: jobs.retried, poisoned: jobs.poisoned, p50_ms: quantile(jobs.times, 0.5) ?? null, p99_ms: quantile(jobs.times, 0.99) ?? null,
        computed: jobs.computed, streams: streams.begun, streams_whole: streams.whole, parts: streams.parts, gaps: streams.gaps,
        repeated: streams.repeated, continued, streams_cut: streams.cut, lenders: streams.via.size, faults: faultCount,
        struck: Object.fromEntries([...recoveries].map(([name, list]) => [name, list.length])), deaths: Math.max(...[...jobs.jobs.values()].map(({ deaths }) => deaths)), beyond, left, denied: jobs.denied, second_ends: secondEnds, replicas_remade: remade,
        loss_to_last_end_p50_ms: quantile(loss, 0.5) ?? null, loss_to_last_end_p99_ms: quantile(loss, 0.99) ?? null }));
    return [lost.length, duplicated, wrong.length, streams.gaps, streams.repeated, beyond, left].every((count) => count === 0);
}

async function run(machines) {
    await Promise.all(machines.map((one) => one.start()));
    for (const one of machines) one.lend();
    await areWhole(machines, { timeout: LIMIT_MS });
    const traffic = seeded(seed + 1), jobs = new AcceptedJobs(machines, traffic, clients);
    const streams = new LentStreams(machines, traffic, streamCount), losses = new Losses(jobs, machines);
    jobs.run();
    streams.run();
    try {
        const broken = await breakThings({ machines, random: seeded(seed), jobs, losses });
        await within(Promise.all([jobs.stop(), streams.stop()]), LIMIT_MS, 'the last streams');
        losses.settle();
        const living = machines.filter(({ isLost }) => !isLost);
        const found = { ...broken, ...await jobs.compare(living), secondEnds: await counter(living, 'webinfer_cluster_second_ends_total'),
            continued: await counter(living, 'webinfer_stream_continued_total') };
        for (const one of living) await one.stop();
        return report({ jobs, streams, losses, ...found });
    } catch (error) {
        for (const line of [...jobs.lost, ...jobs.wrong, ...streams.wrong].slice(0, 10)) console.error(line.slice(0, 1000));
        for (const { number: count, id, kind } of jobs.open().slice(0, 10)) console.error(`open: job ${count} (${id}, ${kind})`);
        throw error;
    }
}

async function main() {
    if (withNats.skip) throw new Error('this build has no NATS, and so no cluster');
    const places = Array.from({ length: machineCount }, (_, i) => ({ name: `m${i + 1}`, address: `192.168.57.${i + 1}` }));
    console.log(`chaos: seed ${seed}, ${machineCount} machines, ${requests} jobs, ${faultCount} faults, ack_wait ${ACK_WAIT}`);
    const room = await openRoom(places.map(({ address }) => address));
    /** @type {MemberMachine[]} */
    const machines = [];
    let good = false;
    try {
        for (const index of places.keys())
            machines.push(await new MemberMachine(room, places, index, { chromium: index < browsers, ackWait: ACK_WAIT, models: [MODEL] }).listen());
        good = await run(machines);
    } catch (error) {
        console.error(error.stack, ...machines.filter(({ isLost }) => !isLost).map((one) => one.tell()));
    } finally {
        for (const one of machines) await one.abandon();
        await room.close();
    }
    process.exit(good ? 0 : 1);
}

await main();
