/**
 * Lists the tests of a tier without running them: a line each, `FILE: SUITE > NAME`; with --files the files alone. Files
 * are loaded beside a node:test that only writes names down. It is an error if the first lines of a file name a test that
 * is none, or if it does not take its tests from tests/lib/tier.mjs, so that they run all the same.
 *
 *     node scripts/list-tests.mjs [--files] quick|full|long FILE...
 */
import { register } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const onlyFiles = process.argv[2] === '--files';
const [tier, ...all] = process.argv.slice(onlyFiles ? 3 : 2);
process.env.WEBINFER_TIER = tier;
register('./node/listing-hook.mjs', import.meta.url);
const { declaredIn, filesOf } = await import('../tests/lib/tier.mjs');
const { names } = await import('./node/listing.mjs');

for (const file of filesOf(tier, all)) {
    if (onlyFiles) process.stdout.write(`${file}\n`);
    else await list(file);
}
process.exitCode ??= 0;
process.stdout.write('', () => process.exit()); // whatever the files hold open

/** @param {string} file */
async function list(file) {
    process.argv[1] = path.resolve(file); // tests ask which file they are in
    await import(`${pathToFileURL(process.argv[1]).href}?alone`); // once more, if another file has it
    const found = names.splice(0), { tier: lowest, others } = declaredIn(file);
    for (const name of found) process.stdout.write(`${file}: ${name}\n`);
    const isRun = (name) => tier !== 'quick' || others.length === 0 || others.includes(name) === (lowest === 'full');
    const wrong = [...found.filter((name) => !isRun(name)), ...others.filter((name) => isRun(name) && !found.includes(name))];
    if (wrong.length === 0) return;
    process.stderr.write(`${file}: what its first lines name and the tests that run differ in: ${wrong.join('; ')}\n`);
    process.exitCode = 1;
}
