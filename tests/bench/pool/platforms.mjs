/** A cold and a warm request of every case on each kind and platform, and what its answer was worth. */
import * as cases from '../../lib/cases.mjs';
import { median, table } from '../figures.mjs';
import { platforms, withAll } from './kinds.mjs';
import * as mix from './mix.mjs';

const TIMEOUT_MS = 20_000;
const WARM = 3;

async function measureOne(daemon, testCase, head) {
    const times = [];
    let answer, problem;
    try {
        for (let i = 0; i < 1 + WARM; i++) {
            const began = performance.now();
            ({ answer, problem } = await daemon.tryCase(testCase, head));
            times.push(performance.now() - began);
        }
    } catch (error) {
        return { result: error.message.match(/"code":"(\w+)"/)?.[1] ?? 'failed' };
    }
    return { result: problem ? 'wrong' : 'ok', cold_ms: times[0], warm_ms: median(times.slice(1)),
        load_ms: answer.performance.load_ms };
}

export async function measure({ quick }) {
    const names = quick ? mix.names : cases.names().filter((name) => !cases.load(name).mustFail);
    const pool = { numerics: 'off', exploration: '0%', adaptive_scaling: 'no' };
    return withAll({ models: names, pool }, async (daemon, kinds) => {
        const rows = [];
        for (const name of names) {
            const testCase = cases.load(name), row = { name };
            for (const browser of kinds)
                for (const platform of platforms[browser])
                    row[`${browser}/${platform}`] = await measureOne(daemon, testCase,
                        { browser, platform, fallback: false, timeout_ms: TIMEOUT_MS });
            rows.push(row);
            process.stderr.write('.');
        }
        return rows;
    });
}

export function print(rows) {
    const columns = Object.keys(rows[0]).filter((key) => key !== 'name');
    const cell = ({ result, cold_ms: cold, warm_ms: warm }) =>
        cold === undefined ? result : `${cold.toFixed(0)} → ${warm.toFixed(1)}${result === 'ok' ? '' : ' ✗'}`;
    return table('Cold → warm request, ms (✗: a wrong answer)', ['case', ...columns],
        rows.map((row) => [row.name, ...columns.map((key) => cell(row[key]))]));
}
