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

/** Seconds that one contender may take for its requests: a GPU in software may not get through. */
const limitOf = (quick) => (quick ? 15 : 60);

export async function measure({ quick }) {
    const cases = mix.load(), limitMs = 1000 * limitOf(quick);
    const pool = { exploration: '2%', adaptive_scaling: 'no' }; // as by default
    return withAll({ models: mix.names, pool }, async (daemon, kinds) => {
        const rows = [];
        const { models } = (await daemon.get('/v1/models')).json;
        const types = Object.fromEntries(models.map(({ name, type }) => [name, type]));
        const all = contenders(kinds, types);
        // Every model loaded and measured everywhere, as in a service that has run for a while.
        for (const [name, headOf] of [...all].reverse()) {
            process.stderr.write(`warming: ${name} …\n`);
            await mix.run(daemon, cases, { count: 3 * cases.length, clients: 1, limitMs, headOf });
            await mix.settled(daemon);
        }
        for (const [name, headOf] of all) {
            process.stderr.write(`measuring: ${name} …\n`);
            const count = quick ? 60 : 300;
            // What was given up before may have cost it a model.
            await mix.run(daemon, cases, { count: cases.length, clients: 1, limitMs, headOf });
            await mix.settled(daemon);
            rows.push({ name, ...await mix.run(daemon, cases,
                { count, clients: 4, limitMs, headOf }) });
            await mix.settled(daemon);
        }
        return rows;
    });
}

export function print(rows) {
    return table('Routing of the mixed load, 4 clients', ['who decides', 'answered', 'total s',
        'requests/s', 'of measured', 'p50 ms', 'p99 ms', 'wrong', 'failed', 'ran on'],
    rows.map((row) => [row.name, `${row.answered} of ${row.count}`, row.total_ms / 1000,
        row.per_second, row.per_second / rows[0].per_second, row.p50_ms, row.p99_ms, row.wrong,
        row.failed, mix.shownWhere(row.where)]));
}
