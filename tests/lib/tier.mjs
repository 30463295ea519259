/**
 * The tiers of the system and page tests. A test file begins with the lowest tier that runs it:
 *
 *     // tier: quick              every change: ./dev test
 *     // tier: full               before an issue is resolved: ./dev test --full
 *     // tier: long               by name: ./dev test --long
 *
 * Tests of a file that belong to the other one of the first two tiers are named in the lines below, each with its suites
 * before it. Such a file takes `test` and `describe` from here, or `test` from testsOf.
 *
 *     // tier: full
 *     // quick: Firefox > takes pictures
 *
 * In the full tier the daemon is the sanitized one, but for tests/system/plain, and in the quick tier the one that is
 * shipped, but for files that say "// tier: quick, sanitized" (or full): those that send it what it has to parse.
 */
import fs from 'node:fs';
import * as nodeTest from 'node:test';

export const TIERS = ['quick', 'full', 'long'];

/** The tier that runs; a file that is run by itself runs whole. */
export const tier = process.env.WEBINFER_TIER ?? 'full';
export const isFull = tier !== 'quick';

/**
 * What the first lines of a test file say.
 * @param {string} file
 * @returns {{tier: string, sanitized: boolean, others: string[]}} `others`: the tests that belong to the other tier
 */
export function declaredIn(file) {
    const [first, ...more] = fs.readFileSync(file, 'utf8').split('\n');
    const [, lowest, sanitized] = first.match(/^\/\/ tier: (\w+)(, sanitized)?$/) ?? [];
    const begin = `// ${{ quick: 'full', full: 'quick' }[lowest]}: `;
    const end = more.findIndex((line) => !line.startsWith(begin));
    if (!TIERS.includes(lowest) || /^\/\/ \w+: /.test(more[end]))
        throw new Error(`${file} begins with "${first}" and "${more[end]}"; it must begin with "// tier: quick", ` +
            '"// tier: full" or "// tier: long"; then lines "// full: TEST" in a quick file and "// quick: TEST" in a full one');
    return { tier: lowest, sanitized: Boolean(sanitized), others: more.slice(0, end).map((line) => line.slice(begin.length)) };
}

/**
 * The files that a run of `which` takes: the full tier has the quick one's, the long one stands alone.
 * @param {string} which @param {string[]} files
 */
export const filesOf = (which, files) => files.filter((file) => {
    const { tier: lowest, others } = declaredIn(file);
    return lowest === which || (which !== 'long' && lowest === 'quick') || (which === 'quick' && others.length > 0);
});

/** Whether this tier runs a test of the file that runs. @param {string} name with its suites before it */
function isRun(name) {
    if (isFull) return true;
    const { tier: lowest, others } = declaredIn(process.argv[1]);
    return others.length === 0 || others.includes(name) === (lowest === 'full');
}

/** Likewise a suite: where it has a test that runs. @param {string} name */
function isDescribed(name) {
    if (isFull) return true;
    const { tier: lowest, others } = declaredIn(process.argv[1]);
    return lowest !== 'full' || others.length === 0 || others.some((one) => one.startsWith(`${name} > `));
}

/** The suites that are being described, from the outermost on. @type {string[]} */
const suites = [];

/** node:test's, for tests that this tier runs. @param {string} name @param {any[]} rest */
export function test(name, ...rest) {
    return isRun([...suites, name].join(' > ')) ? nodeTest.test(name, ...rest) : undefined;
}

/** Likewise. @param {string} name @param {any[]} rest */
export function describe(name, ...rest) {
    if (!isDescribed([...suites, name].join(' > '))) return undefined;
    const body = rest.pop();
    return nodeTest.describe(name, ...rest, () => {
        suites.push(name);
        body();
        suites.pop();
    });
}
