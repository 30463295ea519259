/** How a run is shown: columns, their order, and curves over concurrency and over earlier runs. Pure. */

/** @typedef {{n: number, min: number, median: number, p90: number, low: number, high: number, bimodal: boolean}} Summary */
/** @typedef {{index: number, model: string, browser?: string, browser_version?: string, platform: string, precision?: string,
 * threads?: number | 'all', batch?: number, concurrency?: number, clock?: string, outcome: string, reason?: string,
 * optimization?: string, text?: {prompt_per_s?: number, generated_per_s?: number, first_p50_ms?: number, first_p90_ms?: number,
 * token_ms?: number, all_per_s?: number}, yardstick?: string, adapter?: {description?: string, is_fallback?: boolean}, samples_ms: number[], load_ms?: number,
 * first_ms?: number, error_ratio?: number, changed?: string, repeats?: number, disturbed?: number, summary?: Summary, baseline?: number,
 * speedup?: {value: number, low: number, high: number}}} Cell */
/** @typedef {{id: string, name: string, began_at: number, ended_at?: number, noisy: boolean, together?: number, simulated: boolean, imported: boolean, person?: boolean,
 * webinfer?: {version?: string, commit?: string}, machine?: {cores?: number, memory_bytes?: number, kernel?: string}, cells: Cell[]}} Run */

/** Failures come first, then successes, then cells that were not tried. */
const OUTCOMES = ['crashed', 'inexact', 'failed', 'too slow', 'ok', 'unsupported', 'absent', 'not run'];

/** @param {Run} run @param {Cell} cell */
export const isSimulated = (run, cell) => run.simulated || cell.platform === 'simulated';

/** @param {unknown} value @returns {string} with four figures, as the other reports have it */
export function figure(value) {
    if (typeof value !== 'number') return '';
    return String(Number(value.toPrecision(4)));
}

/** A column: its title, its sort key, and whether that is a number. Cells without a key come last.
 * @typedef {{title: string, by: (cell: Cell) => string | number | undefined, isFigure?: boolean}} Column */
/** @type {Column[]} */
const ALL = [
    { title: '#', by: (cell) => cell.index, isFigure: true },
    { title: 'Model', by: (cell) => cell.model },
    { title: 'Browser', by: (cell) => cell.browser },
    { title: 'Platform', by: (cell) => cell.platform },
    { title: 'Outcome', by: (cell) => OUTCOMES.indexOf(cell.outcome) },
    { title: 'Reason', by: (cell) => cell.reason },
    { title: 'Speed-up', by: (cell) => cell.speedup?.value, isFigure: true },
    { title: 'Median ms', by: (cell) => cell.summary?.median, isFigure: true },
    { title: '95 % of it', by: (cell) => cell.summary && cell.summary.high - cell.summary.low, isFigure: true },
    { title: 'Error / allowed', by: (cell) => cell.error_ratio, isFigure: true },
    { title: 'Changed', by: (cell) => cell.changed },
    { title: 'Samples', by: (cell) => cell.samples_ms.length || undefined },
    { title: 'p90 ms', by: (cell) => cell.summary?.p90, isFigure: true },
    { title: 'Precision', by: (cell) => cell.precision },
    { title: 'Threads', by: (cell) => (cell.threads === 'all' ? Infinity : cell.threads), isFigure: true },
    { title: 'Optimization', by: (cell) => cell.optimization },
    { title: 'Batch', by: (cell) => cell.batch, isFigure: true },
    { title: 'Concurrency', by: (cell) => cell.concurrency, isFigure: true },
    { title: 'Clock', by: (cell) => cell.clock },
    { title: 'Load ms', by: (cell) => cell.load_ms, isFigure: true },
    { title: 'First ms', by: (cell) => cell.first_ms, isFigure: true },
    { title: 'Prompt tokens/s', by: (cell) => cell.text?.prompt_per_s, isFigure: true },
    { title: 'First token ms', by: (cell) => cell.text?.first_p50_ms, isFigure: true },
    { title: 'p90 of it', by: (cell) => cell.text?.first_p90_ms, isFigure: true },
    { title: 'ms a token', by: (cell) => cell.text?.token_ms, isFigure: true },
    { title: 'Tokens/s', by: (cell) => cell.text?.generated_per_s, isFigure: true },
    { title: 'Tokens/s of all', by: (cell) => cell.text?.all_per_s, isFigure: true },
];

/** Those that say something of one of the cells at least. @param {Cell[]} cells */
export const columnsOf = (cells) => ALL.filter(({ by }) => cells.some((cell) => by(cell) !== undefined));

/** @param {Cell[]} cells @param {Column} column @param {boolean} isDown @returns {Cell[]} sorted */
export function sorted(cells, { by }, isDown) {
    return cells.toSorted((a, b) => {
        const x = by(a), y = by(b);
        if (x === y) return a.index - b.index;
        if (x === undefined || y === undefined) return x === undefined ? 1 : -1; // also where the order is turned round
        return (x < y ? -1 : 1) * (isDown ? -1 : 1);
    });
}

/** The worst first, as the other reports have it. @param {Cell[]} cells */
export function worstFirst(cells) {
    const rank = (/** @type {Cell} */ cell) => OUTCOMES.indexOf(cell.outcome);
    const speed = (/** @type {Cell} */ cell) => cell.speedup?.value ?? Infinity;
    return cells.toSorted((a, b) => rank(a) - rank(b) || (speed(a) === speed(b) ? a.index - b.index : speed(a) - speed(b)));
}

/** `head` is the head of x in the table below; `note` describes the curves. `labels`, if given, replace the values of x there.
 * @typedef {{name: string, note: string, head: string, xs: number[], labels?: string[], lines: {name: string, values: (number | null)[]}[]}} Curves */

/** The key of a curve: everything except the concurrency. @param {Cell} cell */
const lineOf = ({ browser, platform, precision, threads, optimization }) => [[browser, platform].filter(Boolean).join('/'), precision,
    threads && (threads === 1 ? '1 thread' : `${threads} threads`), optimization === 'none' && 'not optimised'].filter(Boolean).join(' ');

/** The title of a figure, whose cells are either all simulated or all measured. @param {Run} run @param {Cell} cell @param {string} name */
const titleOf = (run, cell, name) => (isSimulated(run, cell) ? `${name}, simulated` : name);

/** Requests a second over the concurrency, for each model and clock that has more than one: so many at a time, over the
 * median of one. @param {Run} run @returns {Curves[]} */
export function curvesOf(run) {
    /** @type {Map<string, Cell[]>} */
    const groups = new Map();
    for (const cell of run.cells) {
        if (cell.outcome !== 'ok' || cell.yardstick || !cell.concurrency || !cell.summary?.median) continue;
        const name = [cell.model, cell.batch && `batch ${cell.batch}`, cell.clock && `by the ${cell.clock}’s clock`].filter(Boolean).join(', ');
        groups.set(name, [...groups.get(name) ?? [], cell]);
    }
    return [...groups].map(([name, cells]) => {
        const xs = [...new Set(cells.map(({ concurrency }) => concurrency ?? 0))].sort((a, b) => a - b);
        const lines = [...new Set(cells.map(lineOf))].map((line) => ({ name: line, values: xs.map((x) => {
            const cell = cells.find((one) => one.concurrency === x && lineOf(one) === line);
            return cell?.summary ? x * (cell.batch ?? 1) * 1000 / cell.summary.median : null;
        }) }));
        return { name: titleOf(run, cells[0], name), note: 'requests a second over the concurrency', head: 'Concurrency', xs, lines };
    }).filter(({ xs }) => xs.length > 1);
}

/** An earlier run: the medians of the cells that are ok in both runs, by their indexes in this run.
 * @typedef {{id: string, began_at: number, commit: string | null, noisy: boolean, medians: Record<string, number>}} Earlier */

/** A run in a table. @param {{began_at: number, commit?: string | null, noisy: boolean}} one @param {(ms: number) => string} moment */
const labelOf = ({ began_at: at, commit, noisy }, moment) => [moment(at), commit?.slice(0, 12), noisy && 'noisy'].filter(Boolean).join(' ');

/** Medians over the earlier runs that have some, the oldest first, and over this one, which is the last: a figure for the cells of
 * a model that differ in their places alone. @param {Run} run @param {Earlier[]} history @param {(ms: number) => string} moment
 * @returns {Curves[]} */
export function historyOf(run, history, moment) {
    const earlier = history.filter(({ medians }) => Object.keys(medians).length > 0).toSorted((a, b) => a.began_at - b.began_at);
    const labels = [...earlier, { ...run, commit: run.webinfer?.commit }].map((one, i) => `${i + 1}: ${labelOf(one, moment)}`);
    /** @type {Map<string, Curves>} */
    const figures = new Map();
    for (const cell of run.cells.filter(({ index }) => earlier.some(({ medians }) => index in medians))) {
        const name = [cell.model, cell.batch && `batch ${cell.batch}`, cell.concurrency && `${cell.concurrency} at a time`,
            cell.clock && `by the ${cell.clock}’s clock`, isSimulated(run, cell) && 'simulated'].filter(Boolean).join(', ');
        const found = figures.get(name) ?? { name, note: 'median in ms, from the oldest run to this one', head: 'Run', labels, xs: labels.map((_, i) => i + 1), lines: [] };
        found.lines.push({ name: lineOf(cell), values: [...earlier.map(({ medians }) => medians[cell.index] ?? null), cell.summary?.median ?? null] });
        figures.set(name, found);
    }
    return [...figures.values()];
}

/** Curves for each text model that was measured at several concurrencies: tokens per second of all users over tokens per
 * second of each user. Further right, each user is faster; further up, the machine's throughput is higher.
 * @param {Run} run @returns {Curves[]} */
export function textCurvesOf(run) {
    const written = run.cells.filter(({ outcome, text, concurrency, platform }) => outcome === 'ok' && concurrency && platform !== 'auto'
        && text?.generated_per_s && text.all_per_s);
    return [...new Set(written.map(({ model }) => model))].map((model) => {
        const cells = written.filter((cell) => cell.model === model).sort((a, b) => userRate(a) - userRate(b));
        const lines = [...new Set(cells.map(lineOf))].map((line) => ({ name: line,
            values: cells.map((cell) => (lineOf(cell) === line ? cell.text?.all_per_s ?? null : null)) }));
        return {
            name: titleOf(run, cells[0], model), lines,
            note: 'tokens a second of all users over those of each', head: 'Tokens/s of each, by so many at a time',
            xs: cells.map(userRate), labels: cells.map((cell) => `${figure(userRate(cell))}, ${cell.concurrency}`),
        };
    }).filter(({ xs, lines }) => xs.length > lines.length);
}

/** @param {Cell} cell */
const userRate = ({ text }) => text?.generated_per_s ?? 0;

/** The positions of the samples in a picture of `width`, between the smallest and the largest. @param {number[]} samples @param {number} width */
export function spread(samples, width) {
    const least = Math.min(...samples), most = Math.max(...samples);
    return (/** @type {number} */ ms) => (most > least ? 3 + (ms - least) / (most - least) * (width - 6) : width / 2);
}
