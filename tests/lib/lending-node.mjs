/** A scripted relay: a node that says that another daemon is behind it. It doubles FP32, counts, and fails as a test says. */
import crypto from 'node:crypto';
import { CountingNode } from './counting-node.mjs';
import * as kserve from './kserve.mjs';

/** So many hashes go in a message. */
export const MESSAGE_MAX = 512;

/** A hash that no model has. @param {number} number */
export const anyHash = (number) => crypto.createHash('sha256').update(`model ${number}`).digest('hex');

export class LendingNode extends CountingNode {
    /** Every task that came. */
    tasks = [];
    held = [];
    /** By which it multiplies, on each platform; 2 is right. */
    factors = {};
    /** What becomes of a task that is no stream. */
    treat = (task) => this.double(task);

    /** @param {string} pageUrl @param {{name?: unknown, plain?: boolean, slots?: number, platforms?: object, kind?: string}} what
     * `name`: of the daemon; `plain`: it is no relay, and says so */
    constructor(pageUrl, { name = 'hall', plain = false, slots = 8, platforms = {}, kind = 'chromium' } = {}) {
        super(pageUrl, { slots });
        const { engine_info: info, ...rest } = this.capabilities;
        this.capabilities = { ...rest, engine_info: { ...info, ort: { slots, queue: 1 } }, browser: { ...rest.browser, name: kind },
            platforms: { ...rest.platforms, ...platforms }, ...!plain && { relay: { name } } };
        const count = this.onTask;
        this.onTask = (task) => {
            this.tasks.push(task);
            if (task.message.data.stream) count(task);
            else this.treat(task);
        };
    }

    /** Says that its daemon has these, in messages as they may be. @param {string[]} hashes */
    lend(hashes) {
        for (let at = 0; at < hashes.length; at += MESSAGE_MAX)
            this.send('relay_models', { add: hashes.slice(at, at + MESSAGE_MAX) });
    }

    /** A task's answer; builtin/echo gives its inputs. */
    double(task) {
        const { model: { name }, platforms: [platform], tensors = [] } = task.message.data;
        const factor = name === 'builtin/echo' ? 1 : this.factors[platform] ?? 2;
        this.respond(task, { outputs: tensors.map(({ name: input, datatype, shape }, at) => {
            const values = kserve.values(datatype, task.tensors[at].bytes).map((value) => factor * Number(value));
            return { name: name === 'builtin/echo' ? input : 'y', datatype, shape, bytes: kserve.pack(datatype, values) };
        }), data: { executed_on: { platform, engine: 'ort', precision: null, adapter: null, fallbacks: [], simulated: false } } });
    }

    /** Keeps what comes until it is released. */
    hold() {
        this.treat = (task) => this.held.push(task);
    }

    release() {
        this.treat = (task) => this.double(task);
        for (const task of this.held.splice(0)) this.double(task);
    }
}
