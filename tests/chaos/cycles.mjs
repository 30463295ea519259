/**
 * ./dev cycles: opens and closes browsers, N times per kind, and ends with 1
 * if processes, descriptors, files or memory stay behind. The last line for each is a JSON object.
 */
import { commandLine, names, number } from '../lib/command-line.mjs';
import { run } from '../lib/cycles.mjs';

const { count, kind: kinds } = commandLine('./dev cycles',
    'Open and close browsers, and count what stays; the last line for each kind is a JSON object.', {
        count: number(200, 'cycles of each kind'),
        kind: names(['chrome', 'firefox', 'edge', 'safari'], 'of browsers', ['chrome']),
    });
for (const kind of kinds) {
    const result = await run({ kind, count, report: (index, now) =>
        console.log(`${kind} ${index}: ${JSON.stringify(now)}`) });
    console.log(JSON.stringify(result));
    if (result.problems.length) process.exitCode = 1;
}
