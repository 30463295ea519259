/** A cold and a warm request of every case on each kind and platform, and what its answer was worth. */
import * as cases from '../../lib/cases.mjs';
import { median, table } from '../figures.mjs';
import { platforms, withAll } from './kinds.mjs';
import * as mix from './mix.mjs';

/** What one case may take on one platform, all its requests together. */
const CELL_MS = 20_000, CELL_QUICK_MS = 12_000;
/** After so many cases in a row without an answer in time a place gets no more of them. */
const HOPELESS = 4;
const WARM = 3;

async function measureOne(daemon, testCase, head, cellMs) {
    const times = [], end = performance.now() + cellMs;
    let answer, problem;
    try {
        while (times.length < 1 + WARM && performance.now() < end) {
            const began = performance.now();
            ({ answer, problem } = await daemon.tryCase(testCase,
                { ...head, fallback: false, timeout_ms: Math.max(1, Math.ceil(end - began)) }));
            times.push(performance.now() - began);
        }
    } catch (error) {
        if (times.length === 0)
            return { result: error.message.match(/"code":"(\w+)"/)?.[1] ?? 'failed' };
    }
    return { result: problem ? 'wrong' : 'ok', cold_ms: times[0],
        warm_ms: times.length > 1 ? median(times.slice(1)) : null,
        load_ms: answer.performance.load_ms };
}

export async function measure({ quick }) {
    const names = quick ? mix.names : cases.names().filter((name) => !cases.load(name).mustFail);
    const pool = { numerics: 'off', exploration: '0%', adaptive_scaling: 'no' };
    return withAll({ models: names, pool }, async (daemon, kinds) => {
        const rows = names.map((name) => ({ name }));
        for (const browser of kinds)
            for (const platform of platforms[browser]) {
                const place = `${browser}/${platform}`;
                let hopeless = 0;
                for (const row of rows) {
                    process.stderr.write(`\r\x1b[K${place} ${row.name}`);
                    row[place] = hopeless >= HOPELESS ? { result: 'not tried' }
                        : await measureOne(daemon, cases.load(row.name), { browser, platform },
                            quick ? CELL_QUICK_MS : CELL_MS);
                    if (row[place].result === 'deadline_exceeded') hopeless++;
                    else if (row[place].cold_ms !== undefined) hopeless = 0;
                    await mix.settled(daemon);
                }
                process.stderr.write(`\r\x1b[K${place}: ${summary(rows, place)}\n`);
            }
        return rows;
    });
}

/** "60 ok, 2 wrong, 3 unsupported" */
function summary(rows, place) {
    const counts = {};
    for (const { [place]: { result } } of rows) counts[result] = (counts[result] ?? 0) + 1;
    return Object.entries(counts).map(([result, count]) => `${count} ${result}`).join(', ');
}

export function print(rows) {
    const columns = Object.keys(rows[0]).filter((key) => key !== 'name');
    const cell = ({ result, cold_ms: cold, warm_ms: warm }) => cold === undefined ? result
        : `${cold.toFixed(0)} → ${warm?.toFixed(1) ?? '–'}${result === 'ok' ? '' : ' ✗'}`;
    return table('Cold → warm request, ms (✗: a wrong answer)', ['case', ...columns],
        [...rows.map((row) => [row.name, ...columns.map((key) => cell(row[key]))]),
            ['in all', ...columns.map((key) => summary(rows, key))]]);
}
