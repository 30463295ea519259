/** Exports of runs in DuckDB, by the views of lab/lab.sql and without any extension of DuckDB. */
import { DuckDBInstance } from '@duckdb/node-api';
import fs from 'node:fs';
import path from 'node:path';
import { root } from './paths.mjs';

/** Gives `use` a function that asks for the rows of a query. @param {string} folder of *.ndjson; gets samples.parquet
 * @param {(ask: (sql: string) => Promise<Record<string, any>[]>) => unknown} use */
export async function withExports(folder, use) {
    const instance = await DuckDBInstance.create(':memory:', { autoinstall_known_extensions: 'false', autoload_known_extensions: 'false',
        allow_community_extensions: 'false' });
    const connection = await instance.connect();
    try {
        await connection.run(`SET VARIABLE runs = '${folder}/*.ndjson'`);
        await connection.run(fs.readFileSync(path.join(root, 'lab/lab.sql'), 'utf8').replace("'samples.parquet'", `'${folder}/samples.parquet'`));
        await use(async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson());
    } finally {
        connection.closeSync();
        instance.closeSync();
    }
}

/** Whether two numbers differ by rounding alone. @param {number} a @param {number} b */
const isNear = (a, b) => Math.abs(a - b) <= 1e-9 * Math.abs(b);

/** What its medians and speed-ups say otherwise than `webinfer results export --format json` does.
 * @param {(sql: string) => Promise<Record<string, any>[]>} ask @param {Record<string, any>[]} cells of all runs, in their order, each with its `run`
 * @returns {Promise<string[]>} */
export async function differences(ask, cells) {
    const key = ({ run, index }) => `${run} ${index}`;
    const pairs = [['medians', 'summary', { median_ms: 'median', p90_ms: 'p90', min_ms: 'min' }], ['speedups', 'speedup', { speedup: 'value' }]];
    const wrong = [];
    for (const [view, member, columns] of pairs) {
        const theirs = new Map((await ask(`SELECT * FROM ${view}`)).map((row) => [key(row), row]));
        const ours = cells.filter((cell) => cell[member]);
        if (theirs.size !== ours.length) wrong.push(`${view}: ${theirs.size} rows, not ${ours.length}`);
        for (const cell of ours)
            for (const [column, name] of Object.entries(columns)) {
                const row = theirs.get(key(cell));
                if (row?.model !== cell.model || !isNear(row[column], cell[member][name])) wrong.push(`${view} ${key(cell)}: ${column} ${row?.[column]}, not ${cell[member][name]}`);
            }
    }
    return wrong;
}
