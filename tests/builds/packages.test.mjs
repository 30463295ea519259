// tier: full
/** The packages for Debian 12, from the tarball to an upgrade, in roots of that release. */
import { skipPackages as skip, testPackages } from '../lib/packages.mjs';
import { test } from '../lib/tier.mjs';

test('the packages for Debian 12 are built, installed, upgraded and purged', { skip, timeout: 2_400_000 },
    (t) => testPackages(t, 'bookworm'));
