/** Several texts as vectors, and the similarity of each pair. */
import { h } from '../../draw.js';
import { count, plain } from '../../format.js';
import { table } from '../../parts.js';
import { fillFields, textField } from '../fields/text.js';
import { cosine, cosines, neighbours, rowsOf, short } from '../numbers.js';
import { Options } from '../options.js';

/** The most texts in a table: a larger one is unreadable. */
const MOST_SHOWN = 40;
const NEAREST = 3;

/** @param {import('../forms.js').Context} context @returns {import('../forms.js').Form} */
export function makeEmbed(context) {
    const field = textField(context.redraw, 'text', 'Texts', { rows: 6, hint: 'One in a line.' }), options = new Options(context);
    return {
        draw: () => [field.draw(), options.draw()],
        read: () => ({ inputs: field.lines(), options: options.read(), task: context.task }),
        fill: (inputs) => fillFields([field], inputs),
        show: (answer, run) => (answer ? near(answer, run.body.inputs) : []),
        difference: (one, other) => vectorsApart(vectorsOf(one), vectorsOf(other)),
    };
}

/** @type {WeakMap<any, number[][]>} */
const known = new WeakMap();

/** @param {any} answer @returns {number[][]} */
function vectorsOf(answer) {
    const found = known.get(answer) ?? rowsOf(answer.outputs.find((/** @type {any} */ { name }) => name === 'embeddings') ?? { shape: [], data: [] });
    known.set(answer, found);
    return found;
}

/** @param {any} answer @param {string[]} texts */
function near(answer, texts) {
    const all = vectorsOf(answer), vectors = all.slice(0, MOST_SHOWN), matrix = cosines(vectors);
    const nameOf = (/** @type {number} */ i) => `${i + 1}. ${plain(texts[i] ?? '').slice(0, 60)}`;
    const nearest = (/** @type {number} */ row) => neighbours(matrix, row).slice(0, NEAREST);
    const rows = vectors.map((_, i) => ({ i }));
    return [h('p', null, `${count(all.length)} ${all.length === 1 ? 'vector' : 'vectors'} of ${count(all[0]?.length)} numbers${all.length > MOST_SHOWN ? `, of which ${MOST_SHOWN} are shown` : ''}.`),
        vectors.length > 1 ? [h('h4', null, 'Cosines'), table('Cosines of each text with each', [
            { name: 'Text', cell: ({ i }) => nameOf(i) },
            ...vectors.map((_, column) => ({ name: String(column + 1), figure: true, cell: (/** @type {{i: number}} */ { i }) => matrix[i][column].toFixed(3) })),
        ], rows, ({ i }) => String(i)), h('h4', null, 'Nearest texts'), table('The nearest texts of each', [
            { name: 'Text', cell: ({ i }) => nameOf(i) },
            { name: 'Nearest', wide: true, cell: ({ i }) => nearest(i).map((one) => h('div', null, `${nameOf(one.index)} (${one.cosine.toFixed(3)})`)) },
        ], rows, ({ i }) => String(i))] : h('p', { class: 'note' }, 'With two texts or more their cosines are shown.')];
}

/** @param {number[][]} one @param {number[][]} other @returns {string} */
export function vectorsApart(one, other) {
    if (one.length !== other.length) return `There are ${count(one.length)} vectors, and ${count(other.length)} here.`;
    let most = 0, where = 0;
    one.forEach((vector, i) => {
        const far = 1 - cosine(vector, other[i]);
        if (far > most) [most, where] = [far, i];
    });
    return most === 0 ? '1 − cosine is 0 for each text.' : `1 − cosine is at most ${short(most)} (text ${count(where + 1)}).`;
}
