/**
 * Many jobs that wait at once: all accepted before a node is there that could run them, then run
 * by simulated ones, and each looked at. For the bench and, with fewer, for the tests.
 */
import { cost } from './processes.mjs';
import { Simulation } from './simulation.mjs';
import { delay, until } from './wait.mjs';

/** Requests that are under way at a time. */
const CLIENTS = 64;

/** Does `work(index)` for 0 to `count` - 1, a few at a time. */
async function each(count, work) {
    let next = 0;
    await Promise.all(Array.from({ length: CLIENTS }, async () => {
        while (next < count) await work(next++);
    }));
}

/** What every job asks for: an echo of its own number, so that no answer can be another's. */
const body = (index) => ({ model_name: 'builtin/echo', platform: 'simulated',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [2], data: [index, -index] }] });

async function post(daemon, index) {
    const { status, text, json } = await daemon.post('/v1/jobs', body(index));
    if (status !== 202) throw new Error(`job ${index} was answered ${status}: ${text}`);
    return json.id;
}

/** Whether the job `id` ended well, with the answer to `index`. */
async function isAnswered(daemon, id, index) {
    const { status, json } = await daemon.get(`/v1/jobs/${id}`);
    const data = status === 200 ? json.answer?.outputs?.[0].data : undefined;
    return json.state === 'done' && data?.[0] === index && data[1] === -index;
}

const seconds = (from) => (performance.now() - from) / 1000;

/**
 * `jobs` stored jobs that all wait before the first can run, then `nodes` nodes for them. Gives
 * how many waited at once, how many have their answer, and what the daemon paid.
 */
export async function storedJobs(daemon, { jobs, nodes, report = () => {} }) {
    const stored = async (...names) => {
        const { text } = await daemon.get('/metrics');
        return names.map((name) =>
            Number(text.match(`\nwebinfer_stored_jobs_${name} (\\d+)`)?.[1] ?? 0));
    };
    const [doneBefore] = await stored('done_total');
    const before = cost(daemon.pid), began = performance.now(), ids = [];
    await each(jobs, async (index) => { ids[index] = await post(daemon, index); });
    const acceptSeconds = seconds(began), accepted = cost(daemon.pid);
    report(`${jobs} jobs accepted in ${acceptSeconds.toFixed(1)} s`);
    if (new Set(ids).size !== jobs) throw new Error('an id was given to two jobs');
    // Now and then the service tries some, finds no node, and puts them back.
    let waiting = 0;
    await until(async () => {
        const [queued, running] = await stored('queued', 'running');
        return (waiting = queued + running) >= jobs;
    }, { what: 'all jobs to wait at once', every: 5 }).catch(() => {});
    // What it costs to wait, with nobody there to do the work.
    const idle = cost(daemon.pid), since = performance.now();
    await delay(Math.min(5000, 500 + jobs / 20));
    const waitShare = (cost(daemon.pid).cpuSeconds - idle.cpuSeconds) / seconds(since);
    report(`${waiting} wait, at ${(100 * waitShare).toFixed(1)} % of a core`);

    const start = cost(daemon.pid), ran = performance.now();
    const simulation = await new Simulation(daemon, { nodes }).up();
    await until(async () => (await stored('done_total'))[0] - doneBefore >= jobs,
        { what: `${jobs} stored jobs to be done`, timeout: 60_000 + 10 * jobs, every: 100 });
    const runSeconds = seconds(ran), end = cost(daemon.pid);
    report(`done in ${runSeconds.toFixed(1)} s`);
    let answered = 0;
    await each(jobs, async (index) => {
        const one = await isAnswered(daemon, ids[index], index);
        answered += one;
    });
    const { attempts } = await simulation.stop();
    return { jobs, waiting, answered, errors: 0, attempts, waitShare,
        acceptPerSecond: jobs / acceptSeconds, perSecond: jobs / runSeconds,
        perJobUs: (1e6 * (end.cpuSeconds - start.cpuSeconds)) / jobs,
        bytesPerWaiting: (accepted.resident - before.resident) / jobs };
}
