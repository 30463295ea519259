/**
 * Runs test files in the order in which they are named, so many at a time, each in a process of its own; `node --test`
 * would sort them. What they say goes to standard output, and as TAP into a file. The exit status is 1 if one failed.
 *
 *     node scripts/run-tests.mjs COUNT TAP FILE...
 */
import fs from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';

const [count, tapFile, ...files] = process.argv.slice(2);
const end = new AbortController();
process.once('SIGTERM', () => end.abort()); // which ends those that run

const tests = run({ files: files.map((file) => path.resolve(file)), concurrency: Number(count), signal: end.signal });
tests.on('test:fail', () => { process.exitCode = 1; });
tests.compose(new spec()).pipe(process.stdout);
tests.compose(tap).pipe(fs.createWriteStream(tapFile));
