/** A worker's side of trying features: it gets a name, and answers with the result. */
import { beginElsewhere, failedElsewhere } from '../shared/nested.js';
import { failed, no } from './finding.js';
import { featureOf } from './table.js';

/** @param {string} name @param {import('./table.js').Tools} tools @returns {Promise<import('./finding.js').Finding>} */
export async function find(name, tools) {
    try {
        return await featureOf(name)?.find(tools) ?? no('this page knows no such feature');
    } catch (thrown) {
        return failed(thrown);
    }
}

/** @param {import('./table.js').Tools} tools */
export function serveFeatures(tools) {
    beginElsewhere();
    self.onmessage = async (/** @type {MessageEvent<string | import('../shared/messages.js').WorkerFailedMessage>} */ { data }) => {
        if (typeof data === 'string') self.postMessage({ type: 'found', name: data, found: await find(data, tools) });
        else failedElsewhere(data);
    };
}
