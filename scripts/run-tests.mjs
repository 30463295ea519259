/**
 * Runs test files in the order in which they are named, so many at a time, each in a process of its own; `node --test`
 * would sort them. What they say goes to standard output, and as TAP into PLACE.tap. PLACE.files gets a line for each
 * file when it has ended, "SECONDS TIER PASSED FAILED SKIPPED FILE", and at the end a line "end". A file that has not
 * ended after SECONDS is ended, and has failed. The exit status is 1 if a test failed.
 *
 *     node scripts/run-tests.mjs COUNT SECONDS PLACE FILE...
 */
import fs from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';
import { declaredIn } from '../tests/lib/tier.mjs';

const [count, limit, place, ...files] = process.argv.slice(2);
const end = new AbortController();
process.once('SIGTERM', () => end.abort()); // which ends those that run

/** What all of them say. Tests of one file come together, since each is a stream of its own until it has ended. */
const said = new PassThrough({ objectMode: true });
said.compose(new spec()).pipe(process.stdout);
said.compose(tap).pipe(fs.createWriteStream(`${place}.tap`));
fs.writeFileSync(`${place}.files`, '');

/** Node sums up each file. */
const isSum = ({ type, data }) => data.file === undefined && data.nesting === 0
    && (type === 'test:plan' || type === 'test:diagnostic');

/** @param {string} file */
async function runFile(file) {
    const began = performance.now(), events = [], counts = { pass: 0, fail: 0, skip: 0 };
    const late = AbortSignal.timeout(Number(limit) * 1000);
    for await (const event of run({ files: [path.resolve(file)], signal: AbortSignal.any([end.signal, late]) })) {
        if (!isSum(event)) events.push(event);
        const [, outcome] = event.type.match(/^test:(pass|fail)$/) ?? [];
        if (outcome && event.data.details.type !== 'suite')
            counts[event.data.skip === undefined ? outcome : 'skip']++;
    }
    for (const event of events) said.write(event);
    if (counts.fail > 0) process.exitCode = 1;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    fs.appendFileSync(`${place}.files`,
        `${seconds} ${declaredIn(file).tier} ${counts.pass} ${counts.fail} ${counts.skip} ${file}\n`);
}

/** Runs one file after the other, of those that are left. */
async function runNext() {
    for (let file; !end.signal.aborted && (file = files.shift()) !== undefined;) await runFile(file);
}

await Promise.all(Array.from({ length: Number(count) }, runNext));
if (!end.signal.aborted) fs.appendFileSync(`${place}.files`, 'end\n');
said.end();
