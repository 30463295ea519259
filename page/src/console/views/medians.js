/** A plot of medians over runs, with their intervals as thinner lines. The table below it has the same figures. */
import UPlot from 'uplot';
import { figure } from '../../report/figures.js';

/** @typedef {{values: (number | null)[], low: (number | null)[], high: (number | null)[]}} Medians of the runs, the oldest first */

const HEIGHT = 150;

/** @param {HTMLElement} element */
export function mediansDrawn(element) {
    /** @type {any} */
    let chart = null;
    /** @type {Medians | undefined} */
    let shown;
    const again = () => {
        const width = element.clientWidth;
        if (!shown || width === 0) return;
        chart?.destroy();
        chart = new UPlot(optionsOf(element, shown.values.length, width), /** @type {any} */ ([shown.values.map((_, i) => i + 1), shown.values, shown.low, shown.high]), element);
    };
    new ResizeObserver(() => { if (chart?.width !== element.clientWidth) again(); }).observe(element);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { if (element.isConnected) again(); });
    let before = '';
    return (/** @type {Record<string, any>} */ { data }) => {
        const text = JSON.stringify(data);
        shown = data;
        if (text !== before) again();
        before = text;
    };
}

/** @param {HTMLElement} element @param {number} count of runs @param {number} width @returns {any} */
function optionsOf(element, count, width) {
    const style = getComputedStyle(element);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
    const axis = { stroke: colour('--dim'), grid: { stroke: colour('--rule'), width: 1 }, ticks: { show: false }, font: '11px system-ui, sans-serif' };
    const end = () => ({ stroke: colour('--line0'), width: 0.5, points: { show: false } });
    const whole = (/** @type {any} */ _, /** @type {number[]} */ at) => at.map((one) => (Number.isInteger(one) ? String(one) : ''));
    return {
        width, height: HEIGHT, legend: { show: false }, cursor: { show: false }, padding: [8, 20, 0, 0],
        scales: { x: { time: false, range: [0.5, count + 0.5] }, y: { range: (/** @type {any} */ _, /** @type {number} */ _least, /** @type {number} */ most) => [0, most > 0 ? most * 1.1 : 1] } },
        axes: [{ ...axis, size: 26, values: whole }, { ...axis, size: 64, values: (/** @type {any} */ _, /** @type {number[]} */ at) => at.map(figure) }],
        series: [{}, { stroke: colour('--line0'), width: 1.5, points: { show: true, size: 6, fill: colour('--line0') } }, end(), end()],
    };
}
