// tier: quick
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identify } from '../../page/src/ui/browser.js';

const LINUX = 'Mozilla/5.0 (X11; Linux x86_64)';
const MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)';
const WEBKIT = 'AppleWebKit/605.1.15 (KHTML, like Gecko)';

test('browsers are told by their user agent', async () => {
    for (const [userAgent, name, version] of [
        [`${LINUX.slice(0, -1)}; rv:153.0) Gecko/20100101 Firefox/153.0`, 'firefox', '153.0'],
        [`${LINUX} ${WEBKIT} Version/17.4 Safari/605.1.15`, 'webkit', '17.4'],
        [`${LINUX} ${WEBKIT}`, 'webkit', '605.1.15'],
        [`${MAC} ${WEBKIT} Version/26.0 Safari/605.1.15`, 'safari', '26.0'],
        [`${LINUX} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36 Edg/147.0.3500.1`, 'edge', '147.0.3500.1'],
        [`${LINUX} AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/147.0.7727.0 Safari/537.36`, 'chromium', '147.0.7727.0'],
        ['curl/8.0', 'unknown', ''],
    ]) {
        assert.deepEqual(await identify({ userAgent }), { name, version }, userAgent);
    }
});

test('brands come before the user agent, the most specific first', async () => {
    const brands = (...list) => ({ getHighEntropyValues: async () => ({
        fullVersionList: list.map(([brand, version]) => ({ brand, version })) }) });
    const userAgent = `${LINUX} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36`;
    const of = async (userAgentData) => identify({ userAgent, userAgentData });
    assert.deepEqual(await of(brands(['Not)A;Brand', '8'], ['Chromium', '147.0.1'], ['Microsoft Edge', '147.0.2'])),
        { name: 'edge', version: '147.0.2' });
    assert.deepEqual(await of(brands(['Chromium', '147.0.1'], ['Google Chrome', '147.0.3'])),
        { name: 'chrome', version: '147.0.3' });
    assert.deepEqual(await of(brands(['Something', '1'])), { name: 'chromium', version: '147.0.0.0' });
    assert.deepEqual(await of({ getHighEntropyValues: async () => { throw new Error('denied'); } }),
        { name: 'chromium', version: '147.0.0.0' });
});
