/**
 * ./dev bench pool: what a pool of browsers is worth. Each part prints a table; all figures go to
 * build/bench/pool.json.
 *
 *   node tests/bench/pool.mjs [--quick] [--only=sessions,pooling,batching,routing,platforms]
 */
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../lib/paths.mjs';
import * as batching from './pool/batching.mjs';
import * as platforms from './pool/platforms.mjs';
import * as pooling from './pool/pooling.mjs';
import * as routing from './pool/routing.mjs';
import * as sessions from './pool/sessions.mjs';

const parts = { sessions, pooling, batching, routing, platforms };
const { quick, only } = parseArgs({ options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', default: Object.keys(parts).join() },
} }).values;

const result = { when: new Date().toISOString() };
for (const name of only.split(',')) {
    if (!parts[name]) throw new Error(`there is no part "${name}": ${Object.keys(parts)}`);
    result[name] = await parts[name].measure({ quick });
    process.stderr.write('\n');
    process.stdout.write(parts[name].print(result[name]));
}
fs.mkdirSync(path.join(build, 'bench'), { recursive: true });
fs.writeFileSync(path.join(build, 'bench/pool.json'), JSON.stringify(result, null, 2));
process.exit(0);
