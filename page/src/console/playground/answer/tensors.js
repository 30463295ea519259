/** Outputs of graphs, as a table, and how far they are apart. */
import { h } from '../../draw.js';
import { count, plain } from '../../format.js';
import { table } from '../../parts.js';
import { apart, figuresOf, short, valuesOf } from '../numbers.js';
import { remembered } from '../remembered.js';
import { shapeText } from '../tensor.js';

/** @import { Output } from '../numbers.js' */

const FIRST = 8;
/** Figures are computed once for each. @type {WeakMap<Output, ReturnType<typeof figuresOf>>} */
const known = new WeakMap();

/** @param {Output} output */
function figures(output) {
    const found = known.get(output) ?? figuresOf(valuesOf(output));
    known.set(output, found);
    return found;
}

/** @param {Output} output */
function firstValues({ data = [] }) {
    return `${data.slice(0, FIRST).map((value) => (typeof value === 'number' ? short(value) : JSON.stringify(value)?.slice(0, 60))).join(', ')}${data.length > FIRST ? ', …' : ''}`;
}

/** @param {Output[]} outputs */
export const tensors = (outputs) => table('Outputs', [
    { name: 'Output', cell: ({ name, datatype, shape }) => [h('strong', null, name), h('small', null, `${plain(datatype)} ${shapeText(shape)}`)] },
    { name: 'Values', figure: true, cell: ({ data = [] }) => count(data.length) },
    { name: 'Min', figure: true, cell: (output) => (output.datatype === 'BYTES' ? '' : short(figures(output).min)) },
    { name: 'Max', figure: true, cell: (output) => (output.datatype === 'BYTES' ? '' : short(figures(output).max)) },
    { name: 'Mean', figure: true, cell: (output) => (output.datatype === 'BYTES' ? '' : short(figures(output).mean)) },
    { name: 'Not finite', figure: true, cell: (output) => (output.datatype === 'BYTES' ? '' : count(figures(output).odd)) },
    { name: 'First values', wide: true, cell: (output) => h('code', null, firstValues(output)) },
], outputs, ({ name }) => name, 'It has no outputs.');

const far = remembered((/** @type {Output} */ output, /** @type {Output} */ there) => apart(valuesOf(output), valuesOf(there)));

/** @param {Output[]} one @param {Output[]} other @returns {string} */
export function tensorsApart(one, other) {
    const said = one.map((output) => {
        const there = other.find(({ name }) => name === output.name);
        if (!there) return `${plain(output.name)} is missing.`;
        if (shapeText(there.shape) !== shapeText(output.shape)) return `${plain(output.name)} has the shape ${shapeText(there.shape)}, and not ${shapeText(output.shape)}.`;
        if (output.datatype === 'BYTES') return `${plain(output.name)} is ${JSON.stringify(output.data) === JSON.stringify(there.data) ? 'equal' : 'different'}.`;
        const { absolute, relative, at } = far(output, there);
        return absolute === 0 ? `${plain(output.name)} is equal.`
            : `${plain(output.name)}: the largest difference is ${short(absolute)} (value ${count(at + 1)}), the largest relative one ${short(relative)}.`;
    });
    return said.join(' ') || 'There are no outputs.';
}
