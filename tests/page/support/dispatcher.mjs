/** The dispatcher without a page, for its tests. */
import { Dispatcher } from '../../../page/src/link/dispatcher.js';
import { builtin, onnx } from './models.mjs';

/** A dispatcher with a clock of its own and ports that only take notes. */
export function setUp(builds = ['wasm', 'webgpu'], absent = {}) {
    const world = { now: 1000, timers: new Map(), answers: [], parts: [], failures: [], sent: [], replaced: [], closed: [], ids: 0, ports: {} };
    const dispatcher = new Dispatcher({
        now: () => world.now,
        setTimer: (run, ms) => {
            world.timers.set(++world.ids, { run, at: world.now + ms });
            return world.ids;
        },
        clearTimer: (timer) => world.timers.delete(timer),
        nextId: () => `p${++world.ids}`,
        nodeId: () => 'n',
        answer: (attempt) => world.answers.push(attempt),
        part: (attempt, seq) => world.parts.push([attempt, seq]),
        fail: (attempt, data) => world.failures.push([attempt, data.error.code, data.retryable, data.executed_on?.fallbacks]),
        send: (type, data) => world.sent.push([type, data]),
        begin: (worker) => world.replaced.push(worker),
        close: (worker) => world.closed.push(worker),
        changed: () => {},
        lost: () => world.sent.push(['lost']),
    }, builds, absent);
    const generations = {};
    world.attach = (build, report = { available: true }, platform = build, overlaps = []) => {
        const generation = generations[build] = (generations[build] ?? 0) + 1;
        world.ports[build] = {
            posted: [], begun: {},
            post(message) {
                this.posted.push(message);
                if (message.type === 'run') this.begun[message.attempt] = world.now;
            },
            close() {},
        };
        dispatcher.workers.attach(build, world.ports[build], generation);
        world.tell(build, {
            type: 'capabilities', platforms: { [platform]: report }, engines: { ort: '1', builtin: '1' }, engine_info: ENGINES,
            steps: ['builtin', 'llama', 'pipeline'], overlaps,
        });
    };
    world.tell = (build, message) => dispatcher.onEngine(build, generations[build], message);
    world.runs = (build) => world.ports[build].posted.filter(({ type }) => type === 'run').map((m) => m.attempt);
    world.advance = (ms) => {
        world.now += ms;
        for (const [id, { run, at }] of [...world.timers]) {
            if (at <= world.now && world.timers.delete(id)) run();
        }
    };
    world.request = (id, { options = {}, ...more } = {}, buffer = null) => dispatcher.request({
        id: `r-${id}`, type: 'task_request', from: 'service', timestamp: 0, options,
        data: { attempt_id: id, model: model('m'), platforms: ['wasm'], deadline_ms: 1000, ...more },
    }, buffer, 0);
    world.answer = (build, attempt, memory = 0, loadMs = 0, waitedMs = 0) =>
        world.tell(build, {
            type: 'answer', attempt, frame: new ArrayBuffer(8), load_ms: loadMs, memory,
            own_ms: world.now - world.ports[build].begun[attempt] - waitedMs,
        });
    world.fail = (build, attempt, code, poisoned = false) =>
        world.tell(build, { type: 'failure', attempt, error: { code, message: 'why' }, poisoned, memory: 0 });
    for (const build of builds) world.attach(build);
    return { world, dispatcher };
}
export const model = onnx;
export const ECHO = builtin('echo');
export const COUNT = builtin('count');
const ENGINES = {
    ort: { slots: 1, queue: 1, can: [] }, builtin: { slots: 16, queue: 1, can: ['continue'] },
    llama: { slots: 4, queue: 4, can: [] }, pipeline: { slots: 4, short_slots: 2, queue: 1, can: [] },
};
