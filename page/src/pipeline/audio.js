/** The tasks that read sound: speech recognition and classification. */
import { Failure } from '../engine/failure.js';
import { bytesOf } from '../engine/tensors.js';
import { softmax, toLabels } from '../engine/picture.js';
import { leastOf, planOf as ctcPlan, spell } from './ctc.js';
import { numbersOf } from './image/input.js';
import { labelsOf, sentencesOf } from './labels.js';
import { decodeSound } from './sound/decode.js';
import { EXTRACTED, featuresOf } from './sound/features.js';
import { tooLong } from './sound/limits.js';
import { windowsOf } from './sound/windows.js';
import { encode, inputsOf } from './texts.js';
import { isWhisper, planOf, segmentsAgain, transcribe } from './whisper.js';

/** @import { Outcome } from '../engine/engine.js' */
/** @import { Run } from '../engine/run.js' */
/** @import { Loaded } from './loading.js' */
/** @import { Task } from './tasks.js' */
/** @import { Said } from './whisper.js' */
/** @typedef {import('./whisper.js').Plan | import('./ctc.js').Plan} Plan */

/** Seconds that others than Whispers read at a time: what attends to all of it takes memory by its square. */
const CTC_WINDOW = 30;
const CLASSIFIED = 60;

/** The sound of a request at the model's rate. @param {Loaded} loaded
 * @param {Parameters<Task>[1]} task @param {Run} run
 * @returns {Promise<{samples: Float32Array, rate: number}>} @throws {Failure} */
async function soundOf(loaded, task, run) {
    const { listens } = loaded;
    if (!listens) throw deafness(loaded);
    const { rate } = listens;
    const head = task.input?.audio;
    const entry = task.tensors[head?.tensor];
    if (!entry) throw new Failure('input_invalid', 'the request has no sound',
        { field: 'inputs', expected: '{"audio": …}' });
    const bytes = /** @type {Uint8Array<ArrayBuffer>} */ (bytesOf(entry, task.frame, task.section));
    const samples = await decodeSound(bytes, head, rate, run);
    const least = Math.max(leastOf(loaded.config), listens.least);
    if (samples.length >= least) return { samples, rate };
    throw new Failure('audio_invalid', `the sound has ${samples.length} samples at the model's ${rate} Hz`,
        { field: 'inputs.audio', expected: `at least ${least} samples, which are ${least / rate} s` });
}

/** Why it does not listen. @param {Loaded} loaded */
function deafness({ processor, config }) {
    const type = processor?.feature_extractor?.config.feature_extractor_type;
    return type ? new Failure('platform_unsupported', `sounds are not prepared here as ${type} does`, { expected: EXTRACTED })
        : new Failure('input_invalid',
            `a model of the type ${config.model_type} does not listen: it has no preprocessor_config.json with a feature_extractor_type`,
            { field: 'task', expected: 'a task of the model' });
}

// --- speech recognition --------------------------------------------------------------------------

/** @type {Task} */
async function recognise(loaded, task, run) {
    const { samples, rate } = await soundOf(loaded, task, run);
    const whisper = isWhisper(loaded);
    const windows = windowsOf(samples, rate, loaded.listens?.most ?? CTC_WINDOW * rate);
    const pieces = windows.map(({ first, end }) => samples.subarray(first, end));
    const plan = whisper ? await planOf(loaded, task.options, pieces[0]) : ctcPlan(loaded, task.options);
    const known = knownTo(loaded, run, plan,
        windows.map(({ first, end }) => ({ offset: first / rate, length: (end - first) / rate })));
    const said = known ? [known] : [];
    for (const [i, { first }] of windows.entries()) {
        run.progress('audio', i, windows.length);
        const isSent = i < (run.from?.seq ?? 0);
        if (isSent && known) continue;
        const one = 'arguments' in plan ? await transcribe(loaded, plan, pieces[i], first / rate, run.raw)
            : await spell(loaded, plan, pieces[i], first / rate);
        one.text = spaced(one.text, i > 0);
        if (!isSent) run.emit({ text: one.text, tokens: one.tokens ?? [] });
        said.push(one);
        loaded.release();
    }
    return { tensors: [], result: resultOf(said, plan, samples.length / rate) };
}

/** The results of another node for the first windows, each a part of the stream. These windows are not computed again, except
 * for times of words and for details, which parts do not have, and except where their tokens contain no times.
 * @param {Loaded} loaded @param {Run} run @param {Plan} plan
 * @param {import('./whisper.js').Place[]} places of all windows @returns {Said | null} */
function knownTo(loaded, { from }, plan, places) {
    if (!from || plan.details || !['none', isWhisper(loaded) ? 'segment' : 'none'].includes(plan.timestamps)) return null;
    const text = from.text ?? '';
    if (plan.timestamps === 'none') return { text };
    // Another browser may have decoded the sound to a few samples more, and so cut it into more windows.
    if (from.seq > places.length) return null;
    const segments = segmentsAgain(loaded, from.tokens ?? [], places.slice(0, from.seq));
    return segments && { text, segments };
}

/** @param {Said[]} said @param {Plan} plan @param {number} duration seconds */
function resultOf(said, plan, duration) {
    return {
        text: said.map(({ text }) => text).join(''),
        ...(plan.timestamps !== 'none' ? { segments: said.flatMap(({ segments = [] }) => segments) }
            : {}),
        ...(plan.timestamps === 'both' ? { words: said.flatMap(({ words = [] }) => words) } : {}),
        ...(plan.language ? { language: plan.language } : {}),
        duration: Math.round(duration * 1000) / 1000,
    };
}

/** A window's text as a part of the whole. @param {string} text @param {boolean} follows */
function spaced(text, follows) {
    const trimmed = text.trim();
    return follows && trimmed && /^\s/.test(text) ? ` ${trimmed}` : trimmed;
}

// --- classification ------------------------------------------------------------------------------

/** @type {Task} */
async function classify(loaded, task, run) {
    const { samples, rate } = await soundOf(loaded, task, run);
    if (samples.length > CLASSIFIED * rate) throw tooLong(samples.length / rate, CLASSIFIED);
    const { logits } = await loaded.model(featuresOf(loaded, samples));
    const { id2label: names } = loaded.config;
    const spec = { output: 'logits', activation: /** @type {const} */ ('softmax'), top: task.options.top };
    const labels = toLabels(numbersOf(logits), spec, names ? Object.values(names) : null);
    return { tensors: [], result: { labels } };
}

/** The labels are compared with each window; the sound's scores are the mean of the windows'. So a long one
 * is heard as a whole, and always alike, where the library takes a window at random.
 * @type {Task} */
async function compare(loaded, task, run) {
    const { samples, rate } = await soundOf(loaded, task, run);
    if (samples.length > CLASSIFIED * rate) throw tooLong(samples.length / rate, CLASSIFIED);
    const labels = labelsOf(task.input?.labels);
    const { hypothesis_template: template = 'This is a sound of {}.' } = task.options;
    const encoded = sentencesOf(loaded, template, labels).map((sentence) => encode(loaded, sentence));
    const texts = inputsOf(loaded, encoded, Math.max(...encoded.map(({ ids }) => ids.length)));
    const scores = new Float64Array(labels.length);
    const windows = windowsOf(samples, rate, loaded.listens?.most ?? CLASSIFIED * rate);
    for (const { first, end } of windows) {
        const { logits_per_audio: logits } = await loaded.model({ ...texts,
            ...featuresOf(loaded, samples.subarray(first, end)) });
        const numbers = numbersOf(logits);
        for (let i = 0; i < labels.length; i++) scores[i] += numbers[i] / windows.length;
    }
    const probabilities = softmax([...scores]);
    const sorted = labels.map((label, index) => ({ label, index, probability: probabilities[index] }))
        .sort((a, b) => b.probability - a.probability || a.index - b.index);
    return { tensors: [], result: { labels: sorted } };
}

/** @type {Readonly<Record<string, Task>>} */
export const AUDIO_TASKS = Object.freeze({
    'automatic-speech-recognition': recognise,
    'audio-classification': classify,
    'zero-shot-audio-classification': compare,
});
