/** An engine worker's server without a browser, for its tests: what the link worker hands over, and what comes back. */
import './yield.mjs';
import { BuiltinEngine } from '../../../page/src/engine/builtin.js';
import { Server } from '../../../page/src/engine/serve.js';
import { decode } from '../../../page/src/shared/frame.js';
import { onnx } from './models.mjs';

export const task = (attempt, name, more = {}) => ({
    type: 'run', attempt, load_only: false, message_id: `p-${attempt}`, reply_to: 's', from: 'n', key: `${name}@h`,
    model: { ...onnx(name), engine: name.startsWith('builtin/') ? 'builtin' : 'ort' }, precision: null, outputs: [], input: null, tensors: [], frame: null,
    section: 0, fallbacks: [], ...more,
});

/** A server with an engine, or several, beside `builtin`, and all that it says. */
export async function withServer(run, engine = undefined, platform = 'wasm') {
    const { port1, port2 } = new MessageChannel();
    const said = [];
    let wake = () => {};
    port1.onmessage = ({ data }) => {
        said.push(data);
        wake();
    };
    const server = new Server(platform, [...[engine ?? []].flat(), new BuiltinEngine()], async () => ({ available: true }));
    const pages = new MessageChannel();
    await server.start(port2, null, { nudge: false, gpu: false }, pages.port2);
    const until = async (holds) => {
        for (let value; ; await new Promise((resolve) => { wake = resolve; })) if ((value = holds())) return value;
    };
    const parts = (attempt) => said.filter((m) => m.type === 'parts' && m.attempt === attempt)
        .flatMap((m) => m.parts.map(({ seq, bytes, json }) => ({ seq, bytes, ...JSON.parse(json) })));
    const end = (attempt) => until(() => said.find((m) => m.attempt === attempt && /^(answer|failure)$/.test(m.type)));
    try {
        await run({
            server, said, pages: pages.port1, until, parts, end, post: (message) => port1.postMessage(message),
            answer: async (attempt) => decode((await end(attempt)).frame).message.data,
        });
    } finally {
        port1.close();
        pages.port1.close();
    }
}

/** An engine with one slot that does what the test says. */
export const engineOf = (run, more = {}) => ({
    name: 'ort', version: '1', info: { slots: 1, queue: 1, can: [] }, steps: false, loadedCount: 0, configure() {},
    has: () => true, async start() {}, async load() {}, async unload() {}, memory: () => 7, run, ...more,
});
