/**
 * The `builtin` engine: models that every node has. `builtin/echo` returns its inputs, so its cost is that
 * of the bridge. `builtin/count` counts, so its cost is that of a stream. A count only waits: any number of
 * counts run at the same time.
 */
import { BUILTIN } from '../shared/messages.js';
import { Failure } from './failure.js';
import { bytesOf } from './tensors.js';

/** @import { RunMessage } from '../shared/messages.js' */
/** @typedef {{count: number, interval_ms: number, bytes: number}} CountOptions */

/** The least and the largest value of each option of a count; an option without a default is required.
 * @type {ReadonlyArray<readonly [keyof CountOptions, number, number, number | undefined]>} */
const COUNT_OPTIONS = [
    ['count', 1, 1000000, undefined],
    ['interval_ms', 0, 60000, 0],
    ['bytes', 0, 60000, 0],
];

export class BuiltinEngine {
    constructor() {
        this.name = 'builtin';
        this.version = '1';
        this.info = { slots: 16, queue: 1, can: ['continue'] };
        this.steps = true;
        this.loadedCount = 0;
    }

    configure() {}

    has() {
        return true;
    }

    async start() {}

    async load() {}

    async unload() {}

    memory() {
        return 0;
    }

    /** @param {RunMessage} task */
    atOnce({ model, tensors, outputs, frame, section }) {
        if (model.name !== BUILTIN.echo) return undefined;
        const wanted = outputs.length > 0 ? tensors.filter(({ name }) => outputs.includes(name)) : tensors;
        return {
            keepsFrame: frame !== null && wanted.length === tensors.length,
            tensors: wanted.map((entry) => ({
                name: entry.name, datatype: entry.datatype, shape: entry.shape, bytes: bytesOf(entry, frame, section),
            })),
        };
    }

    /** @param {RunMessage} task @param {import('./run.js').Run} run */
    async run(task, run) {
        if (task.model.name !== BUILTIN.count) {
            throw new Failure('model_invalid', `this page has no model ${task.model.name}`);
        }
        const { count, interval_ms: interval, bytes } = countOptions(task.options ?? {});
        const first = run.seq;
        for (let k = first; k < count; k++) {
            if (interval > 0 && k > first) await run.pause(interval);
            await run.step();
            run.emit({ text: `${k} `.padEnd(bytes), tokens: [k] });
        }
        return { tensors: [], result: { count } };
    }
}

/** @param {Record<string, unknown>} options @returns {CountOptions} */
function countOptions(options) {
    const read = COUNT_OPTIONS.map(([name, least, most, otherwise]) => {
        const value = options[name] ?? otherwise;
        if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) return [name, Number(value)];
        throw new Failure('input_invalid', `the option ${name} of ${BUILTIN.count} is not usable`,
            { field: `options.${name}`, expected: `a whole number from ${least} to ${most}` });
    });
    return Object.fromEntries(read);
}
