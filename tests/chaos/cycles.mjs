/**
 * ./dev cycles [--count N] [--kind KIND]…: opens and closes browsers, N times per kind, and ends with 1
 * if processes, descriptors, files or memory stay behind. The last line for each is a JSON object.
 */
import { parseArgs } from 'node:util';
import { run } from '../lib/cycles.mjs';

const { values } = parseArgs({ options: {
    count: { type: 'string', default: '200' },
    kind: { type: 'string', multiple: true, default: ['chrome'] },
} });
const count = Number(values.count);
if (!Number.isInteger(count) || count < 1) {
    console.error(`--count is a number of cycles, at least 1, not ${values.count}`);
    process.exit(2);
}
for (const kind of values.kind) {
    const result = await run({ kind, count, report: (index, now) =>
        console.log(`${kind} ${index}: ${JSON.stringify(now)}`) });
    console.log(JSON.stringify(result));
    if (result.problems.length) process.exitCode = 1;
}
