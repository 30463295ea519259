// tier: full
/** The best logits alone come from the GPU, in real browsers: on Chromium's SwiftShader and Firefox's lavapipe. */
import { after, before, describe, test } from 'node:test';
import { launch } from './support/browser.mjs';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { answersTest, lossTest, rowsTest } from './support/likeliest.mjs';
import { nodeTests } from './support/nodes.mjs';

const firefox = findFirefox();
if (!firefox && process.env.CI) throw new Error('there is no Firefox: ./dev setup installs it');

function inBrowser(start) {
    let browser;
    before(async () => { browser = await start(); });
    after(() => browser?.close());
    rowsTest(test, () => browser.openTab([]));
    const nodeTest = nodeTests(start);
    answersTest(nodeTest);
    lossTest(nodeTest);
}

describe('in Chromium', () => inBrowser(launch));
describe('in Firefox', firefox ? {} : { skip: 'there is no Firefox' }, () => inBrowser(() => launchFirefox(firefox)));
