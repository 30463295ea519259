/**
 * ./dev bench pool: what a pool of browsers is worth. Each part prints a table; all figures go to
 * build/bench/pool.json.
 */
import fs from 'node:fs';
import path from 'node:path';
import { commandLine, flag, parts as partsOf } from '../lib/command-line.mjs';
import { build } from '../lib/paths.mjs';
import * as batching from './pool/batching.mjs';
import * as platforms from './pool/platforms.mjs';
import * as pooling from './pool/pooling.mjs';
import * as routing from './pool/routing.mjs';
import * as sessions from './pool/sessions.mjs';

const parts = { sessions, pooling, batching, routing, platforms };
const { quick, only } = commandLine('./dev bench pool',
    'What a pool of browsers is worth: tables, and build/bench/pool.json.',
    { quick: flag('less of each'), only: partsOf(Object.keys(parts)) });

const result = { when: new Date().toISOString() };
for (const name of only) {
    result[name] = await parts[name].measure({ quick });
    process.stderr.write('\n');
    process.stdout.write(parts[name].print(result[name]));
}
fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
fs.writeFileSync(path.join(build, 'bench/pool.json'), JSON.stringify(result, null, 2));
process.exit(0);
