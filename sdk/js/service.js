/** A service: it runs models, in parts or as jobs, and manages models and nodes. client.js adds the tasks by name. */
import { errorOfProblem } from './errors.js';
import { Transport } from './http.js';
import { gatherPages } from './lists.js';
import { Account, SILENCE_MS, Stream } from './streams.js';
import { bodyOf, jsonOf, patienceOf, path, post, query, readAnswer, readStored, splitSettings } from './wire.js';

/**
 * @import { BenchmarkSettings, CallSettings, ClientSettings, InferSettings, Inputs, JobSettings, JobsSettings,
 *   LoadSettings, PlaceSettings, PullSettings, RemoveSettings, StreamSettings } from './index.d.ts'
 */
/** @import { Request } from './http.js' */

/** The most that the service lets a request wait for a job's end. */
const WAIT_MOST_MS = 60_000;
/** Rows of a list of jobs where no limit is given. */
const JOBS = 100;

/** An Idempotency-Key, new for each request. */
const freshKey = () => crypto.getRandomValues(new Uint32Array(4)).join('-');

/**
 * A request that runs a model, with binary outputs.
 * @param {string} target @param {object} first the first members @param {unknown} inputs @param {any} settings
 */
async function runRequest(target, first, inputs, settings) {
    const { body, binary } = await bodyOf(inputs, settings);
    const request = post(target, { ...first, ...body, parameters: { binary_data_output: true } }, binary);
    if (settings.idempotent) [request.isRepeatable, request.headers['Idempotency-Key']] = [true, freshKey()];
    return { ...request, patience: patienceOf(body.timeout_ms) };
}

/** @param {string} model @param {PullSettings} settings */
const pullRequest = (model, { as, hub, precision, files }) => post('/v1/models/pull', { model, as, hub, precision, files });

/** A webinferd; index.d.ts has the contract of each method. */
export class Service {
    #transport;
    #timeout;

    /** @param {string | URL} [url] @param {ClientSettings} [settings] */
    constructor(url, { timeout_ms, ...settings } = {}) {
        this.#transport = new Transport(url, settings);
        this.#timeout = timeout_ms;
    }

    /** The address of the service. */
    get url() {
        return this.#transport.url;
    }

    /** Runs a model. @param {string} model @param {Inputs | null} [inputs] @param {InferSettings} [settings] */
    async infer(model, inputs = [], settings = {}) {
        const request = await runRequest('/v1/infer', { model_name: model }, inputs, this.#timed(settings));
        return readAnswer(await this.#transport.send(request, settings.signal));
    }

    /** Measures a run. @param {string | null} model @param {Inputs} [inputs] @param {BenchmarkSettings} [settings] */
    async benchmark(model, inputs, settings = {}) {
        const request = await runRequest('/v1/benchmark', { model_name: model ?? undefined }, inputs, this.#timed(settings));
        return readAnswer(await this.#transport.send(request, settings.signal));
    }

    /** Runs a model in parts. @param {string} model @param {Inputs | null} [inputs] @param {StreamSettings} [more] */
    stream(model, inputs = [], { signal, resumable = true, stall_timeout_ms, onProgress, ...more } = {}) {
        const begin = async () => {
            const { settings, options } = splitSettings(more);
            if (settings.idempotent) throw new TypeError('a stream cannot be idempotent');
            const { body, binary } = await bodyOf(inputs, { ...this.#timed(settings), options });
            const value = { model_name: model, ...body, stream: true, resumable, stall_timeout_ms };
            return new Account(asEvents(post('/v1/infer', value, binary)), { isResumable: resumable, onProgress });
        };
        return new Stream(this.#transport, begin, signal);
    }

    // --- stored jobs

    /** Stores a job. @param {string} model @param {Inputs | null} [inputs] @param {InferSettings} [settings] */
    async submit(model, inputs = [], settings = {}) {
        const request = await runRequest('/v1/jobs', { model_name: model }, inputs, { idempotent: true, ...settings });
        return readStored(await this.#transport.send({ ...request, patience: undefined }, settings.signal));
    }

    /** The state of a job. @param {string} id @param {JobSettings} [settings] */
    async job(id, { wait_ms = 0, signal } = {}) {
        const target = path('jobs', id) + query({ wait: wait_ms > 0 ? `${Math.round(wait_ms)}ms` : undefined });
        return readStored(await this.#transport.send({ method: 'GET', target, patience: patienceOf(wait_ms) }, signal));
    }

    /** The answer of a job, once it is done. @param {string} id @param {CallSettings} [settings] */
    async wait(id, { signal } = {}) {
        for (;;) {
            const { job, answer } = await this.job(id, { wait_ms: WAIT_MOST_MS, signal });
            if (answer) return answer;
            if (job.state === 'failed' || job.state === 'cancelled')
                throw errorOfProblem(job.error ?? { code: job.state, detail: `the job ${id} is ${job.state}` });
        }
    }

    /** The stored jobs of this client, the newest first. @param {JobsSettings} [settings] */
    jobs({ state, limit = JOBS, signal } = {}) {
        return gatherPages(this.#transport, '/v1/jobs', 'jobs', { most: limit, asked: { state }, signal });
    }

    /** Cancels a job, or a request that runs under that id. @param {string} id @param {CallSettings} [settings] */
    cancel(id, settings) {
        return this.#json({ method: 'DELETE', target: path('jobs', id) }, settings);
    }

    // --- models and nodes

    /** All models and pulls, over as many pages as there are. @param {CallSettings} [settings] */
    models(settings) {
        return gatherPages(this.#transport, '/v1/models', 'models', settings);
    }

    /** One model. @param {string} name @param {CallSettings} [settings] */
    model(name, settings) {
        return this.#json({ method: 'GET', target: path('models', name) }, settings);
    }

    /** Begins to pull a model from a hub. @param {string} model @param {PullSettings} [settings] */
    pull(model, settings = {}) {
        return this.#json(pullRequest(model, settings), settings);
    }

    /** Pulls a model, with its progress as parts. @param {string} model @param {PullSettings} [settings] */
    pulling(model, settings = {}) {
        const account = new Account(asEvents(pullRequest(model, settings)), { partEvent: 'progress', isResumable: false });
        return new Stream(this.#transport, async () => account, settings.signal);
    }

    /** Makes nodes load a model. @param {string} name @param {LoadSettings} [settings] */
    load(name, { node, platform, signal } = {}) {
        return this.#json(post(path('models', name, 'load'), { node, platform }), { signal });
    }

    /** Makes nodes free the memory of a model. @param {string} name @param {LoadSettings} [settings] */
    unload(name, { node, signal } = {}) {
        return this.#json(post(path('models', name, 'unload'), { node }), { signal });
    }

    /** Removes a model from the store. @param {string} name @param {RemoveSettings} [settings] */
    remove(name, { force, signal } = {}) {
        const target = path('models', name) + query({ force: force || undefined });
        return this.#json({ method: 'DELETE', target }, { signal });
    }

    /** Where a model would run, and why. @param {string} model @param {PlaceSettings & CallSettings} [settings] */
    hardware(model, { signal, ...place } = {}) {
        return this.#json({ method: 'GET', target: '/v1/hardware' + query({ model_name: model, ...place }) }, { signal });
    }

    /** All nodes. @param {CallSettings} [settings] */
    nodes(settings) {
        return gatherPages(this.#transport, '/v1/nodes', 'nodes', settings);
    }

    /** The whole state: browsers, nodes, queue, models and problems. @param {CallSettings} [settings] */
    status(settings) {
        return this.#json({ method: 'GET', target: '/v1/status' }, settings);
    }

    /** Settings with the client's timeout, where they name none. @param {any} settings */
    #timed(settings) {
        const { timeout_ms = settings.deadline === undefined ? this.#timeout : undefined } = settings;
        return { ...settings, timeout_ms };
    }

    /** @param {Request} request @param {CallSettings} [settings] @returns {Promise<any>} */
    async #json(request, { signal } = {}) {
        return jsonOf((await this.#transport.send(request, signal)).body);
    }
}

/** The same request, answered by events. @param {Request} request @returns {Request} */
const asEvents = (request) =>
    ({ ...request, headers: { ...request.headers, Accept: 'text/event-stream' }, patience: SILENCE_MS });
