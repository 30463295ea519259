/** Labels with figures, as bars with the figures next to them; for screen readers it is a table. */
import { h } from '../../draw.js';
import { plain } from '../../format.js';
import { table } from '../../parts.js';
import { apart, short } from '../numbers.js';

/** @import { Part } from '../../draw.js' */
/** @typedef {{label: string, value: number, more?: Part}} Bar */

/** @param {number} value 0 to 1 */
export const percent = (value) => (Number.isFinite(value) ? `${value >= 0.9995 || value === 0 ? Math.round(value * 100) : (value * 100).toPrecision(3)} %` : String(value));

/** @param {string} caption @param {Bar[]} list @param {{column?: string, figure?: string, none?: string,
 * shown?: (label: string) => Part}} [names] and how labels are shown that are no names */
export function bars(caption, list, { column = 'Label', figure = 'Probability', none, shown = (label) => h('span', null, label) } = {}) {
    const values = list.map(({ value }) => value), isShare = values.every((value) => value >= 0 && value <= 1);
    const low = isShare ? 0 : Math.min(0, ...values), high = isShare ? 1 : Math.max(...values, low + Number.MIN_VALUE);
    return table(caption, [
        { name: column, cell: ({ label, more }) => (more ? [shown(label), more] : shown(label)) },
        { name: 'Bar', wide: true, cell: ({ label, value }) => h('progress', { max: high - low || 1, value: Math.max(0, value - low) || 0, 'aria-label': `How much of ${plain(label).slice(0, 80)}` }) },
        { name: figure, figure: true, cell: ({ value }) => (isShare && figure === 'Probability' ? percent(value) : short(value)) },
    ], list.map((one, i) => ({ ...one, i })), ({ i }) => String(i), none);
}

/** @param {{label: string, probability: number}[]} one @param {{label: string, probability: number}[]} other @returns {string} */
export function labelsApart(one, other) {
    const there = new Map(other.map(({ label, probability }) => [label, probability]));
    const both = one.filter(({ label }) => there.has(label));
    const { absolute, at } = apart(both.map(({ probability }) => probability), both.map(({ label }) => there.get(label) ?? NaN));
    const order = one.map(({ label }) => label).join('\n') === other.map(({ label }) => label).join('\n') ? 'The order of the labels is the same.'
        : one[0]?.label === other[0]?.label ? 'The best label is the same, but the order of the others differs.' : `The best label differs: “${plain(other[0]?.label)}”.`;
    return `${order} ${both.length === 0 ? '' : absolute === 0 ? 'The figures are equal.' : `The figures are at most ${short(absolute)} apart (“${plain(both[at].label)}”).`}`.trim();
}
