/** What loading a model's parts together saves, and what a first request pays that a later one does not. */
import { shown, spread, table } from '../figures.mjs';

const PARTS = ['encoder_model', 'decoder_model_merged'];
/** Requests after a load whose times are told one by one; the least of LATER is what they come to. */
const FIRST = 2, LATER = 8;

const spreads = (figures) => Object.fromEntries(Object.entries(figures).map(([name, list]) => [name, spread(list)]));

/**
 * Creates the sessions of an encoder and a decoder, one after another and at once; and loads the whole
 * folder, by the library alone and through webinfer. Both bring the files of all parts at once; there is
 * one runtime, which creates a session at a time.
 */
export async function measureParts({ webinfer, bare, works, rounds }) {
    const work = works.find(({ model }) => model === 'bart');
    const times = { one: [], together: [], library: [], webinfer: [] };
    for (let round = 0; round < rounds; round++) {
        times.one.push(await bare.create(work.model, PARTS, false));
        times.together.push(await bare.create(work.model, PARTS, true));
        times.library.push(await bare.load(work));
        await webinfer.unload(work);
        times.webinfer.push((await webinfer.infer(work)).performance.load_ms);
    }
    return { ...spreads(times), saved: spread(times.one.map((time, round) => 1 - times.together[round] / time)) };
}

/** The first requests after a load, and what they come to. */
async function startOf(webinfer, work) {
    const times = [];
    for (let i = 0; i < FIRST + LATER; i++) times.push(...await webinfer.once(work));
    return { first: times[0], second: times[1], later: Math.min(...times.slice(FIRST)) };
}

/** @returns {Promise<object[]>} a row for each way to begin: with nothing, or with a model that is loaded */
export async function measureWarmUp({ webinfer, works, rounds }) {
    const [work] = works;
    const ways = [{ way: 'not loaded', ahead: false }, { way: 'loaded ahead', ahead: true }];
    const starts = ways.map(() => []);
    for (let round = 0; round < rounds; round++)
        for (const [index, { ahead }] of ways.entries()) {
            await webinfer.unload(work);
            if (ahead) await webinfer.loadAhead(work);
            starts[index].push(await startOf(webinfer, work));
            process.stderr.write('.');
        }
    return ways.map(({ way }, index) => ({ family: work.family, way,
        ...Object.fromEntries(['first', 'second', 'later'].map((which) =>
            [which, spread(starts[index].map((one) => one[which]))])),
        // What a run of the service's own after the load would take from the first client.
        saved: spread(starts[index].map(({ first, later }) => 1 - later / first)) }));
}

export const printLoading = ({ parts, warmUp }) =>
    (parts ? table('Sessions of an encoder and a decoder, ms',
        ['one after another', 'at once', 'saved', 'the whole folder: library', 'webinfer'],
        [[parts.one, parts.together, parts.saved, parts.library, parts.webinfer].map(shown)]) : '') +
    (warmUp ? table(`The first requests through webinfer, ms (${warmUp[0].family})`,
        ['model', 'first', 'second', 'later', 'of the first, a warm-up would save'],
        warmUp.map((row) => [row.way, shown(row.first), shown(row.second), shown(row.later), shown(row.saved)])) : '');
