/** Calls of a model from the shell: commands of `webinfer` to copy. */
import { UNSEEN } from '../format.js';
import { quoted } from './code.js';

/** The address that the client uses by default. */
const DEFAULT_URL = 'http://127.0.0.1:8470';
/** A name that is longer is no example. */
const MOST_WORD = 200;
const LABELS = "--label 'one thing' --label another";

/** Calls by task: `webinfer` is how each begins, `name` the model. @type {Record<string, (webinfer: string, name: string) => string[]>} */
const CALLS = {
    chat: (webinfer, name) => [`${webinfer} run ${name}`, `${webinfer} run ${name} 'What is 17 + 25?'`],
    complete: (webinfer, name) => [`${webinfer} generate ${name} 'Once upon a time'`],
    embed: (webinfer, name) => [`${webinfer} embed ${name} 'a cat sleeps' 'a dog sleeps'`],
    rerank: (webinfer, name) => [`echo '{"query": "a cat", "documents": ["a dog", "a kitten"]}' | ${webinfer} infer ${name} -`],
    'automatic-speech-recognition': (webinfer, name) => [`${webinfer} transcribe --model ${name} sound.wav`, `arecord -t raw -f S16_LE -r 16000 | ${webinfer} transcribe --live ${name} -`],
};
const TEXT = "--text 'Some text'", PICTURE = '--image picture.png', SOUND = '--audio sound.wav';
/** The arguments of `webinfer infer`, by task. @type {Record<string, string>} */
const INPUTS = {
    tokenize: TEXT, 'text-classification': TEXT, 'token-classification': TEXT, 'text2text-generation': TEXT, translation: TEXT, summarization: TEXT,
    'fill-mask': "--text 'Paris is the [MASK] of France.'", 'zero-shot-classification': `${TEXT} ${LABELS}`,
    'question-answering': "--text 'Ada lives in London.' --question 'Where does Ada live?'", 'text-to-speech': "--text 'Good morning.' --output spoken.wav",
    'image-classification': PICTURE, 'object-detection': PICTURE, 'image-segmentation': PICTURE, 'depth-estimation': PICTURE, 'image-feature-extraction': PICTURE,
    'image-to-text': PICTURE, 'zero-shot-image-classification': `${PICTURE} ${LABELS}`, 'document-question-answering': `${PICTURE} --question 'What is the sum?'`,
    'visual-question-answering': `${PICTURE} --question 'What is it?'`, 'audio-classification': SOUND, 'zero-shot-audio-classification': `${SOUND} ${LABELS}`,
};

/** Whether it is seen as it is, and short. @param {string} text */
const isPlain = (text) => text.length <= MOST_WORD && text.search(UNSEEN) < 0 && !/[\t\n]/.test(text);
/** A word for the shell, quoted only where that is needed. @param {string} text */
const word = (text) => (/^[\w./:=-]+$/.test(text) ? text : quoted(text));

/** @param {string} url of the daemon */
const clientOf = (url) => (url === DEFAULT_URL ? 'webinfer' : `webinfer --url ${word(url)}`);

/** What makes files of a stored run: a page to send, reports, and its samples. @param {string} id @param {string} url of the daemon */
export const runCommands = (id, url) => [`show ${word(id)} --html ${word(id)}.html`, `show ${word(id)} --markdown ${word(id)}.md`, `show ${word(id)} --junit ${word(id)}.xml`,
    `export ${word(id)} --format csv >${word(id)}.csv`].map((rest) => `${clientOf(url)} results ${rest}`);

/** @param {{name: string, inputs?: {name: string}[] | null}} model @param {string[]} tasks that it has, the usual one first @param {string} url of the daemon
 * @returns {string[]} calls of it, and what tells where it would run; none where its name cannot be shown */
export function shellCommands({ name, inputs }, tasks, url) {
    if (!isPlain(name)) return [];
    const webinfer = clientOf(url), model = word(name);
    const calls = tasks.flatMap((task, i) => {
        if (CALLS[task]) return CALLS[task](webinfer, model);
        if (task === 'tensors') return graphCall(`${webinfer} infer ${model}`, inputs ?? []);
        return INPUTS[task] ? [`${webinfer} infer ${model} ${INPUTS[task]}${i > 0 ? ` --task ${task}` : ''}`] : [];
    });
    return [...calls, `${webinfer} hardware ${model}`];
}

/** @param {string} begin @param {{name: string}[]} inputs of a graph @returns {string[]} */
function graphCall(begin, inputs) {
    if (inputs.length === 0 || !inputs.every(({ name }) => isPlain(name))) return [];
    return [`${begin} ${inputs.map(({ name }) => `--tensor ${word(`${name}=${name}.npy`)}`).join(' ')}`];
}
