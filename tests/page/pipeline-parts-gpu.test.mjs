// tier: full
/** Parts of outputs come from the GPU, in real browsers: on Chromium's SwiftShader and Firefox's lavapipe. */
import { describe } from 'node:test';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { nodeTests } from './support/nodes.mjs';
import { partsTest } from './support/parts_read.mjs';

const firefox = findFirefox();
if (!firefox && process.env.CI) throw new Error('there is no Firefox: ./dev setup installs it');

describe('in Chromium', () => partsTest(nodeTests()));
describe('in Firefox', firefox ? {} : { skip: 'there is no Firefox' }, () => partsTest(nodeTests(() => launchFirefox(firefox))));
