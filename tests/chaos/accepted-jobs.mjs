/**
 * Stored jobs for members of a cluster that come and go: each is sent until a member has accepted it, always with its key, and
 * waited for at any member. Its answer is known before. What is lost, wrong, there twice or not the same everywhere is noted.
 */
import { isDeepStrictEqual } from 'node:util';
import { delay, until } from '../lib/wait.mjs';

/** How long a client waits for an answer: a daemon that stands still gives none. */
const PATIENCE_MS = 8000;
/** Between two tries. */
const PAUSE_MS = 100;
/** How long a member may take to know what others have written. */
const FOLLOW_MS = 30_000;
/** So many runs that took their daemon with them end a job. */
export const CRASHES_MAX = 3;
const DEADLINE_MS = 600_000;
/** The numbers of jobs beside the others begin there. */
const BESIDE = 1_000_000;
/** Doubles a number. */
export const MODEL = 'twice';

const echo = (/** @type {number[]} */ data) => ({ expected: data, body: { model_name: 'builtin/echo', platform: 'simulated',
    inputs: [{ name: 'x', datatype: 'INT32', shape: [data.length], data }] } });

/** What can be asked, each as often as its number says: its body, and the answer that it must have.
 * @type {Record<string, [number, (number: number) => {expected: number[] | null, body: object}]>} */
const KINDS = {
    small: [12, (number) => echo([number, -number])],
    large: [1, (number) => echo(Array.from({ length: 12_000 }, (_, i) => number * 1000 + i))],
    computed: [2, (number) => ({ expected: [2 * number], body: { model_name: MODEL, platform: 'wasm',
        inputs: [{ name: 'x', datatype: 'FP32', shape: [1], data: [number] }] } })],
    /** No daemon lives long enough to answer it. */
    deadly: [0, () => ({ expected: null, body: { model_name: 'builtin/count', platform: 'simulated', inputs: [], options: { count: 600, interval_ms: 1000 } } })],
};

/** Whether the job took its daemons with it too often, and was ended for that. */
const isPoisoned = ({ state, error, runs }) => state === 'failed' && error?.code === 'attempts_exhausted' && runs >= CRASHES_MAX &&
    /the daemon was lost \d+ times/.test(error.detail);

/** Whether nothing could answer it: so a deadly job may end, too, if another daemon has taken it at the same moment as the one that
 * its record names. With three replicas, nats-server 2.9 may let both (https://github.com/nats-io/nats-server/issues/4320). */
const isExhausted = ({ state, error }) => state === 'failed' && error?.code === 'attempts_exhausted';

export class AcceptedJobs {
    /** By number. @type {Map<number, any>} */
    jobs = new Map();
    begun = 0;
    ended = 0;
    /** POSTs that got no answer, or none that says whether the job is there. */
    retried = 0;
    /** How often a machine that was cut off with the servers' leader denied a job that was accepted meanwhile: until that server
     * notices, it answers as if it led. */
    denied = 0;
    /** Jobs that a real browser has computed. */
    computed = 0;
    /** Jobs that took their daemons with them too often, as they may. */
    poisoned = 0;
    /** Milliseconds from the first POST of a job to the answer that tells its end. */
    times = [];
    /** Sentences. @type {string[]} */
    lost = [];
    /** @type {string[]} */
    wrong = [];
    #kinds;
    #allowed = 0;
    #stopped = false;

    /** @param {import('../lib/member-machine.mjs').MemberMachine[]} machines all of them @param {any} random @param {number} clients */
    constructor(machines, random, clients) {
        Object.assign(this, { machines, random, clients });
        const hasBrowser = machines.some(({ chromium }) => chromium);
        this.#kinds = Object.entries(KINDS).flatMap(([name, [times]]) => Array(name === 'computed' && !hasBrowser ? 0 : times).fill(name));
    }

    /** So many may be begun in all from now on. @param {number} count */
    allow(count) { this.#allowed = Math.max(this.#allowed, count); }

    run() { this.all = Promise.all(Array.from({ length: this.clients }, () => this.#client())); }

    async stop() {
        this.#stopped = true;
        await this.all;
    }

    async #client() {
        while (!this.#stopped) {
            if (this.begun >= this.#allowed) await delay(10);
            else await this.#have(++this.begun);
        }
    }

    #living() { return this.random.pick(this.machines.filter(({ isLost }) => !isLost)); }

    /** One job beside the others, which this member is to accept. @param {import('../lib/member-machine.mjs').MemberMachine} member */
    haveAt(member) { return this.#have(BESIDE + this.jobs.size, 'small', () => member); }

    haveDeadly() { return this.#have(BESIDE + this.jobs.size, 'deadly'); }

    async #have(number, kind = this.random.pick(this.#kinds), choose = () => this.#living()) {
        /** `deaths`: of daemons that ran it. */
        const job = { number, kind, key: `key-${number}`, begunAt: performance.now(), deaths: 0, ...KINDS[kind][1](number) };
        Object.assign(job.body, { id: `chaos-${number}`, timeout_ms: DEADLINE_MS });
        this.jobs.set(number, job);
        await this.#send(job, choose);
        if (job.id) this.#wait(job).catch((error) => this.wrong.push(`job ${number}: ${error.stack}`));
        return job;
    }

    /** Until a member says that the job is there. */
    async #send(job, choose) {
        while (!this.#stopped) {
            const member = choose();
            const answer = await member.post('/v1/jobs', job.body, { headers: { 'Idempotency-Key': job.key }, timeout: PATIENCE_MS })
                .catch((error) => ({ status: 0, text: error.message }));
            if (answer.status === 202) {
                job.id = answer.json.id;
                job.acceptedAt = performance.now();
                return;
            }
            if (answer.status !== 0 && answer.status !== 503) this.wrong.push(`a POST of job ${job.number} at ${member.name}: ${answer.status} ${answer.text}`);
            this.retried++;
            await delay(PAUSE_MS);
        }
    }

    /** Until a member says that it has ended. */
    async #wait(job) {
        while (!job.end && !this.#stopped) {
            const member = this.#living();
            const answer = await member.get(`/v1/jobs/${job.id}?wait=5s`, { timeout: PATIENCE_MS }).catch(() => null);
            if (answer?.status === 200) this.#take(job, answer.json, member);
            else if (answer && answer.status !== 503) this.#miss(job, answer, member);
            if (!job.end) await delay(PAUSE_MS);
        }
    }

    #miss(job, { status, text }, member) {
        if (this.mayDeny(job, status, member)) {
            this.denied++;
        } else if (!job.isMissed) {
            job.isMissed = true;
            this.lost.push(`job ${job.number} (${job.id}) at ${member.name}: ${status} ${text}`);
        }
    }

    /** Whether that answer may be one of a machine that is cut off, and does not know it yet. */
    mayDeny(job, status, member) { return status === 404 && member.cutAt !== null && job.acceptedAt > member.cutAt; }

    #take(job, json, member) {
        if (!json.finished_at) return;
        job.end = json;
        job.endedAt = performance.now();
        this.ended++;
        this.times.push(job.endedAt - job.begunAt);
        if (job.kind === 'deadly' ? isExhausted(json) : isPoisoned(json)) this.poisoned++;
        else if (json.state !== 'done' || !isDeepStrictEqual(json.answer?.outputs?.[0]?.data, job.expected))
            this.wrong.push(`job ${job.number} (${job.id}, ${job.kind}) at ${member.name}: ${JSON.stringify(json).slice(0, 600)}`);
        else if (job.kind === 'computed') this.computed++;
    }

    /** The jobs of these ids. @param {Set<string>} ids */
    of(ids) { return [...this.jobs.values()].filter(({ id }) => ids.has(id)); }

    /** Those that have not ended. */
    open() { return [...this.jobs.values()].filter(({ end }) => !end); }

    /**
     * Holds what each member says in the end against what clients were told.
     * @param {import('../lib/member-machine.mjs').MemberMachine[]} living
     * @returns {Promise<{left: number, duplicated: number, beyond: number}>} how many jobs wait or run, are there twice, and have
     * taken more daemons with them than one may
     */
    async compare(living) {
        let left = 0, duplicated = 0, beyond = 0;
        for (const member of living) {
            left += await this.#countLeft(member);
            for (const job of this.jobs.values()) if (job.id) await this.#compareOne(job, member);
            duplicated += await this.#compareList(member);
        }
        for (const { id, number, deaths } of this.jobs.values()) {
            if (!id) continue;
            const { record } = await until(async () => ({ record: await living[0].recordOf(id) }), { what: `the record of ${id}`, timeout: FOLLOW_MS });
            if (!(record?.crashes <= CRASHES_MAX) || deaths > CRASHES_MAX) {
                beyond++;
                this.wrong.push(`job ${number} (${id}) took ${deaths} daemons with it: ${JSON.stringify(record)}`);
            }
        }
        return { left, duplicated, beyond };
    }

    /** The jobs that wait or run there, once the member has followed all ends. */
    async #countLeft(member) {
        let left = Infinity;
        await until(async () => {
            let count = 0;
            for (const state of ['queued', 'running']) count += (await member.list('jobs', `&state=${state}`)).length;
            left = count;
            return left === 0;
        }, { what: 'an empty queue', timeout: FOLLOW_MS, every: 100 }).catch((error) => this.wrong.push(`${member.name}: ${error.message}`));
        return left === Infinity ? 1 : left;
    }

    async #compareOne(job, member) {
        const { status, text, json } = await until(async () => {
            const answer = await member.get(`/v1/jobs/${job.id}`, { timeout: FOLLOW_MS });
            return answer.status !== 503 && answer;
        }, { what: `${job.id} at ${member.name}`, timeout: FOLLOW_MS, every: 100 });
        if (status !== 200) this.lost.push(`job ${job.number} (${job.id}) at ${member.name} in the end: ${status} ${text}`);
        else if (!isDeepStrictEqual(json, job.end))
            this.wrong.push(`job ${job.number} (${job.id}) at ${member.name} in the end: ${text.slice(0, 400)} and not ${JSON.stringify(job.end).slice(0, 400)}`);
    }

    /** How many jobs its list has twice. */
    async #compareList(member) {
        const names = new Map();
        let duplicated = 0;
        for (const { id, client_id: name } of await member.list('jobs')) names.set(name, [...names.get(name) ?? [], id]);
        for (const [name, ids] of names) if (ids.length > 1) {
            duplicated++;
            this.wrong.push(`${name} is there as ${ids} at ${member.name}`);
        }
        for (const { id, number } of this.jobs.values())
            if (id && !names.get(`chaos-${number}`)?.includes(id)) this.lost.push(`job ${number} (${id}) is not in the list of ${member.name}`);
        return duplicated;
    }
}
