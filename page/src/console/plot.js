/** A plot of figures over time, with the same figures as a table under it. */
import UPlot from 'uplot';
import { h } from './draw.js';
import { clock, NOTHING } from './format.js';
import { dataOf } from './plotted.js';

/** @typedef {{name: string, unit: string, times: number[], lines: {name: string, values: (number | null)[]}[],
 * show: (value: unknown) => string}} Figures `times` in milliseconds since 1970 */

const HEIGHT = 150;
/** Rows of the table: more are not read one by one. */
const MOST_ROWS = 360;

/** @param {Figures} figures @param {boolean} isOpen whether the table is @param {(isOpen: boolean) => void} opened */
export function plot(figures, isOpen, opened) {
    return h('figure', { key: figures.name },
        h('figcaption', null, figures.name, h('span', { class: 'unit' }, ` ${figures.unit}`), latest(figures)),
        h('div', { class: 'plot', 'aria-hidden': 'true', mounted, data: figures }),
        h('details', { open: isOpen, ontoggle: (/** @type {Event} */ event) => opened(/** @type {HTMLDetailsElement} */ (event.target).open) },
            h('summary', null, `${figures.name} as a table`), isOpen && asTable(figures)));
}

/** @param {Figures} figures */
function latest({ lines, show }) {
    return h('span', { class: 'latest' }, lines.map(({ name, values }, i) => [
        h('span', { class: `line line${i}`, 'aria-hidden': 'true' }),
        h('span', null, `${lines.length > 1 ? `${name} ` : ''}${show(values.at(-1))}`)]));
}

/** @param {Figures} figures */
function asTable({ name, times, lines, show }) {
    const rows = times.map((time, i) => ({ time, i })).slice(-MOST_ROWS).reverse();
    return h('div', { class: 'scroll low', tabindex: '0', role: 'region', 'aria-label': `${name} as a table` }, h('table', null,
        h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Time'), lines.map((line) => h('th', { scope: 'col', class: 'figure' }, line.name)))),
        h('tbody', null, rows.map(({ time, i }) => h('tr', null, h('td', null, clock(time)),
            lines.map(({ values }) => h('td', { class: 'figure' }, values[i] === null ? NOTHING : show(values[i]))))))));
}

/** @param {HTMLElement} element */
function mounted(element) {
    /** @type {any} */
    let chart = null;
    let before = '';
    /** @type {Figures | undefined} */
    let shown;
    const redraw = (/** @type {Figures} */ figures) => {
        shown = figures;
        const width = element.clientWidth;
        if (width === 0) return;
        const scheme = `${matchMedia('(prefers-color-scheme: dark)').matches} ${figures.lines.map(({ name }) => name)}`;
        if (chart && scheme !== before) chart.destroy(), chart = null;
        before = scheme;
        const data = dataOf(figures);
        if (!chart) chart = new UPlot(optionsOf(element, figures, width), /** @type {any} */ (data), element);
        else chart.setData(data);
        if (chart.width !== width) chart.setSize({ width, height: HEIGHT });
    };
    new ResizeObserver(() => { if (shown) redraw(shown); }).observe(element);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { if (shown && element.isConnected) redraw(shown); });
    return (/** @type {Record<string, any>} */ props) => redraw(props.data);
}

/** Figures with nothing on either side, which no line would show. @param {any} chart @param {number} series */
function alone({ data }, series) {
    /** @type {(number | null | undefined)[]} */
    const values = data[series];
    const isNothing = (/** @type {number} */ i) => values[i] === null || values[i] === undefined;
    return values.flatMap((_, i) => (!isNothing(i) && isNothing(i - 1) && isNothing(i + 1) ? [i] : []));
}

/** @param {HTMLElement} element @param {Figures} figures @param {number} width @returns {any} */
function optionsOf(element, { lines, show }, width) {
    const style = getComputedStyle(element);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--dim'), grid: { stroke: colour('--rule'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
    return {
        width, height: HEIGHT, legend: { show: false }, cursor: { show: false }, padding: [8, 20, 0, 0],
        scales: { x: { time: true }, y: { range: (/** @type {any} */ _, /** @type {number} */ _least, /** @type {number} */ most) => [0, most > 0 ? most * 1.1 : 1] } },
        axes: [{ ...axis, values: (/** @type {any} */ _, /** @type {number[]} */ times) => times.map((time) => clock(time * 1000).slice(0, 5)), space: 60, size: 26 },
            { ...axis, size: 64, values: (/** @type {any} */ _, /** @type {number[]} */ values) => values.map(show) }],
        series: [{}, ...lines.map((_, i) => ({ stroke: colour(`--line${i}`), width: 1.5, points: { show: true, size: 5, fill: colour(`--line${i}`), filter: alone } }))],
    };
}
