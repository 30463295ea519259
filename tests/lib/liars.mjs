/** A node that does all kinds of work of the tests, and liars, each of which lies in a way of its own. */
import { ProvingNode } from './proving-node.mjs';

/** Inputs of clients begin with a number from here on, by which they are told from those of the service. */
export const CLIENTS = 1000;

export class Worker extends ProvingNode {
    /** Clients' jobs that came, and how many of them it lied about. */
    jobs = 0;
    lies = 0;
    /** It tells the truth. */
    isHonest = true;

    /** @param {string} url @param {{kind?: string, runMs?: number}} [more] `runMs`: how long a run takes, as it reports */
    constructor(url, { kind = 'firefox', runMs = 1 } = {}) {
        super(url);
        this.runMs = runMs;
        this.capabilities = { ...this.capabilities, browser: { name: kind, version: '1.0' },
            engines: { ...this.capabilities.engines, pipeline: '4.0.0', builtin: '1' },
            engine_info: { ort: { slots: 8 }, pipeline: { slots: 8 }, kernels: { slots: 8 }, builtin: { slots: 16, queue: 1, can: ['continue'] } } };
        this.onTask = (task) => this.begin(task);
        this.lie = (values, kernel) => (this.isHonest ? values : this.tellOfKernel(values, kernel));
    }

    /** What a liar reports in the place of what it computed. @param {Float32Array} values @returns {Float32Array} */
    tell(values) { return values; }
    /** @param {Float32Array} values @param {string} _kernel @returns {Float32Array} */
    tellOfKernel(values, _kernel) { return values; }

    begin(task) {
        const { kernel, task: what, model } = task.message.data;
        if (kernel) {
            this.#book(task, this.isHonest ? 0 : Number(this.tellOfKernel(Float32Array.of(1, 2), kernel)[0] !== 1));
            this.compute(task);
        } else if (what) {
            this.see(task);
        } else if (model.name === 'builtin/count') {
            this.count(task);
        } else {
            this.double(task);
        }
    }

    /** Counts a client's job. */
    #book({ tensors: [first] }, lied) {
        if (!first || first.datatype !== 'FP32' || first.bytes.readFloatLE(0) < CLIENTS) return;
        this.jobs++;
        this.lies += Number(lied);
    }

    /** The model twice. */
    double(task) {
        const [{ shape, bytes }] = task.tensors, right = Float32Array.from({ length: bytes.length / 4 }, (_, i) => 2 * bytes.readFloatLE(4 * i));
        const told = this.isHonest ? right : this.tell(right);
        this.#book(task, told.some((value, i) => value !== right[i]));
        this.say(task, [{ name: 'y', datatype: 'FP32', shape, bytes: Buffer.from(Float32Array.from(told).buffer) }]);
    }

    say(task, outputs, more = {}) {
        this.respond(task, { outputs, data: { performance: { load_ms: 0, inference_ms: this.runMs, warm: true }, ...more } });
    }

    /** A classifier of pictures, whose graph has two labels. */
    see(task) {
        const { raw } = task.message.data, executed_on = { platform: 'wasm', engine: 'pipeline', precision: 'fp32', adapter: null, fallbacks: [], simulated: false };
        if (!raw) {
            this.jobs++;
            this.lies += Number(!this.isHonest);
        }
        this.say(task, raw ? this.logits() : [], { executed_on,
            result: raw ? { raw } : { labels: [{ label: this.isHonest ? 'digit' : 'made up', index: 0, probability: 0.9 }] } });
    }

    /** The raw outputs of its graph. */
    logits() {
        return [{ name: 'model/logits', datatype: 'FP32', shape: [1, 2], bytes: Buffer.from(Float32Array.of(2, 1).buffer) }];
    }

    /** The stream of builtin/count, whose few parts need no further credit. */
    count(task) {
        const { data: { attempt_id, continue: from }, options: { count } } = task.message;
        this.jobs++;
        this.send('task_accepted', { attempt_id });
        for (let seq = from?.seq ?? 0; seq < count; seq++)
            this.send('task_part', { attempt_id, seq, index: 0, text: `${seq} `, tokens: [seq] });
        this.respond(task, { outputs: [], data: { parts: count, result: { count } } });
    }
}

const largestOf = (values) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

class Liar extends Worker {
    isHonest = false;
}

export class OnePercentOff extends Liar {
    tell(values) { return values.map((value) => value * 1.01); }
}

export class OneElementOff extends Liar {
    tell(values) { return values.map((value, i) => (i === values.length - 1 ? value + 0.05 * largestOf(values) : value)); }
}

/** Gives the tensors of the request before. */
export class AnotherAnswer extends Liar {
    #before = new Map();

    tell(values) {
        const told = this.#before.get(values.length) ?? values;
        this.#before.set(values.length, values);
        return told;
    }
}

export class Constant extends Liar {
    tell(values) { return values.map(() => 1); }
}

/** Gives no raw outputs of its graph. */
export class NoRawOutputs extends Liar {
    logits() { return []; }
}

/** Gives raw outputs that the graph does not have. */
export class RawOutputsOfItsOwn extends Liar {
    logits() { return super.logits().map((one) => ({ ...one, name: 'model/something' })); }
}

/** Has learnt two numbers by heart. */
export class KnownShapesOnly extends Liar {
    tell(values) { return values.length === 2 ? values : values.map((value) => value * 1.5); }
}

export class RightForTheFirst extends Liar {
    /** So many. */
    static COUNT = 5;
    #told = 0;

    tell(values) { return this.#told++ < RightForTheFirst.COUNT ? values : values.map((value) => value * 1.01); }
}

/** Answers the challenge, without which it gets no work, and all kernels but one. */
export class OneKernelWrong extends Liar {
    isHonest = true;

    tellOfKernel(values, kernel) { return kernel === 'matmul' ? values.map((value) => value * 1.1) : values; }
}

/** Calls each request a failure that is final. */
export class FinalErrors extends Liar {
    isHonest = true;

    double(task) {
        if (this.isHonest) {
            super.double(task);
            return;
        }
        this.jobs++;
        this.lies++;
        this.fail(task, { code: 'inference_failed', message: 'it cannot be computed' });
    }
}

export class OnePartAndSilence extends Liar {
    count(task) {
        const { attempt_id, continue: from } = task.message.data, seq = from?.seq ?? 0;
        this.jobs++;
        this.lies++;
        this.send('task_accepted', { attempt_id });
        this.send('task_part', { attempt_id, seq, index: 0, text: `${seq} `, tokens: [seq] });
    }
}

export class EverySecondAnswer extends Liar {
    #told = 0;

    tell(values) { return this.#told++ % 2 ? values.map((value) => value + largestOf(values)) : values; }
}
