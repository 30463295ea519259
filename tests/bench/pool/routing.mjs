/**
 * Measured routing (auto) against the static table of preferences, and against each single kind
 * and platform, on the same mixed load in the same daemon.
 */
import { table } from '../figures.mjs';
import { platforms, withAll } from './kinds.mjs';
import * as mix from './mix.mjs';

/** The published recommendations: the first kind and platform of each type's preferences. */
const TABLE = { text_embedding: ['edge', 'webnn'], vision: ['chrome', 'webgpu'],
    audio: ['firefox', 'webgpu'], null: ['chrome', 'webgpu'] };

function contenders(kinds, types) {
    const byTable = ({ name }) => {
        const [browser, platform] = TABLE[types[name]] ?? TABLE.null;
        return kinds.includes(browser) ? { browser, platform } : {};
    };
    const list = [['measured (auto)', () => ({})], ['static table', byTable]];
    for (const browser of kinds)
        for (const platform of platforms[browser])
            list.push([`${browser}/${platform} only`, () => ({ browser, platform })]);
    return list;
}

export async function measure({ quick }) {
    const cases = mix.load();
    const pool = { exploration: '20%', adaptive_scaling: 'no' };
    return withAll({ models: mix.names, pool }, async (daemon, kinds) => {
        const rows = [];
        const { models } = (await daemon.get('/v1/models')).json;
        const types = Object.fromEntries(models.map(({ name, type }) => [name, type]));
        const all = contenders(kinds, types);
        // Every model loaded and measured everywhere, as in a service that has run for a while.
        for (const [, headOf] of all)
            await mix.run(daemon, cases, { count: 3 * cases.length, clients: 1, headOf });
        for (const [name, headOf] of all) {
            const count = quick ? 60 : 300;
            rows.push({ name, ...await mix.run(daemon, cases, { count, clients: 4, headOf }) });
            process.stderr.write('.');
        }
        return rows;
    });
}

export function print(rows) {
    return table('Routing of the mixed load, 4 clients',
        ['who decides', 'total s', 'of measured', 'p50 ms', 'p99 ms', 'wrong', 'failed', 'ran on'],
        rows.map((row) => [row.name, row.total_ms / 1000, row.total_ms / rows[0].total_ms,
            row.p50_ms, row.p99_ms, row.wrong, row.failed, mix.shownWhere(row.where)]));
}
