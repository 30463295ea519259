/**
 * Who answers: webinfer, transformers.js in a page of its own, the floor with such a page behind it, and
 * transformers.js in Node on native onnxruntime. Each has
 *
 *   load(work)      the model of a piece of work (work.mjs); gives milliseconds
 *   unload(work)    and away with it
 *   run(work, ms)   does it for about so long, at least three times; gives each time's milliseconds
 *   runApart(…)     such milliseconds as `times`, and beside them what it knows of where they went
 *   compiles        whether it gets faster while it runs, as a browser's WASM does
 */
import http from 'node:http';
import { library } from '../../lib/oracle.mjs';
import { request } from '../../lib/http.mjs';
import { until } from '../../lib/wait.mjs';
import { ask } from '../ask.mjs';
import { load, requestFile, startFloor } from '../programs.mjs';

/** Requests whose median says something. */
const ENOUGH = 5;

/** Runs `once` for about `ms`, at least so often. */
async function timesOf(ms, once, least = 3) {
    const times = [], end = performance.now() + ms;
    while (performance.now() < end || times.length < least) {
        const began = performance.now();
        await once();
        times.push(performance.now() - began);
    }
    return times;
}

/** Where the JSON before an answer's bytes ends. */
const HEAD_LENGTH = 'inference-header-content-length';

/** A file as it is, or JSON. */
function requestOf({ model, task, inputs, options, file, bytes }) {
    const parameters = bytes && { binary_data_output: true };
    const members = { model_name: model, task, platform: 'wasm', options, parameters };
    return file ? { query: `?${queryOf({ ...members, ...inputs })}`, headers: { 'Content-Type': file.type }, body: file.bytes }
        : { query: '', headers: { 'Content-Type': 'application/json' },
            body: Buffer.from(JSON.stringify({ ...members, inputs })) };
}

/** What stands beside a file: what is no text is JSON, and what there are several of comes again. */
const queryOf = (members) => new URLSearchParams(Object.entries(members).filter(([, value]) => value !== undefined)
    .flatMap(([name, value]) => [value].flat().map((one) => [name, typeof one === 'string' ? one : JSON.stringify(one)])));

/** @returns {Promise<any>} what the load client says of this request */
async function loadOf(model, client, { port, ms, clients = 1 }, { query = '', headers = {}, body }) {
    const file = requestFile('task', `127.0.0.1:${port}`, headers, body, `/v1/infer${query}`);
    const told = await load(client, { port, file, clients, ms });
    if (told.errors) throw new Error(`${model}: ${told.errors} errors, status ${told.last_error_status}`);
    return told;
}

export class Webinfer {
    name = 'webinfer';
    compiles = true;

    /** @param {any} daemon @param {string} [client] the load client: Node's own HTTP takes a part of a millisecond,
     * which is none of webinfer's */
    constructor(daemon, client) {
        this.daemon = daemon;
        this.client = client;
        this.url = `${daemon.url}/v1/infer`;
        this.agent = new http.Agent({ keepAlive: true });
    }

    /** @returns {Promise<any>} the answer's JSON; fails if it is none */
    async infer(work) {
        let text = '', length;
        const { query, headers, body } = requestOf(work);
        const status = await ask(this.url + query, this.agent, body, headers, (part, head) => {
            length = head[HEAD_LENGTH];
            text += part;
        });
        if (status !== 200) throw new Error(`${work.model}: ${status} ${text.slice(0, 500)}`);
        return JSON.parse(text.slice(0, length));
    }

    async load(work) {
        const began = performance.now();
        await this.infer(work);
        return performance.now() - began;
    }

    run(work, ms) { return timesOf(ms, () => this.infer(work)); }

    /** The load client's median and least, and how much of some requests the page took, with what their input is decoded from.
     * @returns {Promise<{times: number[], least: number, inside: number[]}>} */
    async runApart(work, ms) {
        const inside = [];
        const few = await timesOf(0, async () => inside.push((await this.infer(work)).performance.inference_ms));
        const { p50_ms, min_ms } = await this.#load(work, Math.max(ms, ENOUGH * Math.min(...few)), 1);
        return { times: [p50_ms], least: min_ms, inside };
    }

    /** Of two clients, whose requests and answers travel while the page computes for the other.
     * @returns {Promise<number>} milliseconds for each request */
    async together(work, ms) { return 1000 / (await this.#load(work, ms, 2)).per_second; }

    #load(work, ms, clients) {
        return loadOf(work.model, this.client, { port: new URL(this.url).port, ms, clients }, requestOf(work));
    }

    once(work) { return timesOf(0, () => this.infer(work), 1); }

    /** Loads the model in every browser before anybody asks for it. */
    async loadAhead({ model }) {
        await this.#tell(model, 'load', { platform: 'wasm' });
        const { nodes } = (await this.daemon.get('/v1/nodes')).json;
        await this.#states(model, (loaded) => loaded.length === nodes.length);
    }

    async unload({ model }) {
        await this.#tell(model, 'unload', {});
        await this.#states(model, (loaded) => loaded.length === 0);
    }

    async #tell(model, verb, body) {
        const { status, text } = await this.daemon.post(`/v1/models/${model}/${verb}`, body);
        if (status !== 202) throw new Error(`${verb} ${model}: ${status} ${text}`);
    }

    /** Until this is so of the nodes that have loaded it. */
    #states(model, isSo) {
        return until(async () => isSo((await this.daemon.get(`/v1/models/${model}`)).json.loaded
            .filter(({ state }) => state === 'loaded')),
        { what: `${model} to be loaded, or not`, timeout: 60_000, every: 20 });
    }

    stop() { this.agent.destroy(); }
}

/** The page tasks.html in a browser with the daemon's flags. */
export class BarePage {
    name = 'bare';
    compiles = true;

    async start(browser, pages, threads, query = '') {
        this.threads = threads;
        this.page = await browser.newPage();
        await this.page.goto(`${pages.url}/tasks.html${query}`);
        await this.page.waitForFunction(() => document.title === 'ready');
        return this;
    }

    load({ pipeline, model }) {
        return this.page.evaluate((words) => window.load(...words), [pipeline, model, this.threads]);
    }

    unload({ pipeline, model }) { return this.page.evaluate((words) => window.unload(...words), [pipeline, model]); }

    async run(work, ms) { return (await this.runApart(work, ms)).times; }

    /** And how much of it sessions took. @returns {Promise<{times: number[], sessions: number[]}>} */
    runApart({ pipeline, model, bare }, ms) {
        return this.page.evaluate((words) => window.run(...words), [pipeline, model, bare, ms]);
    }

    /** Milliseconds to create sessions of a model's files. */
    create(model, files, parallel) {
        return this.page.evaluate((words) => window.create(...words),
            [files.map((file) => `/models/${model}/onnx/${file}.onnx`), parallel]);
    }
}

/** How the floor's page begins what is no answer. */
const TROUBLE = '{"error"';

/** A request to the floor's page: what is asked of it, and the file in the lines behind. */
function bodyOf({ pipeline, model, bare: { picture, sound, ...input }, file: given }) {
    const file = picture ? 'picture' : sound && 'sound';
    const asked = Buffer.from(`${JSON.stringify({ pipeline, model, input, file })}\n`);
    return given ? Buffer.concat([asked, given.bytes]) : asked;
}

/** The page behind the floor: what requests and answers cost that nobody looks into, stores or chooses a place for. */
export class TaskFloor extends BarePage {
    name = 'floor';

    constructor({ floor, client }) {
        super();
        Object.assign(this, { program: floor, client });
    }

    async start(browser, pages, threads) {
        this.process = await startFloor(this.program);
        return super.start(browser, pages, threads, `?port=${this.process.page}`);
    }

    async load(work) {
        const took = await super.load(work);
        const { text } = await request(`http://127.0.0.1:${this.process.clients}/`, { method: 'POST', body: bodyOf(work) });
        // It must be an answer before its speed means anything.
        if (text.startsWith(TROUBLE)) throw new Error(`the floor, ${work.model}: ${text}`);
        return took;
    }

    async runApart(work, ms) {
        const asked = (forMs) => loadOf(work.model, this.client, { port: this.process.clients, ms: forMs },
            { body: bodyOf(work) });
        const { min_ms: once } = await asked(0);
        const { p50_ms, min_ms } = await asked(Math.max(ms, ENOUGH * once));
        return { times: [p50_ms], least: min_ms };
    }

    stop() { this.process?.stop(); }
}

/** As many threads as the page. */
export class Native {
    name = 'native';
    #loaded = new Map();

    constructor(folder, threads) {
        Object.assign(this, { folder, threads });
    }

    async load({ pipeline, model }) {
        const began = performance.now();
        this.#loaded.set(`${pipeline} ${model}`, await library.pipeline(pipeline, `${this.folder}/${model}`, {
            dtype: 'fp32', device: 'cpu',
            session_options: { intraOpNumThreads: this.threads, interOpNumThreads: 1 } }));
        return performance.now() - began;
    }

    async unload({ pipeline, model }) {
        await this.#loaded.get(`${pipeline} ${model}`).dispose();
        this.#loaded.delete(`${pipeline} ${model}`);
    }

    async run(work, ms) { return (await this.runApart(work, ms)).times; }

    async runApart({ pipeline, model, native }, ms) {
        const pipe = this.#loaded.get(`${pipeline} ${model}`);
        return { times: await timesOf(ms, () => native(pipe)) };
    }
}
