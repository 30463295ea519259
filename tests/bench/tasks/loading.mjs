/** What loading a model's parts together saves, and what a first request pays that a later one does not. */
import { shown, spread, table } from '../figures.mjs';

const PARTS = ['encoder_model', 'decoder_model_merged'];

/** Creates the sessions of an encoder and a decoder, one after another and at once. */
export async function measureParts({ bare, rounds, model = 'bart' }) {
    const one = [], together = [];
    for (let round = 0; round < rounds; round++) {
        one.push(await bare.create(model, PARTS, false));
        together.push(await bare.create(model, PARTS, true));
    }
    return { one: spread(one), together: spread(together),
        saved: spread(one.map((time, round) => 1 - together[round] / time)) };
}

/** The first request after a load against those that follow. */
export async function measureWarmUp({ bare, works, rounds }) {
    const first = [], later = [];
    const work = works[0];
    for (let round = 0; round < rounds; round++) {
        await bare.load(work);
        const [began, ...rest] = await bare.run(work, 200);
        first.push(began);
        later.push(Math.min(...rest));
    }
    return { first: spread(first), later: spread(later),
        saved: spread(first.map((time, round) => 1 - later[round] / time)) };
}

export const printLoading = ({ parts, warmUp }) =>
    (parts ? table('Sessions of an encoder and a decoder, ms', ['one after another', 'at once', 'saved'],
        [[shown(parts.one), shown(parts.together), shown(parts.saved)]]) : '') +
    (warmUp ? table('The first run after a load, ms, which a warm-up takes before',
        ['first', 'later', 'saved'], [[shown(warmUp.first), shown(warmUp.later), shown(warmUp.saved)]]) : '');
