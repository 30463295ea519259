/** Medians, spreads and tables. */
export function median(list) {
    const sorted = [...list].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export const quantile = (list, q) =>
    [...list].sort((a, b) => a - b)[Math.floor(q * (list.length - 1))];

/** {median, min, max} over the rounds, and the rounds themselves. */
export function spread(rounds) {
    return { median: median(rounds), min: Math.min(...rounds), max: Math.max(...rounds), rounds };
}

const plain = (value) => {
    if (typeof value !== 'number') return String(value ?? '');
    if (Math.abs(value) >= 1000) return value.toFixed(0);
    return Math.abs(value) >= 100 ? value.toFixed(1) : value.toFixed(3);
};

/** "1.234 (1.1–1.5)" */
export const shown = (figure) =>
    `${plain(figure.median)} (${plain(figure.min)}–${plain(figure.max)})`;

export function table(title, head, rows) {
    const cells = [head, ...rows.map((row) => row.map(plain))];
    const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
    const line = (row) => row.map((cell, column) => column === 0
        ? cell.padEnd(widths[column]) : cell.padStart(widths[column])).join('  ');
    return `\n${title}\n${line(cells[0])}\n${widths.map((width) => '-'.repeat(width)).join('  ')}\n` +
        `${cells.slice(1).map(line).join('\n')}\n`;
}

/** "12 ok, 3 absent" @param {string[]} words */
export function counted(words) {
    const counts = new Map();
    for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
    return [...counts].map(([word, count]) => `${count} ${word}`).join(', ');
}
