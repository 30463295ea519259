// tier: full
// quick: Chromium > reads pictures as Pillow does
// quick: Chromium > scales pictures as Pillow does
/** Picture files in every browser against Pillow: what tests/oracles/decode.py has written down. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { root } from '../lib/paths.mjs';
import { describe } from '../lib/tier.mjs';
import { launch } from './support/browser.mjs';
import { needsCases } from './support/cases.mjs';
import { readsPictures, readsTwelveAtOnce, scalesPictures } from './support/everywhere.mjs';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { nodeTests, SHARED } from './support/nodes.mjs';
import { findWebkit, launchWebkit } from './support/webkit.mjs';

const { cases, fits } = JSON.parse(fs.readFileSync(path.join(root, 'tests/oracles/decode.json'), 'utf8'));
/** Our own code decodes PNG files, the same in Node: tests/page/oracle-decode.test.mjs has all of them. */
const isOurs = ({ name }) => /^mutated PNG|^PNG of colour type/.test(name);
const TWELVE = ['PNG of colour type 6, 8 bits', 'PNG with orientation 6', 'PNG without an end', 'PNG whose data are two bytes short',
    'JPEG, progressive', 'JPEG, CMYK', 'JPEG with orientation 6', 'JPEG without an end', 'WebP, lossless RGBA', 'WebP, lossy RGBA',
    'WebP with orientation 6', 'WebP, half of it'].map((name) => cases.find((one) => one.name === name));

const BROWSERS = [
    { name: 'Chromium', found: true, start: launch, of: cases.filter((one) => !isOurs(one)), shared: SHARED },
    { name: 'Firefox', found: findFirefox(), start: launchFirefox, of: cases, shared: SHARED },
    { name: 'WebKit', found: findWebkit(), start: launchWebkit, of: cases, shared: {} },
];

for (const { name, found, start, of, shared } of BROWSERS) {
    if (!found && process.env.CI) throw new Error(`there is no ${name}: ./dev setup installs it`);
    describe(name, found ? needsCases : { skip: `there is no ${name}` }, () => {
        const nodeTest = nodeTests(() => (found === true ? start() : start(found)));
        nodeTest('reads pictures as Pillow does', (node) => readsPictures(node, of), shared);
        nodeTest('scales pictures as Pillow does', (node) => scalesPictures(node, fits.find(({ width }) => width === 40)), shared);
        nodeTest('reads twelve at once, beside other work', (node) => readsTwelveAtOnce(node, TWELVE), shared);
    });
}

assert.ok(TWELVE.every(Boolean));
