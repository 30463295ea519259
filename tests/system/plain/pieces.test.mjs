// tier: full
/**
 * A tensor in more pieces than that of tests/system/pieces.test.mjs. The daemon is the shipped one: AddressSanitizer copies a
 * block that grows, so that the time grows with the square of the size.
 */
import { arrives } from '../../lib/pieces.mjs';
import { test } from '../../lib/tier.mjs';

const PATIENCE_MS = 200_000;

test('400 MB arrive right, there and back', { timeout: PATIENCE_MS }, () => arrives(400e6, PATIENCE_MS));
