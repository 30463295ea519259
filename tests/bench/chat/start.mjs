/** What the first users of a model wait for: its loading, and with or without a warm-up. */
import { withDaemon } from '../../lib/daemon.mjs';
import { until } from '../../lib/wait.mjs';
import { shown, spread, table } from '../figures.mjs';
import { Webinfer } from './contestants.mjs';
import { textOf } from './shapes.mjs';

/** Loads the model before anybody asks for it. */
async function loadAhead(daemon, shape) {
    const { status, text } = await daemon.post(`/v1/models/${shape}/load`, {});
    if (status !== 202) throw new Error(`load: ${status} ${text}`);
    await until(async () => (await daemon.get('/v1/nodes')).json.nodes.some(({ models }) =>
        models.some(({ name, state }) => name === shape && state === 'loaded')),
    { what: 'the model to be loaded', timeout: 60_000, every: 20 });
}

/** The first answers' first tokens of a fresh browser. */
function starts(store, shape, { ahead, warmup }) {
    const config = { models: { directory: store, warmup }, pool: { max_connections: 1, recycle_after: 0 } };
    return withDaemon({ logToFile: true, config }, async (daemon) => {
        if (ahead) await loadAhead(daemon, shape);
        const webinfer = new Webinfer(daemon);
        webinfer.model = shape;
        const first = [];
        for (let i = 0; i < 3; i++) first.push((await webinfer.stream(textOf(32, i), { max_tokens: 8 })).first);
        webinfer.stop();
        return first;
    });
}

/** @returns {Promise<object[]>} a row for each way to begin */
export async function measureStart({ store, shape, rounds }) {
    const ways = [{ way: 'not loaded', ahead: false, warmup: 'no' },
        { way: 'loaded, not warmed up', ahead: true, warmup: 'no' }, { way: 'loaded and warmed up', ahead: true, warmup: 'yes' }];
    const firsts = ways.map(() => []);
    for (let round = 0; round < rounds; round++)
        for (const [index, how] of ways.entries()) {
            firsts[index].push(await starts(store, shape, how));
            process.stderr.write('.');
        }
    return ways.map(({ way }, index) => ({ shape, way,
        answers: [0, 1, 2].map((which) => spread(firsts[index].map((one) => one[which]))) }));
}

export const printStart = (rows) =>
    table('The first answers of a fresh browser: ms to the first token, prompts of 32 tokens',
        ['shape', 'model', 'first', 'second', 'third'],
        rows.map(({ shape, way, answers }) => [shape, way, ...answers.map(shown)]));
