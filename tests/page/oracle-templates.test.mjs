// tier: quick
/** Our rendering of chat templates against jinja2's: what tests/oracles/templates.py has written down. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { TemplateError } from '../../page/src/chat/jinja/errors.js';
import { renderTemplate } from '../../page/src/chat/templates.js';
import { root } from '../lib/paths.mjs';

/** Of templates at random, so many of a hundred may be refused though jinja2 renders them: never rendered differently. */
const REFUSED = 5;

const folder = path.join(root, 'tests/oracles/templates');

for (const file of fs.readdirSync(folder).sort()) {
    const { oracle, cases } = JSON.parse(fs.readFileSync(path.join(folder, file), 'utf8'));
    const now = new Date(oracle.now);
    for (const [name, { template, variables, text, fails }] of Object.entries(cases)) {
        test(`${path.basename(file, '.json')}: ${name}, as ${oracle.program}`, () => {
            if (text !== undefined) assert.equal(renderTemplate(template, variables, now), text);
            else assert.throws(() => renderTemplate(template, variables, now), TemplateError, `jinja2 says ${fails}`);
        });
    }
}

test('templates at random: as jinja2, or refused', () => {
    const { oracle, variables, cases } = JSON.parse(fs.readFileSync(path.join(root, 'tests/oracles/templates_random.json'), 'utf8'));
    let refused = 0;
    for (const { template, text } of cases) {
        let made;
        try {
            made = renderTemplate(template, variables);
        } catch (error) {
            assert(error instanceof TemplateError, `${template}: ${error.stack}`);
        }
        if (made === undefined && text !== undefined) refused++;
        if (made !== undefined) assert.equal(made, text, `${template}, as ${oracle.program}`);
    }
    assert(refused <= cases.length * REFUSED / 100, `${refused} of ${cases.length} are refused`);
});
