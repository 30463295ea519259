/** Finds the devices that WebNN computes on in this browser. */
import { Webnn } from '../engine/webnn.js';
import { no, yes } from './finding.js';

export async function findWebnn() {
    const webnn = new Webnn(() => {});
    const { available, reason } = await webnn.probe();
    return available ? yes(`on the ${webnn.computedOn}`) : no(String(reason));
}
