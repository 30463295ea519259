/** What a bench measures of what it is asked for. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'node:test';
import { root } from '../lib/paths.mjs';

const PROGRAM = `import { chosenParts } from '${pathToFileURL(path.join(root, 'tests/bench/options.mjs'))}';
process.stdout.write(chosenParts(['first', 'many']).join(' '));`;

/** The exit status, and what it says, of a bench with these words on its command line. */
function bench(...words) {
    const { status, stdout, stderr } = spawnSync(process.execPath,
        ['--input-type=module', '--eval', PROGRAM, '--', ...words], { encoding: 'utf8' });
    return [status, stdout, stderr];
}

test('all parts, those that are named, or none that there is not', () => {
    assert.deepEqual(bench(), [0, 'first many', '']);
    assert.deepEqual(bench('--quick', '--only=many'), [0, 'many', '']);
    assert.deepEqual(bench('--only=many,least'), [2, '', '--only=least is nothing that this measures: '
        + 'name one or more of first, many, with commas between them.\n']);
});
