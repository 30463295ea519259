/** Embeddings a second, and how much faster than it lasts a sound is written down. */
import { chirp } from '../../lib/media.mjs';
import { median, shown, spread, table } from '../figures.mjs';

const BATCH = 32, SECONDS = 10;
const textOf = (i) => `the ${i} red fox sees a small dog in the forest`;
const embed = (inputs) => ({ model: 'bert', task: 'embed', inputs });
const one = embed(textOf(0)), many = embed(Array.from({ length: BATCH }, (_, i) => textOf(i)));

/** Texts a second of two clients. */
async function together(who, ms) {
    const began = performance.now();
    const times = (await Promise.all([who.run(many, ms), who.run(many, ms)])).flat();
    return 1000 * BATCH * times.length / (performance.now() - began);
}

/**
 * @param {object} who `pair` is a webinfer with two browsers, which divide the threads that the browser of
 *   `webinfer` has
 * @returns {Promise<Record<string, ReturnType<typeof spread>>>} texts a second; `gain`: by the second browser
 */
export async function measureEmbeddings({ webinfer, pair, rounds, ms }) {
    await webinfer.loadAhead(many);
    await pair.loadAhead(many);
    for (const who of [webinfer, pair]) await together(who, ms); // V8 compiles what runs often once more
    const rates = { alone: [], batched: [], shared: [], divided: [] };
    for (let round = 0; round < rounds; round++) {
        rates.alone.push(1000 / median(await webinfer.run(one, ms)));
        rates.batched.push(1000 * BATCH / median(await webinfer.run(many, ms)));
        rates.shared.push(await together(webinfer, ms));
        rates.divided.push(await together(pair, ms));
        process.stderr.write('.');
    }
    const gain = rates.divided.map((rate, round) => rate / rates.shared[round]);
    return Object.fromEntries(Object.entries({ ...rates, gain }).map(([name, list]) => [name, spread(list)]));
}

/** Seconds of sound for a second of work, of a Whisper and of a wav2vec2. */
export async function measureTranscription({ webinfer, rounds }) {
    const file = { type: 'audio/wav', bytes: chirp(16000, SECONDS).bytes };
    const figures = {};
    for (const model of ['whisper', 'wav2vec2']) {
        const work = { model, task: 'automatic-speech-recognition', file };
        await webinfer.load(work);
        const times = [];
        for (let round = 0; round < rounds; round++) times.push(...await webinfer.run(work, 0));
        figures[model] = spread(times.map((time) => 1000 * SECONDS / time));
    }
    return figures;
}

export const printRates = ({ embeddings, transcription }) =>
    (embeddings ? table('Embeddings a second', ['alone', `${BATCH} a request`, 'two clients, one browser',
        'two browsers', 'times as many'],
    [[embeddings.alone, embeddings.batched, embeddings.shared, embeddings.divided, embeddings.gain].map(shown)]) : '') +
    (transcription ? table(`Transcription of ${SECONDS} s of sound, × real time`, ['whisper', 'wav2vec2'],
        [[shown(transcription.whisper), shown(transcription.wav2vec2)]]) : '');
