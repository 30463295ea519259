/** The measured times as they are sent to the service: numbers, and names of the project's own. Pure. */
import { MEASURED } from './device_tests.js';

/** @import { DeviceResult } from '../shared/messages.js' */
/** @import { Found } from './device_check.js' */

/** @param {readonly Found[]} found @returns {DeviceResult} */
export const resultOf = (found) => ({
    test: MEASURED,
    cells: found.map(({ platform, failed, rows: [row] }) => (row
        ? { platform, outcome: row.right ? 'ok' : 'inexact', samples_ms: row.samples ?? [] }
        : { platform, outcome: failed ? 'failed' : 'absent' })),
});
