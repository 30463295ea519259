/** Embeddings a second, and how much faster than it lasts a sound is written down. */
import { chirp } from '../../lib/media.mjs';
import { median, shown, spread, table } from '../figures.mjs';

const BATCH = 32, SECONDS = 10;
const textOf = (i) => `the ${i} red fox sees a small dog in the forest`;

/** @returns {Promise<Record<string, ReturnType<typeof spread>>>} texts a second */
export async function measureEmbeddings({ webinfer, rounds, ms }) {
    const work = (inputs) => ({ model: 'bert', task: 'embed', inputs });
    const one = work(textOf(0)), many = work(Array.from({ length: BATCH }, (_, i) => textOf(i)));
    await webinfer.load(many);
    const rates = { alone: [], batched: [] };
    for (let round = 0; round < rounds; round++) {
        rates.alone.push(1000 / median(await webinfer.run(one, ms)));
        rates.batched.push(1000 * BATCH / median(await webinfer.run(many, ms)));
    }
    return { alone: spread(rates.alone), batched: spread(rates.batched) };
}

/** Seconds of sound for a second of work, of a Whisper and of a wav2vec2. */
export async function measureTranscription({ webinfer, rounds }) {
    const inputs = { audio: chirp(16000, SECONDS).bytes.toString('base64') };
    const figures = {};
    for (const model of ['whisper', 'wav2vec2']) {
        const work = { model, task: 'automatic-speech-recognition', inputs };
        await webinfer.load(work);
        const times = [];
        for (let round = 0; round < rounds; round++) times.push(...await webinfer.run(work, 0));
        figures[model] = spread(times.map((time) => 1000 * SECONDS / time));
    }
    return figures;
}

export const printRates = ({ embeddings, transcription }) =>
    (embeddings ? table('Embeddings a second', ['alone', `${BATCH} a request`],
        [[shown(embeddings.alone), shown(embeddings.batched)]]) : '') +
    (transcription ? table(`Transcription of ${SECONDS} s of sound, × real time`, ['whisper', 'wav2vec2'],
        [[shown(transcription.whisper), shown(transcription.wav2vec2)]]) : '');
