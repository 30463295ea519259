/** A node that computes the graphs of graphs.mjs, on each of its platforms in an arithmetic of its own: a session of the service, or a program that joined. */
import { half } from './arithmetic.mjs';
import { capabilities, FakeNode } from './fake-node.mjs';
import { answerOf, isHalf } from './graphs.mjs';

const ADAPTER = { vendor: 'acme', architecture: 'rocket', description: 'Acme Rocket', is_fallback: false };
/** The reported times of a run, by which WebGPU is worth using. */
const MS = { webgpu: 0.5, native: 1, wasm: 5 };

export class ComputingNode extends FakeNode {
    /** How many tasks it was given. */
    asked = 0;

    /** @param {string} pageUrl @param {{kind: string, by: Record<string, import('./arithmetic.mjs').Arithmetic>}} what `by`: platform */
    constructor(pageUrl, { kind, by }) {
        super(pageUrl);
        const has = (platform) => (by[platform] ? { available: true, ...platform === 'webgpu' && { adapter: ADAPTER } }
            : { available: false, reason: 'it has none' });
        this.by = by;
        this.capabilities = { ...capabilities, browser: { name: kind, version: '1.0' }, engine_info: { ort: { slots: 8 } },
            platforms: Object.fromEntries(['webgpu', 'webnn', 'webgl', 'wasm', 'native'].map((one) => [one, has(one)])) };
        this.onTask = (task) => this.#compute(task);
    }

    #compute(task) {
        const { model: { name }, platforms: [platform] } = task.message.data, by = this.by[platform];
        this.asked++;
        this.received.length = 0; // thousands come, and none is looked at again
        if (by.round === half && !isHalf(name)) {
            this.fail(task, { code: 'precision_unsupported', message: 'it computes in 16 bits' });
            return;
        }
        this.respond(task, { outputs: answerOf(name, task.tensors, by), data: {
            executed_on: { platform, engine: 'ort', precision: isHalf(name) ? 'fp16' : 'fp32', fallbacks: [], simulated: false,
                adapter: platform === 'webgpu' ? ADAPTER : null },
            performance: { load_ms: 0, inference_ms: MS[platform], warm: true } } });
    }
}
