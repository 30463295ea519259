/** Tests onnxruntime-web in 8 and 4 bits on a platform: x · w of a row of 32 whole numbers and a matrix of 32 by 8, in the
 * forms that webinfer uses for quantized models. */
import { INPUTS, MODELS, OUTPUTS, weight } from './models.js';
import { mustBeRight, no, onAdapter } from './finding.js';

/** onnxruntime-web in this worker, its platform, the adapter that it has computed on, and a check of its sessions. `begin` returns why there is none, or an empty text.
 * @typedef {{ort: typeof import('onnxruntime-web'), platform: string, adapter: () => import('../shared/messages.js').Adapter | null,
 *   begin: () => Promise<string>, provider: () => any, require: (sessions: any[]) => void}} Graphs */

/** @param {import('./table.js').Tools} tools @param {keyof typeof MODELS} form */
export async function findIntegers({ graphs }, form) {
    if (!graphs) return no('there is no onnxruntime-web in this worker');
    const lacking = await graphs.begin();
    if (lacking) return no(lacking);
    const session = await graphs.ort.InferenceSession.create(bytesOf(MODELS[form].bytes), {
        executionProviders: [graphs.provider()], logSeverityLevel: 3,
        // An operator that the platform does not support is an error; it does not fall back to the CPU.
        ...(graphs.platform === 'wasm' ? {} : { extra: { session: { disable_cpu_ep_fallback: '1' } } }),
    }).catch((thrown) => {
        throw /fallback to CPU EP/.test(String(thrown)) ? new Error(`${graphs.platform} leaves it, or a part of it, to the CPU`) : thrown;
    });
    try {
        graphs.require([session]);
        const x = Float32Array.from({ length: INPUTS }, (_, k) => input(k));
        const { y } = await session.run({ x: new graphs.ort.Tensor('float32', x, [1, INPUTS]) });
        const values = /** @type {Float32Array} */ (await y.getData());
        mustBeRight(Array.from({ length: OUTPUTS }, (_, n) => product(n)).every((wanted, n) => Math.abs(values[n] - wanted) < 1));
        return onAdapter(graphs.adapter(), MODELS[form].operator);
    } finally {
        await session.release();
    }
}

/** Whole numbers from 0 to 255, both of which are among them: in 8 bits they are what they are. @param {number} k */
const input = (k) => (k === 0 ? 255 : (k - 1) * 37 % 255);

/** @param {number} n */
function product(n) {
    let sum = 0;
    for (let k = 0; k < INPUTS; k++) sum += input(k) * weight(k, n);
    return sum;
}

/** @param {string} text in base64 */
const bytesOf = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
