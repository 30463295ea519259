/**
 * WebNN in this worker: one context for the probe and all models, so that the checked context is the one
 * that is used, and so that its loss is noticed.
 */

/** @import { PlatformReport } from '../shared/messages.js' */

/** The devices to request, the best first. On Linux a GPU is granted but the CPU computes, so only the CPU
 * is requested. */
const devices = () => (/Linux|CrOS/.test(navigator.userAgent) ? ['cpu'] : ['gpu', 'cpu']);

export class Webnn {
    /** @param {(message: string) => void} onLost the context is gone, and what it had loaded with it */
    constructor(onLost) {
        this._onLost = onLost;
        /** The provider with its options, as onnxruntime-web takes it, once the probe has passed.
         * @type {{name: 'webnn', deviceType: string, context: any} | null} */
        this.provider = null;
        /** The device that computed the probe's graph, if the browser reports it. */
        this.computedOn = '';
    }

    /** A context and a small graph whose result is checked.
     * @param {{power?: import('../shared/messages.js').PageOptions['power']}} [options] @returns {Promise<PlatformReport>} */
    async probe({ power } = {}) {
        const ml = /** @type {any} */ (navigator).ml;
        if (!ml) return { available: false, reason: 'navigator.ml is missing in a worker of this browser' };
        const reasons = [];
        for (const deviceType of devices()) {
            try {
                const context = await ml.createContext({ deviceType, ...(power === 'low-power' ? { powerPreference: power } : {}) });
                const { right, devices: used } = await addOnce(context);
                if (!right) throw new Error('a test graph gave a wrong result');
                this._use(deviceType, context);
                this.computedOn = used.join(', ') || deviceType;
                return { available: true };
            } catch (error) {
                reasons.push(`${deviceType}: ${error instanceof Error ? error.message : error}`);
            }
        }
        return { available: false, reason: `WebNN does not work here: ${reasons.join('; ')}`.slice(0, 160) };
    }

    /** @param {string} deviceType @param {any} context */
    _use(deviceType, context) {
        this.provider = { name: 'webnn', deviceType, context };
        context.lost?.then((/** @type {any} */ info) => this._onLost(info?.message ?? 'no reason given'));
    }
}

/** Computes x · 2 + 1 of four numbers. @param {any} context
 * @returns {Promise<{right: boolean, devices: string[]}>} `devices`: on which, where the browser says it */
async function addOnce(context) {
    const Builder = /** @type {any} */ (globalThis).MLGraphBuilder;
    const descriptor = { dataType: 'float32', shape: [4] };
    const numbers = Float32Array.of(1, -2, 0.5, 4096);
    const builder = new Builder(context);
    const constant = (/** @type {number} */ value) =>
        builder.constant(descriptor, new Float32Array(4).fill(value));
    const y = builder.add(builder.mul(builder.input('x', descriptor), constant(2)), constant(1));
    const graph = await builder.build({ y });
    const input = await context.createTensor({ ...descriptor, writable: true });
    const output = await context.createTensor({ ...descriptor, readable: true });
    context.writeTensor(input, numbers);
    context.dispatch(graph, { x: input }, { y: output });
    const result = new Float32Array(await context.readTensor(output));
    const used = Array.isArray(graph.devices) ? graph.devices.map(String) : [];
    for (const one of [graph, input, output]) one.destroy?.();
    return { right: numbers.every((value, i) => result[i] === value * 2 + 1), devices: used };
}
