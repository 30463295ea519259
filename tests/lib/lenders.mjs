/** A daemon whose nodes are lent by people, and what its clients notice when one of those is lost in mid-task. */
import assert from 'node:assert/strict';
import * as cases from './cases.mjs';
import { patience } from './daemon.mjs';
import { until } from './wait.mjs';

/** Rounds of the model: seconds of a page, and a tenth of that. A page takes a run for hung that takes 30 times as long as the runs
 * before, and ten seconds. */
const LONG = 3000;
const SHORT = LONG / 10;
const BESIDE = 12;
const SOON_MS = 60_000 * patience;

export class Lenders {
    /** @param {import('./daemon.mjs').Daemon} daemon which has the model `slow`, and no browser of its own */
    constructor(daemon) {
        this.daemon = daemon;
    }

    /** Its configuration, with nothing that runs beside what is asked for. A node that is not heard of for five seconds is
     * away, and lost after `graceMs` more. @param {number} graceMs */
    static config(graceMs) {
        return { bridge: { heartbeat_interval: '500ms', heartbeat_misses: 10, resume_grace: `${graceMs}ms` },
            pool: { min_connections: 0, numerics: 'off', verify: 'off' }, 'browser.chrome': { max_connections: 0 } };
    }

    /** A link for one node. @param {string} [settings] of its page, as "&name=value" @param {object} [order] what else is asked for */
    async link(settings = '', order = { start: true }) {
        return (await this.daemon.post('/v1/admin/join', order)).json.url + settings;
    }

    /** A tab of a browser of tests/page/support that joins first, and has the model. @param {string} [settings] of its page
     * @returns {Promise<string>} the node */
    async join(browser, settings) {
        const { tab } = await browser.openTab([]);
        await tab.goto(await this.link(settings));
        const { id } = await this.arrived();
        assert.equal((await this.compute(SHORT, 1)).node, id);
        return id;
    }

    async nodes() {
        return (await this.daemon.get('/v1/nodes')).json.nodes;
    }

    async failed() {
        return (await this.daemon.status()).counters.jobs.failed;
    }

    /** @param {string} id */
    async named(id) {
        return (await this.nodes()).find((node) => node.id === id);
    }

    /** The node that is connected, beside those. @param {string[]} known */
    arrived(...known) {
        return until(async () => (await this.nodes()).find(({ id, away }) => !away && !known.includes(id)),
            { what: 'another node', timeout: SOON_MS });
    }

    /** @param {string} id */
    async left(id) {
        await until(async () => !await this.named(id), { what: `${id} to be gone`, timeout: SOON_MS });
    }

    /** @param {'drain' | 'undrain'} verb @param {string} id */
    async #tell(verb, id) {
        assert.equal((await this.daemon.post(`/v1/nodes/${id}/${verb}`, {})).status, 200);
    }

    /** Does something while that node gets no new work. @template T @param {string} id @param {() => Promise<T>} work */
    async without(id, work) {
        await this.#tell('drain', id);
        try {
            return await work();
        } finally {
            await this.#tell('undrain', id);
        }
    }

    /** The answer is `x` again. @param {number} rounds @param {number} x */
    async compute(rounds, x) {
        const { status, json, text } = await this.daemon.infer({ model_name: 'slow', platform: 'wasm', timeout_ms: 120_000 * patience,
            inputs: [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [x] },
                { name: 'count', datatype: 'INT64', shape: [], data: [rounds] }] });
        assert.equal(status, 200, text);
        assert.deepEqual(json.outputs[0].data, [x]);
        return { node: json.executed_on.node, attempts: json.performance.attempts };
    }

    /**
     * Something happens to a node amid a task, and twelve other requests come beside it. All are answered right.
     * @param {string} id @param {string} other a node that has nothing to do, and may be given what the first has begun
     * @param {() => Promise<unknown>} happens
     * @returns {Promise<{node: string, attempts: number}>} where that task ended, and how often it was sent
     */
    async amidTask(id, other, happens) {
        const first = await this.without(other, async () => {
            assert.equal((await this.compute(SHORT, 1)).node, id); // it has the model
            const task = this.compute(LONG, 100);
            task.catch(() => {}); // it is awaited below
            await until(async () => (await this.named(id)).attempts === 1, { what: 'the task to run' });
            return { task };
        });
        const beside = Array.from({ length: BESIDE }, (_, i) => this.compute(SHORT, i + 1));
        beside.forEach((one) => one.catch(() => {}));
        await happens();
        for (const { attempts } of await Promise.all(beside)) assert.ok(attempts <= 2, `${attempts} attempts`);
        return first.task;
    }

    /**
     * What a node that is lost in mid-task costs: its task is sent once more, to the other. The node that comes back works.
     * @param {string} id @param {string} other @param {() => Promise<unknown>} goes @param {() => unknown} returns
     */
    async costsOneRetry(id, other, goes, returns) {
        const failed = await this.failed();
        const { node, attempts } = await this.amidTask(id, other, goes);
        assert.deepEqual([node, attempts], [other, 2]);
        await this.left(id);
        await returns();
        const back = await this.arrived(other);
        assert.equal((await this.without(other, () => this.compute(SHORT, 5))).node, back.id);
        assert.equal(await this.failed(), failed);
    }

    /** Its page answers some of the model cases right. @param {string} id @param {string} other @param {string[]} names */
    async answersRight(id, other, names) {
        await this.without(other, async () => {
            for (const name of names) {
                const { answer, problem } = await this.daemon.tryCase(cases.load(name),
                    { platform: 'wasm', fallback: false, timeout_ms: 120_000 * patience });
                assert.equal(problem, null, name);
                assert.equal(answer.executed_on.node, id);
            }
        });
    }
}
