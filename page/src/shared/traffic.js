/** Counts what a page or a worker fetches, by the browser's own books: whole files, as they came over the network. */

/** @param {(bytes: number) => void} told how many more it were, at each file that is whole */
export function countFetched(told) {
    new PerformanceObserver((list) => {
        const entries = /** @type {PerformanceResourceTiming[]} */ (list.getEntries());
        const bytes = entries.reduce((sum, { transferSize }) => sum + (transferSize || 0), 0);
        if (bytes > 0) told(bytes);
    }).observe({ type: 'resource', buffered: true });
}
