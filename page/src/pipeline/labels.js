/** Labels for texts: those that a model was trained for, and those that the request gives. */
import { Failure } from '../engine/failure.js';
import { sigmoid, softmax } from '../engine/picture.js';
import { LIMITS } from '../engine/task_rules.js';
import { floats } from '../engine/tensors.js';
import { encodeAll, encodeWithin, forward, inputsOf, oneOrMore, outputOf, pairsOf, textsOf, usageOf } from './texts.js';

/** @import { Run } from '../engine/run.js' */
/** @import { Loaded } from './loading.js' */
/** @import { Task } from './tasks.js' */
/** @import { Encoded } from './texts.js' */
/** @typedef {{label: string, index?: number, probability: number}} Label */

const HYPOTHESIS = 'This example is {}.';
/** How labels of inference between two texts are called (MNLI, XNLI, and those with two labels). */
const ENTAILMENT = /^entail/i;

/** @type {Task} */
export async function classify(loaded, { input, options: { top, truncate, activation } }, run) {
    const given = input?.pairs === undefined ? textsOf(input?.texts, 'texts') : pairsOf(input.pairs);
    const all = await encodeAll(loaded, given, run, { truncate });
    const rows = await logitsOf(loaded, all, 'text-classification', run);
    const activate = activationOf(activation ?? usualActivation(loaded.config, rows[0].length));
    const results = rows.map((row) => ({ labels: best(activate(row), loaded.config.id2label, top) }));
    return { tensors: [], result: { ...oneOrMore(results), usage: usageOf(all) } };
}

/** Each label is put into a hypothesis, which the model judges to follow from the text or not.
 * @type {Task} */
export async function classifyByLabels(loaded, { input, options }, run) {
    const { multi_label: isMulti = false, truncate } = options;
    const texts = textsOf(input?.texts, 'texts'), labels = labelsOf(input?.labels);
    checkCount(texts.length, labels.length);
    const { follows, contradicts } = inferenceLabels(loaded.config);
    const hypotheses = hypothesesOf(options.hypothesis_template ?? HYPOTHESIS, labels);
    /** @type {[string, string][]} */
    const judged = texts.flatMap((text) => hypotheses.map((hypothesis) => [text, hypothesis]));
    const all = await encodeAll(loaded, judged, run, { truncate });
    const rows = await logitsOf(loaded, all, 'zero-shot-classification', run);
    const results = texts.map((_, index) => {
        const own = rows.slice(index * labels.length, (index + 1) * labels.length);
        const isEach = isMulti || labels.length === 1;
        const probabilities = isEach ? own.map((row) => softmax([row[contradicts], row[follows]])[1])
            : softmax(own.map((row) => row[follows]));
        return { labels: sorted(labels.map((label, at) => ({ label, probability: probabilities[at] }))) };
    });
    return { tensors: [], result: { ...oneOrMore(results), usage: usageOf(all) } };
}

/** Labels that a request gives. @param {any} labels @returns {string[]} @throws {Failure} */
export function labelsOf(labels) {
    const { labels: count, label: length } = LIMITS;
    const fits = Array.isArray(labels) && labels.length > 0 && labels.length <= count
        && labels.every((label) => typeof label === 'string' && label !== '' && label.length <= length);
    if (fits) return labels;
    throw new Failure('input_invalid', 'the task has no labels to choose from',
        { field: 'inputs.labels', expected: `a list of 1 to ${count} texts of 1 to ${length} characters` });
}

/** Each text is judged with each label. @param {number} texts @param {number} labels @throws {Failure} */
function checkCount(texts, labels) {
    if (texts * labels <= LIMITS.judged) return;
    throw new Failure('input_invalid', `${texts} texts with ${labels} labels are too many for one request`,
        { field: 'inputs.texts', expected: `at most ${Math.floor(LIMITS.judged / labels)} with so many labels` });
}

/** The sentence for each label. @param {string} template @param {readonly string[]} labels
 * @throws {Failure} */
export function hypothesesOf(template, labels) {
    if (template.split('{}').length === 2) return labels.map((label) => template.replace('{}', () => label));
    throw new Failure('input_invalid', 'the hypothesis has no place for a label, or several',
        { field: 'options.hypothesis_template', expected: 'a text with {} once, where the label goes' });
}

/** The same as a graph takes it that reads each by itself. @param {Loaded} loaded @param {string} template
 * @param {readonly string[]} labels @param {boolean} isFilled whether each is padded to the model's length
 * @throws {Failure} if one is too long */
export function sentenceInputs(loaded, template, labels, isFilled) {
    const all = hypothesesOf(template, labels).map((sentence) => encodeWithin(loaded, sentence, null, { field: 'inputs.labels' }));
    return inputsOf(loaded, all, isFilled ? loaded.limits.length : Math.max(...all.map(({ ids }) => ids.length)));
}

/** The same where a model reads each by itself: what is beyond its length would be lost unsaid.
 * @param {Loaded} loaded @param {string} template @param {readonly string[]} labels @throws {Failure} */
export function sentencesOf(loaded, template, labels) {
    const sentences = hypothesesOf(template, labels);
    for (const sentence of sentences) encodeWithin(loaded, sentence, null, { field: 'inputs.labels' });
    return sentences;
}

/** @param {Loaded} loaded @param {Encoded[]} all @param {string} task @param {Run} run */
async function logitsOf(loaded, all, task, run) {
    /** @type {Float32Array[]} */
    const made = [];
    await forward(loaded, all, run, ({ rows, outputs }) => {
        const logits = outputOf(outputs, 'logits', task);
        if (logits.dims.length !== 2) throw misfit(task);
        const values = floats(logits), [, count] = logits.dims;
        rows.forEach((row, index) => { made[row] = values.slice(index * count, (index + 1) * count); });
    });
    return made;
}

/** @param {string} task */
const misfit = (task) => new Failure('input_invalid',
    `the model labels no texts: it does not do the task ${task}`,
    { field: 'task' });

/** If the labels exclude each other, their probabilities add up to 1; a regression's result is not a probability. @param {any} config
 * @param {number} count */
function usualActivation({ problem_type: type }, count) {
    if (type === 'regression') return 'none';
    return count === 1 || type === 'multi_label_classification' ? 'sigmoid' : 'softmax';
}

/** @param {string} name @returns {(values: Float32Array) => ArrayLike<number>} */
const activationOf = (name) => (name === 'softmax' ? (values) => softmax(Array.from(values))
    : name === 'sigmoid' ? (values) => Array.from(values, sigmoid) : (values) => values);

/** The best of the model's labels.
 * @param {ArrayLike<number>} values @param {Record<string, string> | undefined} names
 * @param {number} [top] all without it
 * @returns {Label[]} */
export const best = (values, names, top) =>
    sorted(Array.from(values, (probability, index) =>
        ({ label: String(names?.[index] ?? `LABEL_${index}`), index, probability }))).slice(0, top);

/** @template {{probability: number}} One @param {One[]} labels @returns {One[]} the best first */
const sorted = (labels) => labels.sort((a, b) => b.probability - a.probability);

/** Which logits say that one text follows from another, and that it does not. @param {any} config
 * @throws {Failure} */
function inferenceLabels(config) {
    const labels = Object.entries(config.id2label ?? {})
        .map(([id, label]) => ({ id: Number(id), label: String(label) }));
    const follows = labels.find(({ label }) => ENTAILMENT.test(label));
    const contradicts = labels.find(({ label }) => /^contradict/i.test(label))
        ?? labels.find(({ label }) => /^not.entail/i.test(label));
    if (follows && contradicts) return { follows: follows.id, contradicts: contradicts.id };
    throw new Failure('input_invalid', 'the model does not judge what follows from a text: '
        + 'it does not do the task zero-shot-classification',
        { field: 'task', expected: 'a model with the labels "entailment" and "contradiction"' });
}
