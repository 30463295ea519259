/** A language model on every kind of browser that this machine has, one after another. */
import { withDaemon } from '../../lib/daemon.mjs';
import { shown, spread, table } from '../figures.mjs';
import { kindSections } from '../pool/kinds.mjs';
import { Webinfer } from './contestants.mjs';
import { answerTo, textOf } from './shapes.mjs';

/** Tokens of a prompt. */
const PROMPT = 64;

function onKind(kind, section, { store, shape, rounds, tokens }) {
    const config = { models: { directory: store }, pool: { max_connections: 1, connection_timeout: '60s' },
        'browser.chrome': { max_connections: 0 }, [`browser.${kind}`]: { ...section, min_connections: 1 } };
    return withDaemon({ config, logToFile: true }, async (daemon) => {
        const webinfer = new Webinfer(daemon);
        const began = performance.now();
        await webinfer.load(shape);
        const load = performance.now() - began;
        const rate = [], reads = [], first = [];
        for (let round = 0; round < rounds; round++) {
            const text = textOf(PROMPT, round);
            const answer = await webinfer.stream(text, { max_tokens: tokens });
            if (answer.text !== answerTo(text, tokens)) throw new Error(`${kind} said "${answer.text}"`);
            rate.push((1000 * (tokens - 1)) / (answer.last - answer.first));
            reads.push((1000 * PROMPT) / answer.first);
            first.push(answer.first);
            process.stderr.write('.');
        }
        const { executed_on: place } = (await daemon.infer({ model_name: shape, inputs: '.',
            options: { max_tokens: 1 } })).json;
        webinfer.stop();
        return { kind, shape, load_ms: load, build: place.build, threads: place.threads, browser: place.browser_version,
            rate: spread(rate), reads: spread(reads), first: spread(first) };
    });
}

/** @returns {Promise<object[]>} a row for every kind */
export async function measureKinds(how) {
    const rows = [];
    for (const [kind, section] of Object.entries(kindSections()))
        rows.push(await onKind(kind, section, how));
    return rows;
}

export const printKinds = (rows) =>
    table(`Each kind of browser, prompts of ${PROMPT} tokens: tokens per second, and ms`,
        ['shape', 'kind', 'version', 'build', 'threads', 'load, ms', 'reads /s', 'writes /s', 'first token, ms'],
        rows.map((row) => [row.shape, row.kind, row.browser, row.build, String(row.threads), row.load_ms,
            shown(row.reads), shown(row.rate), shown(row.first)]));
