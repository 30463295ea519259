// tier: full
/** Keys and values with room behind their tokens, in real browsers: on Chromium's SwiftShader and Firefox's lavapipe. */
import { describe } from 'node:test';
import { findFirefox, launchFirefox } from './support/firefox.mjs';
import { nodeTests } from './support/nodes.mjs';
import { writesInPlaceTest } from './support/roomy.mjs';

const firefox = findFirefox();
if (!firefox && process.env.CI) throw new Error('there is no Firefox: ./dev setup installs it');

describe('in Chromium', () => writesInPlaceTest(nodeTests()));
describe('in Firefox', firefox ? {} : { skip: 'there is no Firefox' }, () => writesInPlaceTest(nodeTests(() => launchFirefox(firefox))));
