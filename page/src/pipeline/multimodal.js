/** The tasks of models that hold pictures and text against each other, or read the one from the other. */
import { Failure } from '../engine/failure.js';
import { softmax, toLabels } from '../engine/picture.js';
import { pictureOf } from './image/input.js';

/** @typedef {import('./loading.js').Loaded} Loaded */
/** @typedef {import('./tasks.js').Task} Task */

/** The sentence that stands for a label, where the request says none. */
const TEMPLATE = 'This is a photo of {}';

/** SigLIP judges each label by itself, CLIP each against the others; SigLIP's texts are padded as it was
 * trained. @type {Task['run']} */
async function classifyByLabels(loaded, task) {
    const { inputs } = await pictureOf(loaded, task);
    const labels = /** @type {string[]} */ (task.input?.labels);
    const isSiglip = loaded.config.model_type.startsWith('siglip');
    const made = await loaded.model({ ...textsOf(loaded, task, labels, isSiglip), ...inputs });
    if (!made.logits_per_image) {
        throw new Failure('platform_unsupported', 'The model does not hold pictures against texts.',
            { field: 'task', expected: 'a model such as CLIP or SigLIP' });
    }
    const values = Array.from(made.logits_per_image.data, Number);
    const scores = isSiglip ? values.map((value) => 1 / (1 + Math.exp(-value))) : softmax(values);
    return { tensors: [], result: { labels: toLabels(scores, { output: '', top: labels.length }, labels) } };
}

/** @param {Loaded} loaded @param {Parameters<Task['run']>[1]} task @param {string[]} labels
 * @param {boolean} padded to the model's length */
function textsOf({ tokenizer }, { options }, labels, padded) {
    if (!tokenizer) throw new Failure('model_invalid', 'The folder has no file tokenizer.json.');
    const template = options.hypothesis_template ?? TEMPLATE;
    if (!template.includes('{}')) {
        throw new Failure('input_invalid', 'The template has no place for a label.',
            { field: 'options.hypothesis_template', expected: 'a text with {}' });
    }
    const texts = labels.map((label) => template.replace('{}', () => label));
    return tokenizer(texts, { padding: padded ? 'max_length' : true, truncation: true });
}

/** @type {Readonly<Record<string, Task>>} */
export const MULTIMODAL_TASKS = Object.freeze({
    'zero-shot-image-classification': {
        options: { hypothesis_template: { text: 1000 } }, run: classifyByLabels,
    },
});
