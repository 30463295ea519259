/**
 * ./dev bench cluster: what a cluster costs requests, and what it gives stored jobs. Ratios of things that are measured by
 * turns in one run. Prints tables and, as its last line, one JSON object.
 */
import { commandLine, number, parts as partsOf } from '../lib/command-line.mjs';
import * as accepting from './cluster/accepting.mjs';
import * as echo from './cluster/echo.mjs';
import * as members from './cluster/members.mjs';
import * as open from './cluster/open.mjs';
import * as programs from './programs.mjs';

/** @type {Record<string, {measure: (options: any) => Promise<any>, print: (found: any) => string}>} */
const parts = { echo, accepting, members, open };
const { only, ...options } = commandLine('./dev bench cluster', 'What a cluster costs requests, and what it gives stored jobs: tables, and one line of JSON.', {
    only: partsOf(Object.keys(parts)),
    rounds: number(9, 'how often each is measured'),
    ms: number(1000, 'how many milliseconds each measurement of echoes lasts'),
    jobs: number(1000, 'how many jobs each measurement of jobs has, at each member'),
    open: number(100_000, 'how many jobs are open at once', 6000),
});
const { client } = programs.compile();
/** @type {Record<string, any>} */
const found = {};
for (const name of only) {
    found[name] = await parts[name].measure({ client, ...options });
    process.stdout.write(parts[name].print(found[name]));
}
process.stdout.write(`${JSON.stringify(found)}\n`);
process.exit(0);
