/** Results for a text: labels, names, missing words, an answer, the best document. */
import { h } from '../../draw.js';
import { count, plain } from '../../format.js';
import { table } from '../../parts.js';
import { bars, labelsApart, percent } from '../answer/bars.js';
import { marked, spokenCell } from '../answer/words.js';
import { fillFields, textField } from '../fields/text.js';
import { apart, short } from '../numbers.js';
import { Options } from '../options.js';

/** @import { Context, Form } from '../forms.js' */
/** @typedef {ReturnType<typeof textField>} Field */
/** @typedef {{fields: (changed: () => void) => Field[], inputs: (fields: Field[]) => any, show: (result: any, inputs: any) => import('../../draw.js').Part[],
 * difference: (one: any, other: any) => string}} Kind */

/** @param {Context} context @returns {Form} */
export function makeReading(context) {
    const kind = KINDS[context.task], fields = kind.fields(context.redraw), options = new Options(context);
    return {
        draw: () => [fields.map((field) => field.draw()), options.draw()],
        read: () => ({ inputs: kind.inputs(fields), options: options.read(), task: context.task }),
        fill: (inputs) => fillFields(fields, inputs),
        show: (answer, run) => (answer ? kind.show(answer.result ?? {}, run.body.inputs) : []),
        difference: (one, other) => kind.difference(one.result ?? {}, other.result ?? {}),
    };
}

/** @param {any[]} [labels] */
const labelBars = (labels = []) => bars('Labels and their probabilities', labels.map(({ label, probability }) => ({ label, value: probability })), { none: 'The model returned no label.' });
const sameLabels = (/** @type {any} */ one, /** @type {any} */ other) => labelsApart(one.labels ?? [], other.labels ?? []);
/** @param {any[]} one @param {any[]} other @param {(row: any) => unknown} name @param {(row: any) => number} figure @param {string} what */
function rowsApart(one, other, name, figure, what) {
    const isSame = JSON.stringify(one.map(name)) === JSON.stringify(other.map(name));
    if (!isSame) return `The ${what} differ: ${count(one.length)}, and ${count(other.length)} here.`;
    const { absolute } = apart(one.map(figure), other.map(figure));
    return `The ${what} are the same${absolute === 0 ? ', with equal scores' : `, with scores at most ${short(absolute)} apart`}.`;
}

/** @type {Kind} */
const classification = {
    fields: (changed) => [textField(changed, 'text', 'Text', { rows: 4 }),
        textField(changed, 'text_pair', 'Second text', { rows: 2, optional: true, hint: 'Only for models that compare two texts.' })],
    inputs([text, pair]) {
        const second = pair.read();
        return second.trim() ? { text: text.read(), text_pair: second } : text.read();
    },
    show: ({ labels }) => [labelBars(labels)],
    difference: sameLabels,
};

/** @type {Kind} */
const entities = {
    fields: (changed) => [textField(changed, 'text', 'Text', { rows: 4 })],
    inputs: ([text]) => text.read(),
    show: ({ entities: list = [] }, text) => [
        marked(String(text), list.map((/** @type {any} */ { start, end, entity }) => ({ start, end, label: plain(entity) }))),
        table('What was found in the text', [
            { name: 'Words', cell: ({ word }) => spokenCell(word) },
            { name: 'Kind', cell: ({ entity }) => plain(entity) },
            { name: 'Score', figure: true, cell: ({ score }) => percent(score) },
            { name: 'From', figure: true, cell: ({ start }) => count(start) },
            { name: 'To', figure: true, cell: ({ end }) => count(end) },
        ], list.map((/** @type {any} */ one, /** @type {number} */ i) => ({ ...one, i })), ({ i }) => String(i), 'Nothing was found in the text.')],
    difference: (one, other) => rowsApart(one.entities ?? [], other.entities ?? [], ({ entity, start, end }) => [entity, start, end], ({ score }) => score, 'places'),
};

/** @type {Kind} */
const missing = {
    fields: (changed) => [textField(changed, 'text', 'Text', { rows: 3, hint: 'With a gap as the model writes it, such as [MASK] or <mask>.' })],
    inputs: ([text]) => text.read(),
    show: ({ fills = [], masks = [fills] }) => masks.map((/** @type {any[]} */ list, /** @type {number} */ i) => [
        masks.length > 1 ? h('h4', null, `Gap ${i + 1}`) : null,
        bars(`Words for gap ${i + 1}`, list.map(({ token_text: word, probability, text }) => ({ label: word, value: probability, more: h('small', null, spokenCell(text)) })), { shown: spokenCell, column: 'Word', none: 'No word was found.' })]),
    difference: ({ fills: one = [], masks: ones = [one] }, { fills: other = [], masks: others = [other] }) =>
        rowsApart(ones.flat(), others.flat(), ({ token }) => token, ({ probability }) => probability, 'words'),
};

/** @type {Kind} */
const question = {
    fields: (changed) => [textField(changed, 'question', 'Question', { rows: 2 }), textField(changed, 'context', 'Text with the answer in it', { rows: 6 })],
    inputs: ([asked, context]) => ({ question: asked.read(), context: context.read() }),
    show({ answers = [] }, { context }) {
        const [best] = answers;
        return [bars('Answers', answers.map((/** @type {any} */ { answer, score }) => ({ label: answer, value: score })), { shown: spokenCell, column: 'Answer', figure: 'Score', none: 'There is no answer in the text.' }),
            typeof best?.start === 'number' && typeof best.end === 'number' ? [h('h4', null, 'The best answer in the text'), marked(context, [{ start: best.start, end: best.end, label: '' }])] : null];
    },
    difference: (one, other) => rowsApart(one.answers ?? [], other.answers ?? [], ({ answer, start }) => [answer, start], ({ score }) => score, 'answers'),
};

/** @type {Kind} */
const zeroShot = {
    fields: (changed) => [textField(changed, 'text', 'Text', { rows: 4 }), textField(changed, 'labels', 'Labels', { rows: 4, hint: 'One in a line.' })],
    inputs: ([text, labels]) => ({ text: text.read(), labels: labels.lines() }),
    show: ({ labels }) => [labelBars(labels)],
    difference: sameLabels,
};

/** @type {Kind} */
const ranking = {
    fields: (changed) => [textField(changed, 'query', 'Query', { rows: 2 }), textField(changed, 'documents', 'Documents', { rows: 6, hint: 'One in a line.' })],
    inputs: ([query, documents]) => ({ query: query.read(), documents: documents.lines() }),
    show: ({ scores = [] }, { documents }) => [bars('Documents, the best first', scores.map((/** @type {number} */ value, /** @type {number} */ i) => ({ label: `${i + 1}. ${documents[i]}`, value }))
        .sort((/** @type {any} */ one, /** @type {any} */ other) => other.value - one.value), { shown: spokenCell, column: 'Document', figure: 'Score' })],
    difference({ scores: one = [] }, { scores: other = [] }) {
        const order = (/** @type {number[]} */ list) => list.map((_, i) => i).sort((left, right) => list[right] - list[left]).join();
        const { absolute } = apart(one, other);
        return `${order(one) === order(other) ? 'The order is the same' : 'The order differs'}${absolute === 0 ? ', with equal scores' : `, with scores at most ${short(absolute)} apart`}.`;
    },
};

/** @type {Kind} */
const tokens = {
    fields: (changed) => [textField(changed, 'text', 'Text', { rows: 4 })],
    inputs: ([text]) => text.read(),
    show: ({ tokens: list = [] }) => [h('p', null, `${count(list.length)} tokens.`), h('p', null, h('code', null, list.slice(0, 500).join(' '), list.length > 500 ? ' …' : ''))],
    difference: (one, other) => (JSON.stringify(one.tokens) === JSON.stringify(other.tokens) ? 'The tokens are the same.' : 'The tokens differ.'),
};

/** @type {Record<string, Kind>} */
const KINDS = { 'text-classification': classification, 'token-classification': entities, 'fill-mask': missing, 'question-answering': question,
    'zero-shot-classification': zeroShot, rerank: ranking, tokenize: tokens };
