/** A picture, perhaps with labels or a question: bars, boxes, masks, a depth, a vector or a text. */
import { h } from '../../draw.js';
import { count, plain } from '../../format.js';
import { facts, table } from '../../parts.js';
import { bars, labelsApart, percent } from '../answer/bars.js';
import { canvas, patch, paintBoxes, paintDepth, paintMasks } from '../answer/canvas.js';
import { sheetsApart, sheetsOf } from '../answer/sheets.js';
import { tensors, tensorsApart } from '../answer/tensors.js';
import { paragraphs, spokenCell } from '../answer/words.js';
import { ofTexts } from '../difference.js';
import { pictureField } from '../fields/picture.js';
import { textField } from '../fields/text.js';
import { apart, figuresOf, short, valuesOf } from '../numbers.js';
import { Options } from '../options.js';

/** @import { Context, Form } from '../forms.js' */
/** @import { Run } from '../runs.js' */
/** @typedef {Pick<Form, 'show' | 'difference'>} Shown */

/** The further field of each task. @type {Record<string, {name: string, label: string, rows: number, hint?: string, optional?: boolean, isList?: boolean}>} */
const BESIDE = {
    'zero-shot-image-classification': { name: 'labels', label: 'Labels', rows: 4, hint: 'One in a line.', isList: true },
    'image-to-text': { name: 'prompt', label: 'Instruction', rows: 2, hint: 'If this is empty, the model describes the picture.', optional: true },
    'document-question-answering': { name: 'question', label: 'Question', rows: 2 },
    'visual-question-answering': { name: 'question', label: 'Question', rows: 2 },
};

/** @param {Context} context @returns {Form} */
export function makePicture(context) {
    const { task, redraw } = context;
    const field = pictureField(context), beside = BESIDE[task], options = new Options(context);
    const more = beside && textField(redraw, beside.name, beside.label, beside);
    const shown = shownOf(task, field.sentWith, redraw);
    return {
        draw: () => [field.draw(), more?.draw(), options.draw()],
        read() {
            const picture = field.read(), said = more ? (beside.isList ? more.lines() : more.read()) : '';
            const inputs = said.length ? { [beside.name]: said } : {};
            return { inputs, files: { image: picture.file }, options: options.read(), task };
        },
        ...shown,
        stop: () => field.stop(),
    };
}

/** @param {string} task @param {(run: Run) => ImageBitmap} picture @param {() => void} redraw @returns {Shown} */
function shownOf(task, picture, redraw) {
    if (task === 'object-detection') return boxesOf(picture);
    if (task === 'image-segmentation') return masksOf(picture, redraw);
    if (task === 'depth-estimation') return depthOf(redraw);
    if (task === 'image-feature-extraction')
        return { show: ({ outputs }) => [tensors(outputs)], difference: (one, other) => tensorsApart(one.outputs, other.outputs) };
    if (task === 'document-question-answering') return answersOf();
    if (task === 'image-to-text' || task === 'visual-question-answering')
        return { show: (answer, run) => [paragraphs(answer?.result?.text ?? run.text)], difference: (one, other) => ofTexts(one.result.text, other.result.text) };
    return { show: ({ result, outputs }) => [bars('Labels and their probabilities', (result?.labels ?? []).map((/** @type {any} */ { label, probability }) => ({ label, value: probability })),
        { none: 'The model returned no label.' }), result?.labels ? null : tensors(outputs)],
    difference: (one, other) => (one.result?.labels ? labelsApart(one.result.labels, other.result?.labels ?? []) : tensorsApart(one.outputs, other.outputs)) };
}

/** @param {(run: Run) => ImageBitmap} picture @returns {Shown} */
function boxesOf(picture) {
    /** A canvas is painted once for each. @type {WeakMap<object, {bitmap: ImageBitmap, boxes: any[]}>} */
    const painted = new WeakMap();
    return {
        show(answer, run) {
            const { boxes } = answer.result;
            const shown = painted.get(answer) ?? { bitmap: picture(run), boxes };
            painted.set(answer, shown);
            return [canvas(`The picture with ${count(boxes.length)} boxes; the table has their places`, paintBoxes, shown), table('Boxes, in pixels of the picture', [
                { name: 'Number', figure: true, cell: ({ i }) => String(i + 1) },
                { name: 'Colour', cell: ({ i }) => patch(i) },
                { name: 'Label', cell: ({ label }) => plain(label) },
                { name: 'Score', figure: true, cell: ({ score }) => percent(score) },
                ...[['Left', 'xmin'], ['Top', 'ymin'], ['Right', 'xmax'], ['Bottom', 'ymax']].map(([name, edge]) => ({ name, figure: true, cell: (/** @type {any} */ { box }) => String(Math.round(box[edge])) })),
            ], boxes.map((/** @type {any} */ box, /** @type {number} */ i) => ({ ...box, i })), ({ i }) => String(i), 'Nothing was found with at least the requested score.')];
        },
        difference(one, other) {
            const [here, there] = [one.result.boxes, other.result.boxes];
            if (here.length !== there.length) return `There are ${count(here.length)} boxes, and ${count(there.length)} here.`;
            const edges = (/** @type {any[]} */ list) => list.flatMap(({ box }) => [box.xmin, box.ymin, box.xmax, box.ymax]);
            const isSame = here.every((/** @type {any} */ box, /** @type {number} */ i) => box.label === there[i].label);
            return `${isSame ? 'The labels are the same' : 'Some labels differ'}; edges are at most ${short(apart(edges(here), edges(there)).absolute)} pixels apart, scores ${short(apart(here.map((/** @type {any} */ { score }) => score), there.map((/** @type {any} */ { score }) => score)).absolute)}.`;
        },
    };
}

/** @param {(run: Run) => ImageBitmap} picture @param {() => void} redraw @returns {Shown} */
function masksOf(picture, redraw) {
    const sheets = sheetsOf(redraw);
    const decodedOf = (/** @type {any} */ answer) => sheets(answer, answer.result.segments.map((/** @type {any} */ { mask }) => mask));
    /** @type {WeakMap<object, {bitmap: ImageBitmap, masks: import('../answer/sheets.js').Sheet[]}>} */
    const painted = new WeakMap();
    return {
        show(answer, run) {
            const { segments } = answer.result, decoded = decodedOf(answer);
            if (!decoded.sheets) return [h('p', { class: decoded.problem ? 'problem' : 'note' }, decoded.problem || 'The masks are being read.')];
            const shown = painted.get(answer) ?? { bitmap: picture(run), masks: decoded.sheets };
            painted.set(answer, shown);
            return [canvas(`The picture with ${count(segments.length)} segments in colours; the table says how much of it each is`, paintMasks, shown), segmentTable(segments, decoded)];
        },
        difference(one, other) {
            const [here, there] = [decodedOf(one), decodedOf(other)];
            if (!here.sheets || !there.sheets) return here.problem || there.problem || 'The masks are being read.';
            if (here.sheets.length !== there.sheets.length) return `There are ${count(here.sheets.length)} segments, and ${count(there.sheets.length)} here.`;
            const most = Math.max(0, ...here.sheets.map((sheet, i) => sheetsApart(sheet, /** @type {any} */ (there.sheets)[i])));
            return most === 0 ? 'The masks are equal.' : `Of a mask ${percent(most)} of the pixels differ at most.`;
        },
    };
}

/** @param {any[]} segments @param {import('../answer/sheets.js').Decoded} decoded */
function segmentTable(segments, { shares }) {
    return table('Segments', [
        { name: 'Number', figure: true, cell: ({ i }) => String(i + 1) },
        { name: 'Colour', cell: ({ i }) => patch(i) },
        { name: 'Label', cell: ({ label }) => plain(label) },
        { name: 'Score', figure: true, cell: ({ score }) => (typeof score === 'number' ? percent(score) : '') },
        { name: 'Of the picture', figure: true, cell: ({ i }) => percent(shares[i]) },
    ], segments.map((one, i) => ({ ...one, i })), ({ i }) => String(i), 'No segment was found.');
}

/** @param {() => void} redraw @returns {Shown} */
function depthOf(redraw) {
    const sheets = sheetsOf(redraw);
    const numbers = (/** @type {any} */ answer) => answer.outputs.find((/** @type {any} */ { name }) => name === 'predicted_depth');
    return {
        show(answer) {
            const decoded = sheets(answer, ['depth']), depths = numbers(answer);
            const { min, max, mean } = figuresOf(depths ? valuesOf(depths) : []);
            return [decoded.sheets ? canvas('The distance of each point: yellow is near, dark blue is far', paintDepth, decoded.sheets[0])
                : h('p', { class: decoded.problem ? 'problem' : 'note' }, decoded.problem || 'The depth is being read.'),
            facts([['Size', `${count(answer.result?.width)} × ${count(answer.result?.height)} pixels`], ['Smallest', short(min)], ['Largest', short(max)], ['Mean', short(mean)]]),
            h('p', { class: 'note' }, 'Yellow marks large numbers, which mean “near” for most models. The numbers are not metres unless the model’s description says so.')];
        },
        difference: (one, other) => tensorsApart([numbers(one)].filter(Boolean), other.outputs),
    };
}

/** @returns {Shown} */
function answersOf() {
    const listOf = (/** @type {any} */ answer) => (answer.result?.answers ?? []).map((/** @type {any} */ { answer: label, score }) => ({ label, value: score }));
    return {
        show: (answer) => [bars('Answers', listOf(answer), { shown: spokenCell, column: 'Answer', figure: 'Score', none: 'There is no answer.' })],
        difference: (one, other) => ofTexts(listOf(one)[0]?.label ?? '', listOf(other)[0]?.label ?? ''),
    };
}
