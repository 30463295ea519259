// tier: long
/** The packages for both releases of Debian. */
import { skipPackages as skip, testPackages } from '../lib/packages.mjs';
import { test } from '../lib/tier.mjs';

test('the packages for Debian 12 and 13 are built, installed, upgraded and purged', { skip, timeout: 6_000_000 },
    (t) => testPackages(t, 'bookworm', 'trixie'));
