/** A run of the laboratory as a separate document. Data from outside becomes text nodes only. */
import UPlot from 'uplot';
import { draw, h } from '../console/draw.js';
import { many, moment } from '../console/format.js';
import { columnsOf, curvesOf, figure, historyOf, isSimulated, sorted, spread, textCurvesOf, worstFirst } from './figures.js';
import { showMatrix } from './matrix.js';

/** @import { Cell, Run } from './figures.js' */

const WIDTH = 192, HEIGHT = 24, PLOT_HEIGHT = 200;
const LINES = 8; // colours of the style sheet
const SVG = 'http://www.w3.org/2000/svg';
const BADGES = /** @type {Record<string, string>} */ ({ ok: 'good', unsupported: '', absent: '', 'not run': '', 'too slow': 'wait' });

const root = /** @type {HTMLElement} */ (document.getElementById('report'));
const said = JSON.parse(document.getElementById('run')?.textContent ?? '');
/** @type {Run} */
const run = { cells: [], ...said.run };
const cells = run.cells.filter(({ yardstick }) => !yardstick);
const yardsticks = run.cells.filter(({ yardstick }) => yardstick);
const columns = columnsOf(cells);
/** The answer is in the document already, for readers without scripts; so is then the heading. */
const hasAnswer = document.querySelector('main > h1') !== null;
/** By which column the table is sorted; null: the worst first. @type {{column: import('./figures.js').Column, isDown: boolean} | null} */
let order = null;

/* --- samples ---------------------------------------------------------------------------------- */

/** @param {Element} parent @param {string} tag @param {Record<string, string | number>} attributes */
function add(parent, tag, attributes) {
    const element = parent.appendChild(document.createElementNS(SVG, tag));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
    return element;
}

/** @param {HTMLElement} element */
function samplesDrawn(element) {
    return (/** @type {Record<string, any>} */ { data }) => {
        /** @type {Cell} */
        const { samples_ms: samples, summary } = data;
        const x = spread(samples, WIDTH), rows = 5;
        const svg = document.createElementNS(SVG, 'svg');
        svg.setAttribute('class', 'samples');
        svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
        svg.setAttribute('aria-hidden', 'true');
        add(svg, 'path', { class: 'axis', d: `M0 ${HEIGHT - 1}h${WIDTH}` });
        add(svg, 'path', { class: 'dots', d: samples.map((ms, i) => `M${x(ms).toFixed(1)} ${3 + i % rows * (HEIGHT - 8) / (rows - 1)}h0`).join('') });
        if (summary) add(svg, 'path', { class: 'median', d: `M${x(summary.median).toFixed(1)} 0v${HEIGHT}` });
        element.replaceChildren(svg);
    };
}

/** Cells whose samples are shown as a table. @type {Set<number>} */
const opened = new Set();

/** @param {Cell} cell */
function samplesOf(cell) {
    if (cell.samples_ms.length === 0) return null;
    const toggle = (/** @type {Event} */ { target }) => {
        const isOpen = /** @type {HTMLDetailsElement} */ (target).open;
        if (isOpen === opened.has(cell.index)) return;
        if (isOpen) opened.add(cell.index);
        else opened.delete(cell.index);
        redraw();
    };
    const isOpen = opened.has(cell.index);
    return [h('div', { class: 'strip', mounted: samplesDrawn, data: cell }),
        h('details', { open: isOpen, ontoggle: toggle }, h('summary', null, many(cell.samples_ms.length, 'sample')),
            isOpen && h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `Samples of ${cell.index}` },
                h('table', null, h('thead', null, h('tr', null, h('th', { scope: 'col' }, 'Sample'), h('th', { scope: 'col', class: 'figure' }, 'ms'))),
                    h('tbody', null, cell.samples_ms.map((ms, i) => h('tr', null, h('td', null, String(i + 1)), h('td', { class: 'figure' }, String(ms))))))))];
}

/* --- cells ------------------------------------------------------------------------------------ */

/** @param {Cell} cell */
function badges(cell) {
    const all = [[cell.outcome, BADGES[cell.outcome] ?? 'bad'], isSimulated(run, cell) && ['simulated', 'made-up'],
        cell.adapter?.is_fallback && ['software adapter', 'wait'], cell.summary?.bimodal && ['bimodal', 'wait']];
    return all.map((one) => one && h('span', { class: `badge ${one[1]}` }, one[0]));
}

/** @param {Cell} cell */
function speedup({ speedup: found, baseline }) {
    return found && `${figure(found.value)} (${figure(found.low)} to ${figure(found.high)}) of ${baseline}`;
}

/** The contents of columns, by title, whose cells show more than the sort key. @type {Record<string, (cell: Cell) => import('../console/draw.js').Part>} */
const SHOWN = {
    Browser: ({ browser, browser_version: version }) => [browser, version].filter(Boolean).join(' '),
    Outcome: badges,
    'Speed-up': speedup,
    '95 % of it': ({ summary }) => summary && `${figure(summary.low)} to ${figure(summary.high)}`,
    Samples: samplesOf,
    Threads: ({ threads }) => threads,
};
/** Texts that may be long, and so may break: the class of such a column. @type {Record<string, string>} */
const LONG = { Model: 'long', Changed: 'why', Reason: 'why' };

/** @param {import('./figures.js').Column[]} shown */
const rowOf = (shown) => (/** @type {Cell} */ cell) =>
    h('tr', { key: cell.index, class: isSimulated(run, cell) ? 'made-up' : '', 'data-index': cell.index }, shown.map(({ title, by, isFigure }) => {
        const value = by(cell);
        return h('td', { class: isFigure ? 'figure' : LONG[title] ?? 'word' },
            SHOWN[title] ? SHOWN[title](cell) : typeof value === 'number' ? figure(value) : value);
    }));

/** @param {import('./figures.js').Column} column */
function sortBy(column) {
    order = { column, isDown: order?.column === column && !order.isDown };
    redraw();
}
/** The same function for a column whenever it is drawn. */
const sorters = new Map(columns.map((column) => [column, () => sortBy(column)]));

/** @param {string} name @param {Cell[]} list @param {import('./figures.js').Column[]} shown @param {boolean} isSortable */
function table(name, list, shown, isSortable) {
    const head = shown.map((column) => {
        const sort = isSortable && order?.column === column ? (order.isDown ? 'descending' : 'ascending') : null;
        return h('th', { scope: 'col', class: column.isFigure ? 'figure' : '', 'aria-sort': sort },
            isSortable ? h('button', { type: 'button', onclick: sorters.get(column) }, column.title) : column.title);
    });
    return h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': name },
        h('table', null, h('caption', null, name), h('thead', null, h('tr', null, head)), h('tbody', null, list.map(rowOf(shown)))));
}

/* --- curves ----------------------------------------------------------------------------------- */

/** @param {HTMLElement} element */
function curvesDrawn(element) {
    /** @type {any} */
    let chart = null;
    /** @type {import('./figures.js').Curves | undefined} */
    let shown;
    const again = () => {
        const width = element.clientWidth;
        if (!shown || width === 0) return;
        chart?.destroy();
        chart = new UPlot(optionsOf(element, shown, width), /** @type {any} */ ([shown.xs, ...shown.lines.map(({ values }) => values)]), element);
    };
    new ResizeObserver(() => { if (chart?.width !== element.clientWidth) again(); }).observe(element);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', again);
    return (/** @type {Record<string, any>} */ { data }) => {
        if (shown === data) return;
        shown = data;
        again();
    };
}

/** @param {HTMLElement} element @param {import('./figures.js').Curves} curves @param {number} width @returns {any} */
function optionsOf(element, { lines, xs, labels }, width) {
    const style = getComputedStyle(element);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--dim'), grid: { stroke: colour('--rule'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
    return {
        width, height: PLOT_HEIGHT, legend: { show: false }, cursor: { show: false }, padding: [8, 20, 0, 0],
        scales: { x: { time: false, range: [0, labels ? xs[xs.length - 1] * 1.1 : xs[xs.length - 1] + 1] }, y: { range: (/** @type {any} */ _, /** @type {number} */ _least, /** @type {number} */ most) => [0, most > 0 ? most * 1.1 : 1] } },
        axes: [{ ...axis, size: 26, ...(labels ? {} : { splits: () => xs }), values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map(labels ? figure : String) },
            { ...axis, size: 64, values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map(figure) }],
        series: [{}, ...lines.map((_, i) => ({ stroke: colour(`--line${i % LINES}`), width: 1.5, spanGaps: true, points: { show: true, size: 6, fill: colour(`--line${i % LINES}`) } }))],
    };
}

/** @param {import('./figures.js').Curves} curves */
function plot(curves) {
    const { name, note, head, xs, labels, lines } = curves;
    return h('figure', { key: name },
        h('figcaption', null, name, h('span', { class: 'note' }, ` ${note}`)),
        h('div', { class: 'plot', 'aria-hidden': 'true', mounted: curvesDrawn, data: curves }),
        h('ul', { class: 'keys' }, lines.map((line, i) => h('li', null, h('span', { class: `line line${i % LINES}`, 'aria-hidden': 'true' }), line.name))),
        h('details', null, h('summary', null, 'As a table'),
            h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': `${name} as a table` }, h('table', null,
                h('thead', null, h('tr', null, h('th', { scope: 'col' }, head), lines.map((line) => h('th', { scope: 'col', class: 'figure' }, line.name)))),
                h('tbody', null, xs.map((x, i) => h('tr', null, h('td', null, labels?.[i] ?? String(x)), lines.map(({ values }) => h('td', { class: 'figure' }, figure(values[i]))))))))));
}

/* --- the whole -------------------------------------------------------------------------------- */

function facts() {
    const { machine, webinfer } = run;
    const all = [['Run', run.id], ['Began', moment(run.began_at)], ['Ended', run.ended_at && moment(run.ended_at)],
        ['webinfer', webinfer?.version], ['Commit', webinfer?.commit], ['Cores', machine?.cores],
        ['Memory', machine?.memory_bytes && `${Math.round(machine.memory_bytes / 2 ** 20)} MiB`], ['Kernel', machine?.kernel], ['Cells', cells.length], ['At a time', run.together]];
    return h('dl', null, all.map(([name, value]) => value !== undefined && h('div', null, h('dt', null, name), h('dd', null, value))));
}

function warnings() {
    const all = [run.simulated && ['simulated', 'These times are made up, by nodes that compute nothing.', 'made-up'],
        run.noisy && ['noisy', 'The yardstick drifted by more than 10 %: the machine was busy with other work.', 'bad'],
        run.person ? ['a person’s', 'A page that somebody lends has sent it.', 'wait'] : run.imported && ['imported', 'It was not measured by this service.', 'wait'],
        run.ended_at === undefined && ['not ended', 'There may be more cells.', 'wait']];
    return all.map((one) => one && h('p', null, h('span', { class: `badge ${one[2]}` }, one[0]), one[1]));
}

const curves = curvesOf(run), texts = textCurvesOf(run);
const history = historyOf(run, said.history ?? [], moment);

function redraw() {
    draw(root, !hasAnswer && h('h1', null, run.name), warnings(), facts(), h('h2', null, 'Cells'),
        h('p', { class: 'note' }, order ? 'Click a column head to sort.' : 'The worst is first; click a column head to sort. A speed-up is relative to the cell with that number.'),
        table('Cells', order ? sorted(cells, order.column, order.isDown) : worstFirst(cells), columns, true),
        curves.length > 0 && [h('h2', null, 'Over concurrency'), h('div', { class: 'plots' }, curves.map(plot))],
        texts.length > 0 && [h('h2', null, 'Text'), h('div', { class: 'plots' }, texts.map(plot))],
        history.length > 0 && [h('h2', null, 'Over earlier runs'), h('div', { class: 'plots' }, history.map(plot))],
        yardsticks.length > 0 && [h('h2', null, 'The yardstick'), table('The yardstick', yardsticks, columnsOf(yardsticks), false)]);
}

if (said.matrix) {
    showMatrix(root, said.matrix);
} else {
    document.title = run.name;
    redraw();
}
